"""Rules for operations: is Floorwalker well, and do its feeds come in?"""

from __future__ import annotations

import queries as q
from rule import Rule
from settings import Settings


def service(settings: Settings) -> list[Rule]:
    limits = settings.rules
    lag = "sum by (instance, topic) (floorwalker_input_lag_records)"
    behind = "max by (instance) (floorwalker_task_clock_delay_seconds)"
    retried = "sum by (instance) (increase(floorwalker_transaction_retries_total[5m]))"
    committed = "sum by (instance) (increase(floorwalker_transactions_total[5m]))"
    up = 'up{job="floorwalker"}'
    lost = "sum by (instance, topic) (increase(floorwalker_source_records_lost_total[15m]))"
    over = "sum by (instance, kind) (increase(floorwalker_over_limit_total[15m]))"
    service = {"audience": "operations", "board": "engine"}
    return [
        Rule(
            name="FloorwalkerDown",
            severity="critical",
            holds="1m",
            unit="number",
            panel="Ready",
            **service,
            expr=f"{up} == 0",
            measure=up,
            summary="{instance} does not answer",
            why="Prometheus could not scrape the process for a minute.",
            action="Look at the log of the process; start it again. Others take its work over meanwhile.",
        ),
        Rule(
            name="FloorwalkerAbsent",
            severity="critical",
            holds="2m",
            unit="number",
            panel="Ready",
            **service,
            expr=f"absent({up})",
            measure=f"count({up})",
            summary="Prometheus knows no Floorwalker",
            why="No target of the job `floorwalker` has been scraped for two minutes: no other rule can fire.",
            action="See that Prometheus scrapes the job `floorwalker`, as in deploy/prometheus/prometheus.yml.",
        ),
        Rule(
            name="FloorwalkerNotReady",
            severity="critical",
            holds="2m",
            unit="number",
            panel="Ready",
            **service,
            expr="floorwalker_ready == 0",
            measure="floorwalker_ready",
            summary="{instance} is not ready",
            why="/readyz has answered for two minutes that the process can't work.",
            action="Ask /readyz of the process for the reason.",
        ),
        Rule(
            name="FloorwalkerStalled",
            severity="critical",
            holds="30s",
            unit="number",
            panel="Workers that stand still",
            **service,
            expr="floorwalker_worker_stalled == 1",
            measure="floorwalker_worker_stalled",
            summary="A worker of {instance} has work and does not get on",
            why="Worker {worker} has records to read and has committed nothing for a minute, or is silent.",
            action="Restart the process, and keep its log.",
        ),
        Rule(
            name="FloorwalkerBehind",
            severity="warning",
            holds="2m",
            unit="seconds",
            panel="Behind the wall clock",
            **service,
            expr=f"{behind} > {limits['behind']}",
            measure=behind,
            summary="Figures and alerts of {instance} are {value} late",
            why="The clock of a task is more than "
            + f"{limits['behind']} s behind the wall clock: alerts come too late by as much.",
            action="See the lag of its inputs; start another process if they grow.",
        ),
        Rule(
            name="FloorwalkerLag",
            severity="warning",
            holds="5m",
            unit="number",
            panel="Records that wait to be read",
            **service,
            expr=f"{lag} > {limits['lag']}",
            measure=lag,
            summary="{value} records of {topic} wait to be read by {instance}",
            why=f"More than {limits['lag']} records have waited for five minutes.",
            action="If they grow, start another process; if they stand, look at /readyz and the log.",
        ),
        Rule(
            name="FloorwalkerCommitsFail",
            severity="critical",
            holds="3m",
            unit="number",
            panel="Transactions",
            **service,
            expr=f"{retried} > {limits['retries']} * ({committed} + {retried})",
            measure=f"{retried} + {committed}",
            summary="{value} transactions of {instance} were not committed at the first attempt within 5 minutes",
            why=f"More than {limits['retries']:.0%} of its transactions fail: figures and alerts stand still meanwhile.",
            action="Look at the log of the process and at the brokers: is one down, are the topics writable?",
        ),
        Rule(
            name="FloorwalkerRecordsLost",
            severity="critical",
            holds="0s",
            unit="number",
            panel="Records lost",
            **service,
            expr=f"{lost} > 0",
            measure="floorwalker_source_records_total",
            summary="{value} records of {topic} were removed before they were read",
            why="Retention or somebody removed records of the source that nobody had read: their contacts are missing from the figures.",
            action="Lengthen the retention of the topic; load the missing events again if there is a copy.",
        ),
        Rule(
            name="FloorwalkerOverLimit",
            severity="warning",
            holds="1m",
            unit="number",
            panel="Names by kind",
            **service,
            expr=f"{over} > 0",
            measure=over,
            summary="There are more names of kind {kind} than their limit: some are counted together as (other)",
            why="A feed that makes up names, or a limit that is too low.",
            action="The log of the process has one of them. If the feed makes up names, mend it there; else raise the limit under [limits] and restart.",
        ),
    ]


