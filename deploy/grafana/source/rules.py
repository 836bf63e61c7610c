"""The alert rules: one description, of which Grafana's and Prometheus' forms are made."""

from __future__ import annotations

from dataclasses import dataclass

import queries as q
from settings import Settings


@dataclass(frozen=True)
class Rule:
    """A rule. Fires for each series that `expr` returns; in texts `{value}` is its value in `unit`, `{label}` the value of a label."""

    name: str
    # Who it is for: `supervisors` or `operations`.
    audience: str
    # `warning`, `critical`, or None: the series' own.
    severity: str | None
    expr: str
    # What `expr` compares: has series while Floorwalker runs.
    measure: str
    # How long it has to hold.
    holds: str
    # `number`, `seconds`, `share`, `times`.
    unit: str
    summary: str
    why: str
    action: str
    # Where it can be seen: a dashboard, by its key in `boards.BOARDS`, and a panel of it.
    board: str
    panel: str
    # A page of the wallboard, with labels.
    page: str = "/"
    note: str = ""


@dataclass(frozen=True)
class Group:
    name: str
    title: str
    rules: list[Rule]


def groups(settings: Settings) -> list[Group]:
    return [
        Group("floorwalker", "Operations", _service(settings) + _feeds(settings)),
        Group("queues", "Queues", _promises(settings) + _waits(settings) + _people(settings)),
        Group("alerts", "Alerts", _alerts(settings)),
    ]


def _service(settings: Settings) -> list[Rule]:
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
            name="FloorwalkerDown", severity="critical", holds="1m", unit="number", panel="Ready", **service,
            expr=f"{up} == 0", measure=up,
            summary="{instance} does not answer",
            why="Prometheus could not scrape the process for a minute.",
            action="Look at the log of the process; start it again. Others take its work over meanwhile.",
        ),
        Rule(
            name="FloorwalkerAbsent", severity="critical", holds="2m", unit="number", panel="Ready", **service,
            expr=f"absent({up})", measure=f"count({up})",
            summary="Prometheus knows no Floorwalker",
            why="No target of the job `floorwalker` has been scraped for two minutes: no other rule can fire.",
            action="See that Prometheus scrapes the job `floorwalker`, as in deploy/prometheus/prometheus.yml.",
        ),
        Rule(
            name="FloorwalkerNotReady", severity="critical", holds="2m", unit="number", panel="Ready", **service,
            expr="floorwalker_ready == 0", measure="floorwalker_ready",
            summary="{instance} is not ready",
            why="/readyz has answered for two minutes that the process can't work.",
            action="Ask /readyz of the process for the reason.",
        ),
        Rule(
            name="FloorwalkerStalled", severity="critical", holds="30s", unit="number", panel="Workers that stand still", **service,
            expr="floorwalker_worker_stalled == 1", measure="floorwalker_worker_stalled",
            summary="A worker of {instance} has work and does not get on",
            why="Worker {worker} has records to read and has committed nothing for a minute, or is silent.",
            action="Restart the process, and keep its log.",
        ),
        Rule(
            name="FloorwalkerBehind", severity="warning", holds="2m", unit="seconds", panel="Behind the wall clock", **service,
            expr=f"{behind} > {limits['behind']}", measure=behind,
            summary="Figures and alerts of {instance} are {value} late",
            why="The clock of a task is more than " + f"{limits['behind']} s behind the wall clock: alerts come too late by as much.",
            action="See the lag of its inputs; start another process if they grow.",
        ),
        Rule(
            name="FloorwalkerLag", severity="warning", holds="5m", unit="number", panel="Records that wait to be read", **service,
            expr=f"{lag} > {limits['lag']}", measure=lag,
            summary="{value} records of {topic} wait to be read by {instance}",
            why=f"More than {limits['lag']} records have waited for five minutes.",
            action="If they grow, start another process; if they stand, look at /readyz and the log.",
        ),
        Rule(
            name="FloorwalkerCommitsFail", severity="critical", holds="3m", unit="number", panel="Transactions", **service,
            expr=f"{retried} > {limits['retries']} * ({committed} + {retried})", measure=f"{retried} + {committed}",
            summary="{value} transactions of {instance} were not committed at the first attempt within 5 minutes",
            why=f"More than {limits['retries']:.0%} of its transactions fail: figures and alerts stand still meanwhile.",
            action="Look at the log of the process and at the brokers: is one down, are the topics writable?",
        ),
        Rule(
            name="FloorwalkerRecordsLost", severity="critical", holds="0s", unit="number", panel="Records lost", **service,
            expr=f"{lost} > 0", measure="floorwalker_source_records_total",
            summary="{value} records of {topic} were removed before they were read",
            why="Retention or somebody removed records of the source that nobody had read: their contacts are missing from the figures.",
            action="Lengthen the retention of the topic; load the missing events again if there is a copy.",
        ),
        Rule(
            name="FloorwalkerOverLimit", severity="warning", holds="1m", unit="number", panel="Names by kind", **service,
            expr=f"{over} > 0", measure=over,
            summary="There are more names of kind {kind} than their limit: some are counted together as (other)",
            why="A feed that makes up names, or a limit that is too low.",
            action="The log of the process has one of them. If the feed makes up names, mend it there; else raise the limit under [limits] and restart.",
        ),
    ]


