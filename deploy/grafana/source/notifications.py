"""Who gets which message, when, and what is in it."""

from __future__ import annotations

import re

from grafana_foundation_sdk.builders import alerting
from grafana_foundation_sdk.models import alerting as models

from settings import WEEKDAYS, Settings

TITLE, MESSAGE = "floorwalker.title", "floorwalker.message"

# Uses what Prometheus' Alertmanager and Grafana both know, so that one of the two can be tried.
TEMPLATE = """\
{{ define "floorwalker.title" -}}
{{ if eq .Status "firing" }}{{ len .Alerts.Firing }} firing{{ else }}Over{{ end }}: {{ with .CommonLabels.alertname }}{{ . }}{{ else }}Floorwalker{{ end }}
{{- with .CommonLabels.team }} ({{ . }}){{ end }}
{{- end }}

{{ define "floorwalker.alert" -}}
{{ .Annotations.summary }} [{{ or .Labels.severity "no severity" }}, since {{ .StartsAt.UTC.Format "15:04" }} UTC]
{{- with .Annotations.why }}
  Why: {{ . }}{{ end }}
{{- with .Annotations.action }}
  Do:  {{ . }}{{ end }}
{{- with .Annotations.wallboard }}
  Wallboard: {{ . }}{{ end }}
{{- with .Annotations.dashboard }}
  Dashboard: {{ . }}{{ end }}
{{ end }}

{{ define "floorwalker.message" -}}
{{ range .Alerts.Firing }}{{ template "floorwalker.alert" . }}
{{ end }}
{{- if .Alerts.Resolved }}Over:
{{ range .Alerts.Resolved }}- {{ .Annotations.summary }}
{{ end }}{{ end }}
{{- end }}
"""


def files(settings: Settings) -> dict[str, dict]:
    """By file name, what provisioning reads."""
    return {
        "contact-points.yaml": {
            "apiVersion": 1,
            "contactPoints": [{"orgId": 1, **point} for point in contact_points_file(contact_points(settings))],
        },
        "policies.yaml": {"apiVersion": 1, "policies": [{"orgId": 1, **policy(settings).to_json()}]},
        "mute-timings.yaml": {
            "apiVersion": 1,
            "muteTimes": [{"orgId": 1, **timing_file(timing)} for timing in mute_timings(settings)],
        },
        "templates.yaml": {"apiVersion": 1, "templates": [{"orgId": 1, **template().to_json()}]},
    }


def template() -> models.NotificationTemplate:
    return alerting.NotificationTemplate().name("floorwalker").template(TEMPLATE).build()


def contact_points(settings: Settings) -> list[models.ContactPoint]:
    """An address for each audience and team; those of critical alerts also call the webhook."""
    contacts = settings.contacts
    addresses = {
        "supervisors": contacts["supervisors"],
        "operations": contacts["operations"],
        **{f"team {name}": to for name, to in settings.teams.items()},
    }
    points = []
    for name, to in addresses.items():
        points.append(_mail(name, to))
        points.append(_mail(f"{name}, critical", to))
        if contacts["webhook"]:
            points.append(_webhook(f"{name}, critical", str(contacts["webhook"])))
    return points


def _uid(name: str, kind: str) -> str:
    return "fw-" + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") + f"-{kind}"


def _mail(name: str, to: list[str]) -> models.ContactPoint:
    settings = {
        "addresses": ";".join(to),
        "singleEmail": True,
        "subject": f'{{{{ template "{TITLE}" . }}}}',
        "message": f'{{{{ template "{MESSAGE}" . }}}}',
    }
    return alerting.ContactPoint().name(name).uid(_uid(name, "mail")).type("email").settings(settings).build()


def _webhook(name: str, url: str) -> models.ContactPoint:
    settings = {
        "url": url,
        "httpMethod": "POST",
        "title": f'{{{{ template "{TITLE}" . }}}}',
        "message": f'{{{{ template "{MESSAGE}" . }}}}',
    }
    return alerting.ContactPoint().name(name).uid(_uid(name, "webhook")).type("webhook").settings(settings).build()


