"""Dashboard *Engine*: is Floorwalker itself well?"""

from __future__ import annotations

from grafana_foundation_sdk.models import units

import queries as q
from panels import bad_below, bad_from, bars, graph, number, steps
from settings import Settings

RATE = "[$__rate_interval]"


def panels_of(settings: Settings) -> list:
    here = q.labels(instance="~$instance")
    inputs = q.labels(instance="~$instance", topic="~$topic")
    topics = q.labels(instance="~$instance", topic="~$topic")
    fault = steps(("green", None), ("red", 1))
    return [
        number(
            "Ready",
            "Processes whose /readyz answers well, of all.",
            f"sum(floorwalker_ready{here}) / count(floorwalker_ready{here})",
            units.PercentUnit,
            bad_below(0.5, 1),
        ),
        number(
            "Tasks that run",
            "Of all processes.",
            f"sum(floorwalker_tasks{q.labels(instance='~$instance', phase='running')})",
            units.Short,
            steps(("red", None), ("green", 1)),
        ),
        number(
            "Tasks that failed",
            "Held back with an error: /readyz names it.",
            f"sum(floorwalker_tasks{q.labels(instance='~$instance', phase='failed')})",
            units.Short,
            fault,
        ),
        number(
            "Workers that stand still",
            "With records to read, and no commit for a minute.",
            f"sum(floorwalker_worker_stalled{here})",
            units.Short,
            fault,
        ),
        number(
            "Dead letters, last hour",
            "Records that could not be used: `floorwalker dead-letters list`.",
            f"sum(increase(floorwalker_events_total{q.labels(instance='~$instance', outcome='dead_lettered')}[1h]))",
            units.Short,
            bad_from("alerts"),
        ),
        number(
            "Records lost",
            "Removed from a source before they were read, since the process started.",
            f"sum(floorwalker_source_records_lost_total{topics}) or vector(0)",
            units.Short,
            fault,
        ),
        graph(
            "Events by outcome",
            "What this process took in, and what became of it.",
            [(f"sum by (outcome) (rate(floorwalker_events_total{here}{RATE}))", "{{outcome}}")],
            units.EventsPerSecond,
        ),
        graph(
            "Behind the wall clock",
            "Of each process's tasks, the latest clock.",
            [(f"max by (instance) (floorwalker_task_clock_delay_seconds{here})", "{{instance}}")],
            units.Seconds,
            limits=bad_from("behind"),
        ),
        graph(
            "Records that wait to be read",
            "By topic; those of open transactions included.",
            [(f"sum by (topic) (floorwalker_input_lag_records{inputs})", "{{topic}}")],
            units.Short,
        ),
        graph(
            "Records read by topic",
            "Of the sources.",
            [(f"sum by (topic) (rate(floorwalker_source_records_total{topics}{RATE}))", "{{topic}}")],
            units.EventsPerSecond,
        ),
        graph(
            "Dead letters by reason",
            "Of the sources.",
            [(f"sum by (topic, reason) (rate(floorwalker_dead_letters_total{topics}{RATE}))", "{{topic}}: {{reason}}")],
            units.EventsPerSecond,
            stacked=True,
        ),
        graph(
            "Transactions",
            "Committed, and those that were not at the first attempt.",
            [
                (f"sum by (instance) (rate(floorwalker_transactions_total{here}{RATE}))", "{{instance}} committed"),
                (
                    f"sum by (instance) (rate(floorwalker_transaction_retries_total{here}{RATE}))",
                    "{{instance}} failed first",
                ),
            ],
            units.OpsPerSecond,
        ),
        graph(
            "Commits take",
            "Quantiles since the process began.",
            [
                (
                    f"floorwalker_latency_quantile_seconds{q.labels(instance='~$instance', of='commit', share='~0.5|0.99')}",
                    "{{instance}} {{share}}",
                )
            ],
            units.Seconds,
        ),
        graph(
            "Tasks by phase",
            "Of all processes.",
            [(f"sum by (phase) (floorwalker_tasks{here})", "{{phase}}")],
            units.Short,
            stacked=True,
        ),
        graph(
            "Restores took",
            "The latest restore of each task.",
            [(f"max by (instance) (floorwalker_restore_seconds{here})", "{{instance}}")],
            units.Seconds,
        ),
        graph(
            "Names by kind",
            "With figures of their own; beyond a limit they are counted together.",
            [(f"sum by (kind) (floorwalker_names{here})", "{{kind}}")],
            units.Short,
        ),
        graph(
            "The read side holds",
            "Records of the API.",
            [(f"max by (of) (floorwalker_read_side_records{here})", "{{of}}")],
            units.Short,
        ),
        bars(
            "Queues and groups without series",
            "Beyond serve.metrics_entities_max; the API has them.",
            "max by (kind) (floorwalker_kpi_hidden_entities)",
            "{{kind}}",
            units.Short,
            steps(("green", None), ("orange", 1)),
        ),
        number(
            "Processes that notify",
            "Of those with the role `notify` one sends, and the others stand by.",
            f"sum(floorwalker_notify_active{here})",
            units.Short,
            steps(("red", None), ("green", 1)),
        ),
        graph(
            "Notifications",
            "By receiver: delivered, refused, overtaken by a later one, and attempts that are made again.",
            [
                (
                    f"sum by (receiver, outcome) (rate(floorwalker_notifications_total{here}{RATE}))",
                    "{{receiver}} {{outcome}}",
                )
            ],
            units.OpsPerSecond,
        ),
        graph(
            "Notifications that wait",
            "How long the oldest one of each receiver has waited.",
            [(f"max by (receiver) (floorwalker_notification_oldest_pending_seconds{here})", "{{receiver}}")],
            units.Seconds,
            limits=bad_from("receiver"),
        ),
        graph(
            "Notifications take",
            "From the decision to the delivery: what nine of ten are below.",
            [
                (
                    f"histogram_quantile(0.9, sum by (receiver, le) (rate(floorwalker_notification_seconds_bucket{here}{RATE})))",
                    "{{receiver}}",
                )
            ],
            units.Seconds,
            limits=bad_from("delivery"),
        ),
        graph(
            "Readers of the stream",
            "Who follows the news, and who was too slow.",
            [
                (f"sum(floorwalker_stream_readers{here})", "readers"),
                (f"sum(increase(floorwalker_stream_dropped_total{here}[5m]))", "dropped in 5 min"),
            ],
            units.Short,
        ),
    ]