def _feeds(settings: Settings) -> list[Rule]:
    limits = settings.rules
    dead = 'sum(rate(floorwalker_events_total{outcome="dead_lettered"}[10m]))'
    read = 'sum(rate(floorwalker_events_total{outcome="read"}[10m]))'
    now = "sum by (topic) (increase(floorwalker_source_records_total[10m]))"
    before = "sum by (topic) (increase(floorwalker_source_records_total[1h] offset 10m))"
    faults = f"sum by (rule, severity) ({q.ALERTS}{q.labels(rule='~' + q.OF_FEEDS)})"
    feed = {"audience": "operations", "board": "engine"}
    return [
        Rule(
            name="FloorwalkerDeadLetters", severity="warning", holds="1m", unit="number", panel="Dead letters by reason", **feed,
            expr=f"{dead} > {limits['dead_letters']} * {read}", measure=f"{dead} / {read} or {dead}",
            summary=f"More than {limits['dead_letters']:.0%} of the events could not be used",
            why="Payloads that are no event, or that came too late, are put aside as dead letters and counted nowhere.",
            action="`floorwalker dead-letters list` shows why; when the cause is mended, `dead-letters retry` sends them once more.",
        ),
        Rule(
            name="FloorwalkerFeedSilent", severity="critical", holds="0s", unit="number", panel="Records read by topic", **feed,
            expr=f"{now} == 0 and on (topic) {before} > {limits['busy_feed']}", measure=now,
            summary="{topic} has sent nothing for 10 minutes",
            why="It was busy in the hour before. What happens on the floor meanwhile is in no figure and raises no alert.",
            action="See whether the producer runs and reaches Kafka. Late events are dead letters once they are older than the lateness.",
        ),
        Rule(
            name="FloorwalkerFeedAlert", severity=None, holds="0s", unit="number", panel="Records read by topic", **feed,
            expr=f"{faults} > 0", measure=f"count({q.ALERTS})",
            summary="Floorwalker reports {rule}",
            why="Floorwalker itself found a feed or a task silent, late or dirty; the alert names it.",
            action="Open the alerts on the wallboard: each has its reason and what to do.",
            page="/",
        ),
    ]


