"""Sentences of rules, as templates of Prometheus and Grafana; both expand Go templates with the same functions."""

from __future__ import annotations

import re
from urllib.parse import quote

from rule import Rule
from settings import Settings

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")

# How a value is written, by its unit.
FORMATS = {
    "number": 'printf "%.0f" VALUE',
    "times": 'printf "%.1f" VALUE',
    "seconds": "VALUE | humanizeDuration",
    "share": "VALUE | humanizePercentage",
}


def template(text: str, rule: Rule, value: str) -> str:
    """Writes `{value}` and `{label}` as templates; `value` is what the rule's value is called."""

    def written(found: re.Match[str]) -> str:
        if found[1] == "value":
            return "{{ " + FORMATS[rule.unit].replace("VALUE", value) + " }}"
        return "{{ $labels." + found[1] + " }}"

    return PLACEHOLDER.sub(written, text)


def page(rule: Rule, settings: Settings) -> str:
    """The address of the wallboard's page, with labels as segments of its path."""

    def written(found: re.Match[str]) -> str:
        return '{{ reReplaceAll "[+]" "%20" (urlquery $labels.' + found[1] + ") }}"

    return settings.links["floorwalker"] + _unless_empty(rule, PLACEHOLDER.sub(written, rule.page), "/")


def dashboard(rule: Rule, uid: str, settings: Settings) -> str:
    """The address of the dashboard that shows the rule's measure, for the queue or team of the alert."""
    variables = ""
    found = PLACEHOLDER.search(rule.page)
    if found:
        variables = _unless_empty(rule, "?var-queue={{ urlquery $labels." + found[1] + " }}", "")
    return f"{settings.links['grafana']}/d/{quote(uid)}{variables}"


def _unless_empty(rule: Rule, text: str, otherwise: str) -> str:
    """The text, or another where the label in the rule's page is empty: an alert about everything has no queue."""
    found = PLACEHOLDER.search(rule.page)
    if not found:
        return text
    return "{{ if $labels." + found[1] + " }}" + text + "{{ else }}" + otherwise + "{{ end }}"


def annotations(rule: Rule, uid: str, settings: Settings, value: str) -> dict[str, str]:
    """What an alert carries for people."""
    texts = {name: template(getattr(rule, name), rule, value) for name in ("summary", "why", "action")}
    return {**texts, "wallboard": page(rule, settings), "dashboard": dashboard(rule, uid, settings)}


def labels(rule: Rule) -> dict[str, str]:
    """Labels beside those of the series."""
    severity = {"severity": rule.severity} if rule.severity else {}
    return {**severity, "audience": rule.audience}
