"""Rules for supervisors: promises, waits, people, alerts."""

from __future__ import annotations

import queries as q
from rule import Rule
from settings import Settings


def promises(settings: Settings) -> list[Rule]:
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
            name="ServiceLevelLow",
            severity="warning",
            holds="5m",
            unit="share",
            panel="Service level",
            **place,
            expr=q.with_team(low),
            measure=q.with_team(level),
            note=f"{usual} of at least {limits['sample_min']} decided promises, and a share that is surely below the policy's own target: the upper end of its "
            "95 % interval is. Three misses of ten contacts call nobody.",
            summary="{name}: {policy} is at {value}",
            why="Over the last {window} the share of promises kept is below the target of {policy}, and it is no chance.",
            action="Move agents to the queue, or offer to call back.",
        ),
        Rule(
            name="ServiceLevelBurn",
            severity="critical",
            holds="1m",
            unit="times",
            panel="Budget burnt",
            **place,
            expr=q.with_team(burns),
            measure=q.with_team(over_long),
            note=f"The misses that the target allows are used up {limits['burn']} times as fast as it allows, over {long} and still over {short}.",
            summary="{name}: promises of {policy} are missed {value} times as often as the target allows",
            why=f"That has been so over the last {long}, and over the last {short}: it goes on.",
            action="Move agents to the queue now, or announce callbacks; else the day's target is lost.",
        ),
    ]


def waits(settings: Settings) -> list[Rule]:
    limits, usual = settings.rules, settings.windows["usual"]
    wait, limit = q.of_queues("floorwalker_longest_wait_seconds"), settings.wait_seconds()
    promised = "(floorwalker_longest_wait_seconds > on (instance, kind, name) floorwalker_longest_wait_promise_seconds)"
    long_wait = f"{wait} > {limit} and on (instance, kind, name) {promised}"
    share = q.of_queues("floorwalker_abandonment_ratio", window=usual)
    enough = f"sum without (kpi) ({q.of_queues('floorwalker_ratio_denominator', window=usual, kpi='abandonment')})"
    sure = q.of_queues("floorwalker_abandonment_lower_ratio", window=usual)
    of_queue = "on (instance, kind, name, window)"
    leave = (
        f"{share} and {of_queue} ({sure} > {limits['abandonment']}) and {of_queue} ({enough} >= {limits['sample_min']})"
    )
    place = {"audience": "supervisors", "board": "queue", "page": "/queues/{name}"}
    return [
        Rule(
            name="LongWait",
            severity="warning",
            holds="30s",
            unit="seconds",
            panel="Longest wait",
            **place,
            expr=q.with_team(long_wait),
            measure=q.with_team(wait),
            note=f"Longer than {limits['longest_wait']}, and longer than what was promised in that queue: mail may wait for hours.",
            summary="Somebody has waited {value} in {name}",
            why=f"That is longer than {limits['longest_wait']}, and longer than what is promised there.",
            action="Take that contact.",
        ),
        Rule(
            name="AbandonmentHigh",
            severity="warning",
            holds="2m",
            unit="share",
            panel="Abandonment",
            **place,
            expr=q.with_team(leave),
            measure=q.with_team(share),
            summary="{name}: {value} give up before they are answered",
            why=f"Over the last {{window}} more than {limits['abandonment']:.0%} gave up, short waits left out, and it is no chance.",
            action="Offer callbacks and announce the wait; move agents to the queue.",
        ),
    ]


