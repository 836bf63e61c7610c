"""Dashboard *Alerts*."""

from __future__ import annotations

from grafana_foundation_sdk.models import units

import queries as q
from panels import (
    CELL,
    TIME,
    WALLBOARD,
    Column,
    alert_list,
    bad_from,
    bars,
    graph,
    note,
    number,
    rows,
    steps,
)
from settings import Settings

ABOUT = (
    "Prometheus has no series for each alert: their ids have no end. Single alerts, with the reason, the causes and what to do, are on the "
    "[wallboard](${wallboard}/). A message or the API names the id of one: put it into *Alert id*, and the link above leads to its page."
)


def panels_of(settings: Settings) -> list:
    chosen = {"queue": "~$queue", "rule": "~$rule", "severity": "~$severity"}
    every = q.ALERTS + q.labels(**chosen)
    open_ones = q.ALERTS + q.labels(**chosen, acknowledged="!true")
    critical = q.ALERTS + q.labels(queue="~$queue", rule="~$rule", severity="critical", acknowledged="!true")
    low = q.ALERTS + q.labels(rule="csat.low_predicted", queue="~$queue")
    fired = 'ALERTS{alertstate="firing",audience=~"supervisors|operations"}'
    of_team = f"sum by (team) ({every} * on (queue) group_left (team) {q.teams_of_queues()} and on (team) floorwalker_queue_info{q.labels(team='~$team')})"
    return [
        number(
            "Critical, nobody has taken up",
            "Alerts without an acknowledgement.",
            f"sum({critical}) or vector(0)",
            units.Short,
            bad_from("alerts"),
            f"{WALLBOARD}/",
        ),
        number(
            "Fire now",
            "All alerts of Floorwalker.",
            f"sum({every}) or vector(0)",
            units.Short,
            bad_from("waiting"),
            f"{WALLBOARD}/",
        ),
        number(
            "Taken up",
            "Share of the firing ones that somebody has acknowledged.",
            f"sum({q.ALERTS}{q.labels(**chosen, acknowledged='true')}) / sum({every}) or vector(0)",
            units.PercentUnit,
            steps(("blue", None)),
        ),
        number(
            "Likely to rate low",
            "Contacts that are not over, with a likely low rating.",
            f"sum({low}) or vector(0)",
            units.Short,
            bad_from("alerts"),
            f"{WALLBOARD}/",
        ),
        number(
            "Rules of Prometheus that fire",
            "Each series counts.",
            f"count({fired}) or vector(0)",
            units.Short,
            bad_from("alerts"),
            width=8,
        ),
        note(ABOUT),
        graph(
            "Firing by rule",
            "Alerts of Floorwalker.",
            [(f"sum by (rule) ({every})", "{{rule}}")],
            units.Short,
            stacked=True,
        ),
        graph(
            "Firing by queue",
            "Those that nobody has taken up.",
            [(f"sum by (queue) ({open_ones})", "{{queue}}")],
            units.Short,
            stacked=True,
        ),
        graph(
            "Firing by team",
            "Of the queues that a team answers for.",
            [(of_team, "{{team}}")],
            units.Short,
            stacked=True,
        ),
        bars(
            "By severity",
            "Alerts that fire now.",
            f"sum by (severity) ({every})",
            "{{severity}}",
            units.Short,
            bad_from("alerts"),
        ),
        rows(
            "Queues with alerts",
            "Click a queue for its dashboard, or its page on the wallboard.",
            ("queue", "Queue"),
            [
                Column("Critical, open", f"sum by (queue) ({critical})", units.Short, bad_from("alerts")),
                Column("Fire", f"sum by (queue) ({every})", units.Short),
            ],
            [
                ("Dashboard", f"/d/floorwalker-queue?var-queue={CELL}&{TIME}"),
                ("Wallboard", f"{WALLBOARD}/queues/{CELL}"),
            ],
            width=12,
        ),
        alert_list(
            "Grafana's rules", "Those of Floorwalker that fire or are pending.", '{audience=~"supervisors|operations"}'
        ),
        graph(
            "Prometheus' rules",
            "By rule, the series that fire.",
            [(f"count by (alertname) ({fired})", "{{alertname}}")],
            units.Short,
            width=24,
            stacked=True,
        ),
    ]
