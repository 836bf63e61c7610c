"""Dashboard *Floor*: everything at once."""

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
    number,
    rows,
    steps,
)
from settings import Settings

QUEUE_PAGE = f"/d/floorwalker-queue?var-queue={CELL}&{TIME}"
AGENTS_PAGE = f"/d/floorwalker-agents?var-team={CELL}&{TIME}"


def panels_of(settings: Settings) -> list:
    every = q.labels(kind="all")
    windowed = q.labels(kind="all", window="$window")
    return [
        number(
            "Waiting now",
            "Contacts that wait, in all queues.",
            f"sum(floorwalker_waiting_contacts{every})",
            units.Short,
            bad_from("waiting"),
            f"{WALLBOARD}/",
        ),
        number(
            "Longest wait",
            "How long who waits longest has waited.",
            f"max(floorwalker_longest_wait_seconds{every})",
            units.Seconds,
            bad_from("wait"),
            f"{WALLBOARD}/",
        ),
        number(
            "At risk",
            "Contacts past the at-risk level of a promise.",
            f"sum(floorwalker_at_risk_contacts{every})",
            units.Short,
            bad_from("alerts"),
        ),
        number(
            "Nobody has taken up",
            "Alerts that fire without an acknowledgement.",
            f"sum({q.ALERTS}{q.labels(acknowledged='!true')}) or vector(0)",
            units.Short,
            bad_from("alerts"),
            "/d/floorwalker-alerts?${__url_time_range}",
        ),
        number(
            "Abandonment",
            "Of those abandoned or answered in the window, short waits left out.",
            f"max(floorwalker_abandonment_ratio{windowed})",
            units.PercentUnit,
            bad_from("abandonment"),
        ),
        number(
            "Behind the wall clock",
            "How late these figures are.",
            "max(floorwalker_task_clock_delay_seconds)",
            units.Seconds,
            bad_from("behind"),
            "/d/floorwalker-engine?${__url_time_range}",
        ),
        rows(
            "Queues",
            "Click a queue for its dashboard, or its page on the wallboard.",
            ("name", "Queue"),
            _queues(settings),
            [("Dashboard", QUEUE_PAGE), ("Wallboard", f"{WALLBOARD}/queues/{CELL}")],
        ),
        graph(
            "Service level by channel",
            "Kept of the decided promises of each policy.",
            [
                (
                    f"floorwalker_sla_ratio{q.labels(kind='channel', name='~$channel', window='$window')}",
                    "{{name}}: {{policy}}",
                )
            ],
            units.PercentUnit,
            share=True,
        ),
        graph(
            "Waiting by channel",
            "Contacts that wait.",
            [(f"floorwalker_waiting_contacts{q.labels(kind='channel', name='~$channel')}", "{{name}}")],
            units.Short,
            stacked=True,
        ),
        graph(
            "Offered, answered, abandoned",
            "Waits of all queues in the window.",
            [
                (f"floorwalker_offered_waits{windowed}", "offered"),
                (f"floorwalker_answered_waits{windowed}", "answered"),
                (f"floorwalker_abandoned_waits{windowed}", "abandoned"),
            ],
            units.Short,
        ),
        graph(
            "Handle time by channel",
            "Mean of talk, hold and wrap-up.",
            [(f"floorwalker_aht_seconds{q.labels(kind='channel', name='~$channel', window='$window')}", "{{name}}")],
            units.Seconds,
        ),
        bars(
            "Occupancy by team",
            "Occupied of the logged-in time.",
            f"floorwalker_occupancy_ratio{q.labels(kind='team', window='$window')}",
            "{{name}}",
            units.PercentUnit,
            bad_from("occupancy"),
            maximum=1,
        ),
        graph(
            "Firing alerts by rule",
            "Alerts of Floorwalker that fire.",
            [(f"sum by (rule) ({q.ALERTS})", "{{rule}}")],
            units.Short,
            stacked=True,
            url="/d/floorwalker-alerts?${__url_time_range}",
        ),
    ]


def _queues(settings: Settings) -> list[Column]:
    def of(name: str, **more: str) -> str:
        return f"max by (name) ({q.of_queues(name, **more)})"

    level = q.of_queues("floorwalker_sla_ratio", window="$window")
    # Of several policies, the one that is farthest below its target.
    worst = f"min by (name) ({level} - on (instance, policy) group_left () floorwalker_sla_target_ratio)"
    return [
        Column("Waiting", of("floorwalker_waiting_contacts"), units.Short, bad_from("waiting")),
        Column("Longest wait", of("floorwalker_longest_wait_seconds"), units.Seconds, bad_from("wait")),
        Column("Worst level", f"min by (name) ({level})", units.PercentUnit),
        Column("Beside its target", worst, units.PercentUnit, bad_below(-0.05, 0.0)),
        Column(
            "Abandonment",
            of("floorwalker_abandonment_ratio", window="$window"),
            units.PercentUnit,
            bad_from("abandonment"),
        ),
        Column("Answer after", of("floorwalker_asa_seconds", window="$window"), units.Seconds),
        Column("Handle time", of("floorwalker_aht_seconds", window="$window"), units.Seconds),
        Column(
            "Firing alerts",
            f'sum by (name) (label_replace({q.ALERTS}, "name", "$1", "queue", "(.+)"))',
            units.Short,
            steps(("transparent", None), ("orange", 1), ("red", 10)),
        ),
    ]
