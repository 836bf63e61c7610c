"""Reads generated files back with the SDK and writes them again: what the SDK does not know would be lost on the way, and be noticed."""

from __future__ import annotations

import json
from pathlib import Path

from grafana_foundation_sdk.models import alerting as models
from grafana_foundation_sdk.models import dashboard as dashboards

import grafana_form
import notifications
from plain_form import plain, visible
from yaml_form import load


def faults(made: dict[Path, str]) -> list[str]:
    """A sentence for each file that is another after it was read and written."""
    found = []
    for path, text in made.items():
        if path.suffix == ".json":
            first = json.loads(text)
            again = visible(plain(dashboards.Dashboard.from_json(json.loads(text))))
        elif path.parent.name == "alerting":
            first = load(text)
            again = _alerting(path.name, first)
        else:
            continue
        second = plain(again)
        if first != second:
            found.append(f"{path.name} loses something when the SDK reads and writes it: {_difference(first, second)}")
    return found


def _alerting(name: str, written: dict) -> dict:
    version = {"apiVersion": written["apiVersion"]}
    match name:
        case "rules.yaml":
            groups = [grafana_form.group_of_file(group) for group in written["groups"]]
            return {**version, "groups": [grafana_form.group_file(group) for group in groups]}
        case "contact-points.yaml":
            points = notifications.contact_points_of_file(written["contactPoints"])
            return {
                **version,
                "contactPoints": [{"orgId": 1, **point} for point in notifications.contact_points_file(points)],
            }
        case "policies.yaml":
            return {
                **version,
                "policies": [
                    {"orgId": 1, **models.NotificationPolicy.from_json(it).to_json()} for it in written["policies"]
                ],
            }
        case "mute-timings.yaml":
            timings = [notifications.timing_of_file(it) for it in written["muteTimes"]]
            return {**version, "muteTimes": [{"orgId": 1, **notifications.timing_file(it)} for it in timings]}
        case "templates.yaml":
            return {
                **version,
                "templates": [
                    {"orgId": 1, **models.NotificationTemplate.from_json(it).to_json()} for it in written["templates"]
                ],
            }
        case _:
            raise ValueError(f"there is no reader for {name}")


def _difference(first: object, second: object, at: str = "") -> str:
    """The first place where they differ."""
    if isinstance(first, dict) and isinstance(second, dict):
        for key in [*first, *second]:
            if first.get(key) != second.get(key):
                return _difference(first.get(key), second.get(key), f"{at}.{key}")
    if isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for place, (one, other) in enumerate(zip(first, second)):
            if one != other:
                return _difference(one, other, f"{at}[{place}]")
    return f"{at}: {first!r} became {second!r}"
