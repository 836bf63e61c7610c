"""The rules as a rule file of Prometheus."""

from __future__ import annotations

import textwrap

import texts
from boards import BOARDS
from rule import Group
from settings import Settings
from yaml_form import Block, dump

HEAD = """\
# Made by scripts/grafana from deploy/grafana/source: change it there. Grafana has the same rules as its own
# (deploy/grafana/provisioning/alerting/rules.yaml): let one of the two notify people.
"""


def rule_file(groups: list[Group], settings: Settings) -> str:
    """The text of `rules.yaml`."""
    written = {
        "groups": [{"name": group.name, "rules": [_rule(rule, settings) for rule in group.rules]} for group in groups]
    }
    return HEAD + _with_notes(dump(written), groups)


def _rule(rule, settings: Settings) -> dict:
    holds = {} if rule.holds == "0s" else {"for": rule.holds}
    annotations = texts.annotations(rule, BOARDS[rule.board].uid, settings, "$value")
    expr = (
        rule.expr
        if len(rule.expr) < 100
        else Block("\n".join(textwrap.wrap(rule.expr, 140, break_long_words=False, break_on_hyphens=False)))
    )
    return {"alert": rule.name, "expr": expr, **holds, "labels": texts.labels(rule), "annotations": annotations}


def _with_notes(text: str, groups: list[Group]) -> str:
    """Puts the note of each rule above it."""
    for rule in (rule for group in groups for rule in group.rules if rule.note):
        comment = textwrap.indent(textwrap.fill(rule.note, 130, break_on_hyphens=False), "      # ")
        text = text.replace(f"      - alert: {rule.name}\n", f"{comment}\n      - alert: {rule.name}\n")
    return text
