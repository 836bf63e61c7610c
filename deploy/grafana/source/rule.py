"""An alert rule: one description, of which Grafana's and Prometheus' forms are made."""

from __future__ import annotations

from dataclasses import dataclass


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
