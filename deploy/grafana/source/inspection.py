"""What tests try with real programs: Prometheus, amtool, and Grafana's own lists of units and reducers."""

from __future__ import annotations

import boards
import notifications
import rules
from plain_form import plain
from settings import Settings


def of(settings: Settings) -> dict[str, object]:
    """Expressions with a place each, ids, the template, and the policies in Alertmanager's form."""
    groups = rules.groups(settings)
    dashboards = {key: plain(boards.build(board, settings)) for key, board in boards.BOARDS.items()}
    return {
        "windows": list(settings.windows.values()),
        "measures": [
            {"rule": rule.name, "measure": rule.measure, "expr": rule.expr} for group in groups for rule in group.rules
        ],
        "ids": ids(dashboards),
        "template": notifications.TEMPLATE,
        "alertmanager": alertmanager(settings),
    }


def ids(dashboards: dict[str, dict]) -> dict[str, list[str]]:
    """Units, reducers, transformations, and modes of colours, that panels name."""
    found: dict[str, set[str]] = {"units": set(), "reducers": set(), "transformations": set()}
    for dashboard in dashboards.values():
        for panel in dashboard["panels"]:
            _of_panel(panel, found)
    return {kind: sorted(names) for kind, names in found.items()}


def _of_panel(panel: dict, found: dict[str, set[str]]) -> None:
    fields = panel.get("fieldConfig", {})
    if "unit" in fields.get("defaults", {}):
        found["units"].add(fields["defaults"]["unit"])
    for override in fields.get("overrides", []):
        found["units"].update(it["value"] for it in override["properties"] if it["id"] == "unit")
    options = panel.get("options", {})
    found["reducers"].update(options.get("reduceOptions", {}).get("calcs", []))
    found["reducers"].update(options.get("legend", {}).get("calcs", []))
    found["transformations"].update(it["id"] for it in panel.get("transformations", []))


def alertmanager(settings: Settings) -> dict[str, object]:
    """The same tree, receivers and times as a configuration of Alertmanager, which `amtool` can route by."""
    names = dict.fromkeys(point.name for point in notifications.contact_points(settings))
    intervals = [notifications.timing_file(timing) for timing in notifications.mute_timings(settings)]
    tree = plain(notifications.policy(settings))
    return {"route": _route(tree), "receivers": [{"name": name} for name in names], "time_intervals": intervals}


def _route(route: dict) -> dict:
    given = {name: value for name, value in route.items() if name not in ("object_matchers", "routes")}
    matchers = [f'{name}{operator}"{value}"' for name, operator, value in route.get("object_matchers", [])]
    return {
        **given,
        **({"matchers": matchers} if matchers else {}),
        **({"routes": [_route(it) for it in route["routes"]]} if "routes" in route else {}),
    }