def feeds(settings: Settings) -> list[Rule]:
    limits = settings.rules
    dead = 'sum(rate(floorwalker_events_total{outcome="dead_lettered"}[10m]))'
    read = 'sum(rate(floorwalker_events_total{outcome="read"}[10m]))'
    now = "sum by (topic) (increase(floorwalker_source_records_total[10m]))"
    before = "sum by (topic) (increase(floorwalker_source_records_total[1h] offset 10m))"
    faults = f"sum by (rule, severity) ({q.ALERTS}{q.labels(rule='~' + q.OF_FEEDS, **q.LOUD)})"
    feed = {"audience": "operations", "board": "engine"}
    return [
        Rule(
            name="FloorwalkerDeadLetters",
            severity="warning",
            holds="1m",
            unit="number",
            panel="Dead letters by reason",
            **feed,
            expr=f"{dead} > {limits['dead_letters']} * {read}",
            measure=f"{dead} / {read} or {dead}",
            summary=f"More than {limits['dead_letters']:.0%} of the events could not be used",
            why="Payloads that are no event, or that came too late, are put aside as dead letters and counted nowhere.",
            action="`floorwalker dead-letters list` shows why; when the cause is mended, `dead-letters retry` sends them once more.",
        ),
        Rule(
            name="FloorwalkerFeedSilent",
            severity="critical",
            holds="0s",
            unit="number",
            panel="Records read by topic",
            **feed,
            expr=f"{now} == 0 and on (topic) {before} > {limits['busy_feed']}",
            measure=now,
            summary="{topic} has sent nothing for 10 minutes",
            why="It was busy in the hour before. What happens on the floor meanwhile is in no figure and raises no alert.",
            action="See whether the producer runs and reaches Kafka. Late events are dead letters once they are older than the lateness.",
        ),
        Rule(
            name="FloorwalkerFeedAlert",
            severity=None,
            holds="0s",
            unit="number",
            panel="Records read by topic",
            **feed,
            expr=f"{faults} > 0",
            measure=f"count({q.ALERTS})",
            summary="Floorwalker reports {rule}",
            why="Floorwalker itself found a feed or a task silent, late or dirty; the alert names it.",
            action="Open the alerts on the wallboard: each has its reason and what to do.",
            page="/",
        ),
    ]


def notifications(settings: Settings) -> list[Rule]:
    limits = settings.rules
    waits = "max by (receiver) (floorwalker_notification_oldest_pending_seconds)"
    refused = 'sum by (receiver) (increase(floorwalker_notifications_total{outcome="refused"}[15m]))'
    took = "sum by (receiver, le) (rate(floorwalker_notification_seconds_bucket[15m]))"
    late = f"histogram_quantile(0.9, {took})"
    active = "sum(floorwalker_notify_active)"
    notify = {"audience": "operations", "board": "engine"}
    return [
        Rule(
            name="FloorwalkerReceiverDown",
            severity="critical",
            holds="1m",
            unit="seconds",
            panel="Notifications that wait",
            **notify,
            expr=f"{waits} > {limits['receiver']}",
            measure=waits,
            summary="{receiver} has not taken a notification for {value}",
            why="The receiver does not answer, or answers that it can't take messages now. Whoever is called by it is not called.",
            action="`floorwalker notify test --to {receiver}` shows what it answers. When it is back it is sent all that waits, in order.",
        ),
        Rule(
            name="FloorwalkerNotificationRefused",
            severity="critical",
            holds="0s",
            unit="number",
            panel="Notifications",
            **notify,
            expr=f"{refused} > 0",
            measure="sum by (receiver) (floorwalker_notifications_total)",
            summary="{receiver} has refused {value} notifications within 15 minutes",
            why="The receiver answers that it will not take them: a URL or a key that is revoked, or a message that it can't read. They are among the dead letters.",
            action="Correct the setting and restart; then `floorwalker dead-letters retry --reason notification_refused` sends them once more.",
        ),
        Rule(
            name="FloorwalkerNotificationsLate",
            severity="warning",
            holds="5m",
            unit="seconds",
            panel="Notifications take",
            **notify,
            expr=f"{late} > {limits['delivery']}",
            measure=late,
            summary="Notifications reach {receiver} {value} after they were decided",
            why=f"Of the last 15 minutes' notifications one in ten took longer than {limits['delivery']} s: the receiver is slow, or refuses some for a time.",
            action="The log of the process that sends has each attempt that failed. Other receivers don't wait for this one.",
        ),
        Rule(
            name="FloorwalkerNobodyNotifies",
            severity="critical",
            holds="1m",
            unit="number",
            panel="Processes that notify",
            **notify,
            expr=f"{active} == 0",
            measure=active,
            summary="No process calls people",
            why="There are processes with the role `notify`, and none of them has been the one that sends for a minute.",
            action="Ask /readyz of them for the reason; look at their log and at the brokers.",
        ),
    ]