def _promises(settings: Settings) -> list[Rule]:
    windows, limits = settings.windows, settings.rules
    usual, long, short = windows["usual"], windows["long"], windows["short"]

    def decided(window: str) -> str:
        met = q.of_queues("floorwalker_sla_met_obligations", window=window)
        missed = q.of_queues("floorwalker_sla_missed_obligations", window=window)
        return f"({met} + {missed} >= {limits['sample_min']})"

    level = q.of_queues("floorwalker_sla_ratio", window=usual)
    below = "(floorwalker_sla_upper_ratio < on (instance, policy) group_left () floorwalker_sla_target_ratio)"
    of_policy = "on (instance, kind, name, window, policy)"
    low = f"{level} and {of_policy} {below} and {of_policy} {decided(usual)}"
    over_long, over_short = q.burn(long), q.burn(short)
    both = "on (instance, kind, name, policy)"
    burns = f"({over_long} > {limits['burn']}) and {both} ({over_short} > {limits['burn']}) and {both} {decided(long)}"
    place = {"audience": "supervisors", "board": "queue", "page": "/queues/{name}"}
    return [
        Rule(
            name="ServiceLevelLow", severity="warning", holds="5m", unit="share", panel="Service level", **place,
            expr=q.with_team(low), measure=q.with_team(level),
            note=f"{usual} of at least {limits['sample_min']} decided promises, and a share that is surely below the policy's own target: the upper end of its "
            "95 % interval is. Three misses of ten contacts call nobody.",
            summary="{name}: {policy} is at {value}",
            why="Over the last {window} the share of promises kept is below the target of {policy}, and it is no chance.",
            action="Move agents to the queue, or offer to call back.",
        ),
        Rule(
            name="ServiceLevelBurn", severity="critical", holds="1m", unit="times", panel="Budget burnt", **place,
            expr=q.with_team(burns), measure=q.with_team(over_long),
            note=f"The misses that the target allows are used up {limits['burn']} times as fast as it allows, over {long} and still over {short}.",
            summary="{name}: promises of {policy} are missed {value} times as often as the target allows",
            why=f"That has been so over the last {long}, and over the last {short}: it goes on.",
            action="Move agents to the queue now, or announce callbacks; else the day's target is lost.",
        ),
    ]


def _waits(settings: Settings) -> list[Rule]:
    limits, usual = settings.rules, settings.windows["usual"]
    wait, limit = q.of_queues("floorwalker_longest_wait_seconds"), settings.wait_seconds()
    promised = "(floorwalker_longest_wait_seconds > on (instance, kind, name) floorwalker_longest_wait_promise_seconds)"
    long_wait = f"{wait} > {limit} and on (instance, kind, name) {promised}"
    share = q.of_queues("floorwalker_abandonment_ratio", window=usual)
    enough = f'sum without (kpi) ({q.of_queues("floorwalker_ratio_denominator", window=usual, kpi="abandonment")})'
    sure = q.of_queues("floorwalker_abandonment_lower_ratio", window=usual)
    of_queue = "on (instance, kind, name, window)"
    leave = f"{share} and {of_queue} ({sure} > {limits['abandonment']}) and {of_queue} ({enough} >= {limits['sample_min']})"
    place = {"audience": "supervisors", "board": "queue", "page": "/queues/{name}"}
    return [
        Rule(
            name="LongWait", severity="warning", holds="30s", unit="seconds", panel="Longest wait", **place,
            expr=q.with_team(long_wait), measure=q.with_team(wait),
            note=f"Longer than {limits['longest_wait']}, and longer than what was promised in that queue: mail may wait for hours.",
            summary="Somebody has waited {value} in {name}",
            why=f"That is longer than {limits['longest_wait']}, and longer than what is promised there.",
            action="Take that contact.",
        ),
        Rule(
            name="AbandonmentHigh", severity="warning", holds="2m", unit="share", panel="Abandonment", **place,
            expr=q.with_team(leave), measure=q.with_team(share),
            summary="{name}: {value} give up before they are answered",
            why=f"Over the last {{window}} more than {limits['abandonment']:.0%} gave up, short waits left out, and it is no chance.",
            action="Offer callbacks and announce the wait; move agents to the queue.",
        ),
    ]