def contact_points_file(points: list[models.ContactPoint]) -> list[dict]:
    """Grouped by name, as files have them."""
    by_name: dict[str, list[dict]] = {}
    for point in points:
        fields = point.to_json()
        by_name.setdefault(str(fields.pop("name")), []).append(fields)
    return [{"name": name, "receivers": receivers} for name, receivers in by_name.items()]


def contact_points_of_file(written: list[dict]) -> list[models.ContactPoint]:
    """Reads the contact points of a file back into the SDK's models."""
    return [
        models.ContactPoint.from_json({**receiver, "name": point["name"]})
        for point in written
        for receiver in point["receivers"]
    ]


def policy(settings: Settings) -> models.NotificationPolicy:
    """The tree: by audience, then by team, then by severity. What has no audience goes to operations."""
    root = (
        alerting.NotificationPolicy()
        .receiver("operations")
        .group_by(["grafana_folder", "alertname"])
        .group_wait("30s")
        .group_interval("5m")
        .repeat_interval("12h")
    )
    of_teams = [_route("team", team, f"team {team}", "closed") for team in settings.teams]
    supervisors = _route("audience", "supervisors", "supervisors", "closed", of_teams)
    operations = _route("audience", "operations", "operations", "maintenance")
    return root.routes([supervisors, operations]).build()


def _route(
    label: str, value: str, receiver: str, muted: str, before: list[alerting.NotificationPolicy] | None = None
) -> alerting.NotificationPolicy:
    """One audience or team: critical ones at once and again after 15 minutes, the others together, and not while they are muted."""
    together = ["alertname", "team", "name", "queue", "instance"]
    critical = (
        alerting.NotificationPolicy()
        .object_matchers([["severity", "=", "critical"]])
        .receiver(f"{receiver}, critical")
        .group_by(together)
        .group_wait("0s")
        .group_interval("1m")
        .repeat_interval("15m")
    )
    others = (
        alerting.NotificationPolicy()
        .object_matchers([["severity", "!=", "critical"]])
        .receiver(receiver)
        .group_by(["alertname", "team"])
        .group_wait("1m")
        .group_interval("5m")
        .repeat_interval("4h")
        .mute_time_intervals([muted])
    )
    return (
        alerting.NotificationPolicy()
        .object_matchers([[label, "=", value]])
        .receiver(receiver)
        .group_by(together)
        .routes([*(before or []), critical, others])
    )


def mute_timings(settings: Settings) -> list[models.MuteTiming]:
    """Times of the day; one that ends before it begins goes on after midnight."""
    zone = str(settings.mute["zone"])
    timings = []
    for name in ("closed", "maintenance"):
        times = settings.mute[name]
        begin, end = times["from"], times["to"]
        spans = [(begin, end)] if begin < end else [(begin, "24:00"), ("00:00", end)]
        interval = models.TimeInterval(
            times=[models.TimeRange(from_val=since, to=until) for since, until in spans], location=zone
        )
        days = [WEEKDAYS.index(day) for day in times.get("weekdays", [])]
        if days:
            interval.weekdays = [models.WeekdayRange(begin=day, end=day) for day in days]
        timings.append(models.MuteTiming(name=name, time_intervals=[interval]))
    return timings


def timing_file(timing: models.MuteTiming) -> dict:
    """As files have it: hours by other names than the API's, and days of the week by name."""
    intervals = []
    for interval in timing.time_intervals or []:
        written: dict = {"times": [{"start_time": it.from_val, "end_time": it.to} for it in interval.times or []]}
        if interval.weekdays:
            written["weekdays"] = [WEEKDAYS[it.begin or 0] for it in interval.weekdays]
        intervals.append({**written, "location": interval.location})
    return {"name": timing.name, "time_intervals": intervals}


def timing_of_file(written: dict) -> models.MuteTiming:
    """Reads a mute timing of a file back into the SDK's model."""
    intervals = []
    for it in written["time_intervals"]:
        times = [{"from": time["start_time"], "to": time["end_time"]} for time in it["times"]]
        days = [{"begin": WEEKDAYS.index(day), "end": WEEKDAYS.index(day)} for day in it.get("weekdays", [])]
        weekdays = {"weekdays": days} if days else {}
        intervals.append({"times": times, "location": it["location"], **weekdays})
    return models.MuteTiming.from_json({"name": written["name"], "time_intervals": intervals})
