"""Dashboard *Queue*: one queue or several."""

from __future__ import annotations

from grafana_foundation_sdk.models import units

import queries as q
from panels import TIME, WALLBOARD, bad_below, bad_from, bars, graph, number
from settings import Settings


def panels_of(settings: Settings) -> list:
    windows = settings.windows

    def live(name: str) -> str:
        return q.of_queues(name, name="~$queue")

    def windowed(name: str, **more: str) -> str:
        return q.of_queues(name, name="~$queue", window="$window", **more)

    page = WALLBOARD + "/queues/${queue:percentencode}"
    alerts = f"/d/floorwalker-alerts?${{queue:queryparam}}&{TIME}"
    of_queue = q.labels(queue="~$queue")
    burns = [
        (f"{_chosen(q.burn(windows[key]))}", f"{{{{name}}}}: {{{{policy}}}} over {windows[key]}")
        for key in ("long", "short")
    ]
    return [
        number(
            "Waiting now",
            "Contacts that wait in these queues.",
            f"sum({live('floorwalker_waiting_contacts')})",
            units.Short,
            bad_from("waiting"),
            page,
        ),
        number(
            "Waits longest",
            "How long who waits longest has waited.",
            f"max({live('floorwalker_longest_wait_seconds')})",
            units.Seconds,
            bad_from("wait"),
            page,
        ),
        number(
            "At risk",
            "Contacts past the at-risk level of a promise.",
            f"sum({live('floorwalker_at_risk_contacts')})",
            units.Short,
            bad_from("alerts"),
            page,
        ),
        number(
            "Nobody has taken up",
            "Alerts of these queues without an acknowledgement.",
            f"sum({q.ALERTS}{q.labels(queue='~$queue', acknowledged='!true')}) or vector(0)",
            units.Short,
            bad_from("alerts"),
            alerts,
        ),
        number(
            "Worst level",
            "The lowest share of promises kept, of all policies.",
            f"min({windowed('floorwalker_sla_ratio')})",
            units.PercentUnit,
            bad_below(0.7, 0.8),
        ),
        number(
            "Rated low",
            "Surveys below the middle of their scale.",
            f"max({windowed('floorwalker_csat_low_ratio')})",
            units.PercentUnit,
            bad_from("abandonment"),
        ),
        graph(
            "Service level",
            "Kept of the decided promises of each policy, beside its target.",
            [
                (windowed("floorwalker_sla_ratio"), "{{name}}: {{policy}}"),
                ("floorwalker_sla_target_ratio", "target of {{policy}}"),
            ],
            units.PercentUnit,
            share=True,
        ),
        graph(
            "Budget burnt",
            "How many times as fast as the target allows promises are missed. At 1 the target is just kept.",
            burns,
            units.NoUnit,
            limits=bad_from("burn"),
        ),
        graph("Waiting", "Contacts that wait.", [(live("floorwalker_waiting_contacts"), "{{name}}")], units.Short),
        graph(
            "Longest wait",
            "How long who waits longest has waited, beside what is promised.",
            [
                (live("floorwalker_longest_wait_seconds"), "{{name}}"),
                (live("floorwalker_longest_wait_promise_seconds"), "promised in {{name}}"),
            ],
            units.Seconds,
        ),
        graph(
            "Abandonment",
            "Of those abandoned or answered in the window, short waits left out.",
            [(windowed("floorwalker_abandonment_ratio"), "{{name}}")],
            units.PercentUnit,
            limits=bad_from("abandonment"),
        ),
        graph(
            "Offered, answered, abandoned",
            "Waits in the window.",
            [
                (windowed("floorwalker_offered_waits"), "{{name}} offered"),
                (windowed("floorwalker_answered_waits"), "{{name}} answered"),
                (windowed("floorwalker_abandoned_waits"), "{{name}} abandoned"),
            ],
            units.Short,
        ),
        graph(
            "Speed of answer",
            "Half and nine tenths of the answers came within it.",
            [(windowed("floorwalker_asa_percentile_seconds", percentile="~50|90"), "{{name}} {{percentile}} %")],
            units.Seconds,
        ),
        graph(
            "Handle time",
            "What the mean consists of.",
            [(windowed("floorwalker_aht_part_seconds"), "{{name}} {{part}}")],
            units.Seconds,
        ),
        graph(
            "Solved at first contact",
            "As known so far.",
            [(windowed("floorwalker_fcr_ratio"), "{{name}}")],
            units.PercentUnit,
            share=True,
        ),
        graph(
            "Satisfaction",
            "Mean survey score as a share of its scale.",
            [(windowed("floorwalker_csat_ratio"), "{{name}}")],
            units.PercentUnit,
            share=True,
        ),
        graph(
            "Callbacks",
            "Asked for, and reached, in the window.",
            [
                (windowed("floorwalker_callbacks_asked_waits"), "{{name}} asked"),
                (windowed("floorwalker_callbacks_reached_waits"), "{{name}} reached"),
            ],
            units.Short,
        ),
        bars(
            "Alerts of the queue",
            "Alerts of Floorwalker that fire.",
            f"sum by (queue, rule, severity) ({q.ALERTS}{of_queue})",
            "{{queue}} {{rule}} ({{severity}})",
            units.Short,
            bad_from("alerts"),
        ),
    ]


def _chosen(expr: str) -> str:
    """Of an expression over all queues, the chosen ones."""
    return expr.replace('kind="queue"', 'kind="queue",name=~"$queue"')
