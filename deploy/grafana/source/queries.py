"""PromQL that dashboards and rules share."""

from __future__ import annotations

# Alerts of Floorwalker's own that fire, by rule, severity, queue, whether somebody has taken them up and whether they are silenced.
ALERTS = "floorwalker_active_alerts"
# 1 for each queue, with the team and site that answer for it now.
QUEUE = "floorwalker_queue_info"

# Floorwalker's rules about single contacts: data for lists, dozens at a time.
OF_CONTACTS = "sla[.](at_risk|missed)|csat[.]low_predicted|sentiment[.]turned|customer[.]repeat"
# Its rules about feeds and tasks: for operations.
OF_FEEDS = "feed[.].+|task[.].+"

# What a silence or a window of maintenance covers calls nobody.
LOUD = {"silenced": "!true"}


def labels(**matchers: str) -> str:
    """`{kind="queue",name=~"$queue"}` of `kind="queue", name="~$queue"`: a value that begins with `~` is a pattern, `!~` its opposite."""
    parts = []
    for name, value in matchers.items():
        operator, text = "=", value
        for prefix, other in (("!~", "!~"), ("!", "!="), ("~", "=~")):
            if value.startswith(prefix):
                operator, text = other, value[len(prefix) :]
                break
        parts.append(f'{name}{operator}"{text}"')
    return "{" + ",".join(parts) + "}"


def of_queues(series: str, /, **matchers: str) -> str:
    """A series of queues."""
    return series + labels(kind="queue", **matchers)


def with_team(expr: str) -> str:
    """Adds the team that answers for the queue; `expr` has `kind`, `name` and the other labels of a queue."""
    return f"({expr}) * on (instance, kind, name) group_left (team) {QUEUE}"


def alerts_by_queue(selector: str, by: str = "queue") -> str:
    """How many alerts fire by queue, with its team as a label. Those of queues without series keep their name."""
    counted = f'label_replace(sum by ({by}) ({ALERTS}{selector}), "name", "$1", "queue", "(.+)")'
    teams = f"max by (name, team) ({QUEUE}{labels(team='!')})"
    return f"{counted} * on (name) group_left (team) {teams} or {counted} unless on (name) {teams}"


def burn(window: str) -> str:
    """How many times as fast as the target allows it promises were missed. A target of 100 % allows no miss and has no burn."""
    missed = of_queues("floorwalker_sla_missed_obligations", window=window)
    met = of_queues("floorwalker_sla_met_obligations", window=window)
    allowed = "(1 - (floorwalker_sla_target_ratio < 1))"
    return f"({missed} / ({met} + {missed} > 0)) / on (instance, policy) group_left () {allowed}"


def teams_of_queues() -> str:
    """1 for each queue that a team answers for, with the labels `queue` and `team`."""
    named = f'label_replace({QUEUE}{labels(team="!")}, "queue", "$1", "name", "(.+)")'
    return f"max by (queue, team) ({named})"