def _people(settings: Settings) -> list[Rule]:
    limits, usual = settings.rules, settings.windows["usual"]
    occupancy = "floorwalker_occupancy_ratio" + q.labels(kind="team", window=usual)
    busy = f'label_replace({occupancy}, "team", "$1", "name", "(.+)")'
    short = q.alerts_by_queue(q.labels(rule="~queue[.](staffing|absence)"), "rule, severity, queue")
    return [
        Rule(
            name="TeamOverloaded", audience="supervisors", severity="warning", holds="10m", unit="share", board="agents", panel="Occupancy by team",
            expr=f"{busy} > {limits['occupancy']}", measure=busy,
            summary="{name} is occupied {value} of its time",
            why=f"Over {limits['occupancy']:.0%} there is no breath between contacts: waits and handle times grow, and people tire.",
            action="Bring in agents or move work away; see that breaks are taken.",
        ),
        Rule(
            name="AgentsShort", audience="supervisors", severity=None, holds="0s", unit="number", board="queue", panel="Alerts of the queue",
            expr=f"({short}) > 0", measure=f"count({q.ALERTS})", page="/queues/{queue}",
            summary="{queue} has too few agents",
            why="Floorwalker's {rule}: with the contacts, handle times and agents of now the target will be missed.",
            action="Open the queue on the wallboard: the alert has how many more agents would do.",
        ),
    ]


def _alerts(settings: Settings) -> list[Rule]:
    limits = settings.rules
    open_ones = q.labels(rule="~" + q.OF_CONTACTS, severity="critical", acknowledged="false")
    by_queue = q.alerts_by_queue(open_ones)
    by_team = f'sum by (team) ({q.ALERTS}{open_ones} * on (queue) group_left (team) {q.teams_of_queues()})'
    low = q.alerts_by_queue(q.labels(rule="csat.low_predicted", acknowledged="false"))
    elsewhere = f"queue[.](staffing|absence)|{q.OF_CONTACTS}|{q.OF_FEEDS}"
    own = q.alerts_by_queue(q.labels(rule="!~" + elsewhere, acknowledged="false"), "rule, severity, queue")
    board = {"audience": "supervisors", "board": "alerts"}
    measure = f"count({q.ALERTS})"
    return [
        Rule(
            name="ManyEscalations", severity="critical", holds="1m", unit="number", panel="Firing by queue", page="/queues/{queue}", **board,
            expr=f"({by_queue}) > {limits['escalations_of_queue']}", measure=by_queue,
            note="Of those that nobody has taken up.",
            summary="{value} contacts of {queue} are past their promise, and nobody has taken them up",
            why=f"More than {limits['escalations_of_queue']} critical alerts of one queue have fired for a minute without an acknowledgement.",
            action="`/api/v1/alerts?status=firing` lists them.",
        ),
        Rule(
            name="ManyEscalationsOfTeam", severity="critical", holds="2m", unit="number", panel="Firing by team", **board,
            expr=f"{by_team} > {limits['escalations_of_team']}", measure=by_team,
            summary="{value} critical alerts of the queues of {team}, and nobody has taken them up",
            why=f"More than {limits['escalations_of_team']} at once over all queues that the team answers for.",
            action="Ask the neighbouring teams for help; take up first who has waited longest.",
        ),
        Rule(
            name="LowRatingsPredicted", severity="warning", holds="1m", unit="number", panel="Likely to rate low", page="/queues/{queue}", **board,
            expr=f"({low}) >= {limits['low_ratings']}", measure=measure,
            summary="{value} contacts of {queue} are likely to rate low",
            why="They are not over yet. Each of the alerts has the reasons in words.",
            action="Open them on the wallboard and step in where it can still be turned; many at once have one cause.",
        ),
        Rule(
            name="FloorwalkerAlert", severity=None, holds="0s", unit="number", panel="Firing by rule", page="/queues/{queue}", **board,
            expr=f"({own}) > 0", measure=measure,
            note="What Floorwalker itself found about a queue, an agent or all: it is explained there.",
            summary="Floorwalker reports {rule} {queue}",
            why="Its alert has the formula, the causes by their share, and the contacts behind it.",
            action="Open it on the wallboard: it has what to do, and can be acknowledged there.",
        ),
    ]