def people(settings: Settings) -> list[Rule]:
    limits, usual = settings.rules, settings.windows["usual"]
    occupancy = "floorwalker_occupancy_ratio" + q.labels(kind="team", window=usual)
    busy = f'label_replace({occupancy}, "team", "$1", "name", "(.+)")'
    short = q.alerts_by_queue(q.labels(rule="~queue[.](staffing|absence)", **q.LOUD), "rule, severity, queue")
    return [
        Rule(
            name="TeamOverloaded",
            audience="supervisors",
            severity="warning",
            holds="10m",
            unit="share",
            board="agents",
            panel="Occupancy by team",
            expr=f"{busy} > {limits['occupancy']}",
            measure=busy,
            summary="{name} is occupied {value} of its time",
            why=f"Over {limits['occupancy']:.0%} there is no breath between contacts: waits and handle times grow, and people tire.",
            action="Bring in agents or move work away; see that breaks are taken.",
        ),
        Rule(
            name="AgentsShort",
            audience="supervisors",
            severity=None,
            holds="0s",
            unit="number",
            board="queue",
            panel="Alerts of the queue",
            expr=f"({short}) > 0",
            measure=f"count({q.ALERTS})",
            page="/queues/{queue}",
            summary="{queue} has too few agents",
            why="Floorwalker's {rule}: with the contacts, handle times and agents of now the target will be missed.",
            action="Open the queue on the wallboard: the alert has how many more agents would do.",
        ),
    ]


def alerts(settings: Settings) -> list[Rule]:
    limits = settings.rules
    open_ones = q.labels(rule="~" + q.OF_CONTACTS, severity="critical", acknowledged="!true", **q.LOUD)
    by_queue = q.alerts_by_queue(open_ones)
    by_team = f"sum by (team) ({q.ALERTS}{open_ones} * on (queue) group_left (team) {q.teams_of_queues()})"
    low = q.alerts_by_queue(q.labels(rule="csat.low_predicted", acknowledged="!true", **q.LOUD))
    elsewhere = f"queue[.](staffing|absence)|{q.OF_CONTACTS}|{q.OF_FEEDS}"
    unheard = q.labels(rule="!~" + elsewhere, acknowledged="!true", **q.LOUD)
    own = q.alerts_by_queue(unheard, "rule, severity, queue")
    board = {"audience": "supervisors", "board": "alerts"}
    measure = f"count({q.ALERTS})"
    return [
        Rule(
            name="ManyEscalations",
            severity="critical",
            holds="1m",
            unit="number",
            panel="Firing by queue",
            page="/queues/{queue}",
            **board,
            expr=f"({by_queue}) > {limits['escalations_of_queue']}",
            measure=by_queue,
            note="Of those that nobody has taken up.",
            summary="{value} contacts of {queue} are past their promise, and nobody has taken them up",
            why=f"More than {limits['escalations_of_queue']} critical alerts of one queue have fired for a minute without an acknowledgement.",
            action="`/api/v1/alerts?status=firing` lists them.",
        ),
        Rule(
            name="ManyEscalationsOfTeam",
            severity="critical",
            holds="2m",
            unit="number",
            panel="Firing by team",
            **board,
            expr=f"{by_team} > {limits['escalations_of_team']}",
            measure=by_team,
            summary="{value} critical alerts of the queues of {team}, and nobody has taken them up",
            why=f"More than {limits['escalations_of_team']} at once over all queues that the team answers for.",
            action="Ask the neighbouring teams for help; take up first who has waited longest.",
        ),
        Rule(
            name="LowRatingsPredicted",
            severity="warning",
            holds="1m",
            unit="number",
            panel="Likely to rate low",
            page="/queues/{queue}",
            **board,
            expr=f"({low}) >= {limits['low_ratings']}",
            measure=measure,
            summary="{value} contacts of {queue} are likely to rate low",
            why="They are not over yet. Each of the alerts has the reasons in words.",
            action="Open them on the wallboard and step in where it can still be turned; many at once have one cause.",
        ),
        Rule(
            name="FloorwalkerAlert",
            severity=None,
            holds="0s",
            unit="number",
            panel="Firing by rule",
            page="/queues/{queue}",
            **board,
            expr=f"({own}) > 0",
            measure=measure,
            note="What Floorwalker itself found about a queue, an agent or all: it is explained there.",
            summary="Floorwalker reports {rule} {queue}",
            why="Its alert has the formula, the causes by their share, and the contacts behind it.",
            action="Open it on the wallboard: it has what to do, and can be acknowledged there.",
        ),
    ]
