"""Dashboard *Agents and teams*."""

from __future__ import annotations

from grafana_foundation_sdk.models import units

import queries as q
from panels import (
    CELL,
    TIME,
    WALLBOARD,
    Column,
    bad_below,
    bad_from,
    bars,
    graph,
    note,
    rows,
)
from settings import Settings

ABOUT = (
    "Of agents only those have series who surely miss the largest share of their promises (`serve.worst_agents`, by default ten of each window); "
    "`serve.all_agents` shows all. Scorecards beside peers are on the wallboard: compare people there, with intervals."
)


def panels_of(settings: Settings) -> list:
    def team(name: str, **more: str) -> str:
        return name + q.labels(kind="team", name="~$team", window="$window", **more)

    def agent(name: str, **more: str) -> str:
        return name + q.labels(kind="agent", name="~$agent", window="$window", **more)

    usual = settings.windows["usual"]
    occupied = "floorwalker_occupancy_ratio" + q.labels(kind="team", name="~$team", window=usual)
    return [
        rows(
            "Teams",
            "Click a team to see it alone.",
            ("name", "Team"),
            _columns("team", "~$team"),
            [("This team", f"/d/floorwalker-agents?var-team={CELL}&{TIME}")],
        ),
        bars(
            "Occupancy by team",
            "Occupied of the logged-in time.",
            occupied,
            "{{name}}",
            units.PercentUnit,
            bad_from("occupancy"),
            maximum=1,
        ),
        graph(
            "Occupancy",
            "Over time.",
            [(team("floorwalker_occupancy_ratio"), "{{name}}")],
            units.PercentUnit,
            share=True,
            limits=bad_from("occupancy"),
        ),
        graph(
            "Service level of teams",
            "Of the queues that a team answers for.",
            [(team("floorwalker_sla_ratio"), "{{name}}: {{policy}}")],
            units.PercentUnit,
            share=True,
        ),
        graph(
            "Handle time of teams",
            "Mean of talk, hold and wrap-up.",
            [(team("floorwalker_aht_seconds"), "{{name}}")],
            units.Seconds,
        ),
        graph(
            "Handled",
            "Engagements that ended in the window.",
            [(team("floorwalker_handled_engagements"), "{{name}}")],
            units.Short,
        ),
        graph(
            "Transfers",
            "Of the handled, those that ended by a transfer.",
            [(team("floorwalker_transfer_ratio"), "{{name}}")],
            units.PercentUnit,
        ),
        graph(
            "Satisfaction of teams",
            "Mean survey score as a share of its scale.",
            [(team("floorwalker_csat_ratio"), "{{name}}")],
            units.PercentUnit,
            share=True,
        ),
        graph(
            "Open at once",
            "Mean of an agent's open engagements while there is one.",
            [(team("floorwalker_concurrent_engagements"), "{{name}}")],
            units.Short,
        ),
        note(ABOUT),
        rows(
            "Agents who surely miss the most",
            "Click an agent for the page on the wallboard.",
            ("name", "Agent"),
            _columns("agent", "~$agent"),
            [
                ("Wallboard", f"{WALLBOARD}/agents/{CELL}"),
                ("This agent", f"/d/floorwalker-agents?var-agent={CELL}&{TIME}"),
            ],
        ),
        graph(
            "Handle time of agents",
            "Mean of talk, hold and wrap-up.",
            [(agent("floorwalker_aht_seconds"), "{{name}}")],
            units.Seconds,
        ),
        graph(
            "Offers declined or missed",
            "Of the offers to an agent.",
            [(agent("floorwalker_offer_miss_ratio"), "{{name}}")],
            units.PercentUnit,
        ),
    ]


def _columns(kind: str, names: str) -> list[Column]:
    def of(name: str, **more: str) -> str:
        return f"max by (name) ({name}{q.labels(kind=kind, name=names, window='$window', **more)})"

    level = "floorwalker_sla_ratio" + q.labels(kind=kind, name=names, window="$window")
    return [
        Column("Handled", of("floorwalker_handled_engagements"), units.Short),
        Column("Worst level", f"min by (name) ({level})", units.PercentUnit, bad_below(0.7, 0.8)),
        Column("Handle time", of("floorwalker_aht_seconds"), units.Seconds),
        Column("Occupancy", of("floorwalker_occupancy_ratio"), units.PercentUnit, bad_from("occupancy")),
        Column("Transfers", of("floorwalker_transfer_ratio"), units.PercentUnit),
        Column("Offers missed", of("floorwalker_offer_miss_ratio"), units.PercentUnit, bad_from("abandonment")),
        Column("Solved at first contact", of("floorwalker_fcr_ratio"), units.PercentUnit),
        Column("Satisfaction", of("floorwalker_csat_ratio"), units.PercentUnit),
    ]
