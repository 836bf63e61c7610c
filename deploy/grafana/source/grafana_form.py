"""Grafana's own alerting, of the same description: SDK models, and the form that Grafana's file provisioning reads."""

from __future__ import annotations

from grafana_foundation_sdk.builders import alerting, expr, prometheus
from grafana_foundation_sdk.models import alerting as models
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as dashboards

import boards
import notifications
import texts
from rule import Group, Rule
from settings import Settings, seconds

FOLDER = "Floorwalker"
# A multiple of ten seconds, as Grafana's scheduler has it.
EVERY = "20s"
EXPRESSION = common.DataSourceRef(type_val="__expr__", uid="__expr__")

# Names of the three steps, as Grafana gives them to Prometheus rules that it imports.
QUERY, ANY, FIRES = "query", "prometheus_math", "threshold"


def rule_groups(
    groups: list[Group], built: dict[str, dashboards.Dashboard], settings: Settings
) -> list[models.RuleGroup]:
    """A group of Grafana for each of ours."""
    return [
        models.RuleGroup(
            folder_uid=FOLDER,
            interval=seconds(EVERY),
            title=group.title,
            rules=[_rule(rule, group, built, settings) for rule in group.rules],
        )
        for group in groups
    ]


def _rule(rule: Rule, group: Group, built: dict[str, dashboards.Dashboard], settings: Settings) -> models.Rule:
    dashboard = built[rule.board]
    shown = {"__dashboardUid__": dashboard.uid or "", "__panelId__": str(boards.panel_id(dashboard, rule.panel))}
    annotations = texts.annotations(rule, dashboard.uid or "", settings, f"$values.{QUERY}.Value")
    # No data is what a rule without anything to report returns. That no data can be had is a matter for operations, once.
    unreachable = "Error" if rule.name == "FloorwalkerAbsent" else "KeepLast"
    made = (
        alerting.Rule(rule.name)
        .uid(f"fw-{rule.name.lower()}")
        .folder_uid(FOLDER)
        .rule_group(group.title)
        .org_id(1)
        .condition(FIRES)
        .for_val(rule.holds)
        .no_data_state("OK")
        .exec_err_state(unreachable)
        .annotations({**annotations, **shown})
        .labels(texts.labels(rule))
        .missing_series_evals_to_resolve(1)
    )
    for query in _steps(rule.expr, settings):
        made = made.with_query(query)
    return made.build()


def _steps(promql: str, settings: Settings) -> list[alerting.Query]:
    """Fires for whatever the expression returns, as in Prometheus: the same steps as Grafana makes of an imported rule."""
    source = common.DataSourceRef(type_val="prometheus", uid=settings.prometheus["uid"])
    asked = prometheus.Dataquery().ref_id(QUERY).datasource(source).expr(promql).instant()
    returned = f"is_number(${QUERY}) || is_nan(${QUERY}) || is_inf(${QUERY})"
    math = expr.TypeMath().ref_id(ANY).datasource(EXPRESSION).expression(returned)
    above = expr.ExprTypeThresholdConditionsEvaluator().type("gt").params([0.0])
    fires = (
        expr.TypeThreshold()
        .ref_id(FIRES)
        .datasource(EXPRESSION)
        .expression(ANY)
        .conditions([expr.ExprTypeThresholdConditions().evaluator(above)])
    )
    return [
        alerting.Query(QUERY)
        .datasource_uid(settings.prometheus["uid"])
        .relative_time_range(models.RelativeTimeRange(from_val=600, to=0))
        .model(asked),
        alerting.Query(ANY)
        .datasource_uid("__expr__")
        .relative_time_range(models.RelativeTimeRange(from_val=0, to=0))
        .model(math),
        alerting.Query(FIRES)
        .datasource_uid("__expr__")
        .relative_time_range(models.RelativeTimeRange(from_val=0, to=0))
        .model(fires),
    ]


def files(groups: list[Group], built: dict[str, dashboards.Dashboard], settings: Settings) -> dict[str, dict]:
    """By file name, what provisioning reads; still with SDK models in it."""
    return {
        "rules.yaml": {
            "apiVersion": 1,
            "groups": [group_file(group) for group in rule_groups(groups, built, settings)],
        },
        **notifications.files(settings),
    }


def group_file(group: models.RuleGroup) -> dict:
    """A group in the form of a file. Its folder is a name there, and its interval a duration."""
    return {
        "orgId": 1,
        "name": group.title,
        "folder": group.folder_uid,
        "interval": f"{group.interval}s",
        "rules": [_rule_file(rule.to_json()) for rule in group.rules or []],
    }


# Names that differ between the API, which the SDK models, and files.
RENAMED = {"keep_firing_for": "keepFiringFor", "missingSeriesEvalsToResolve": "missing_series_evals_to_resolve"}
OF_GROUP = ("orgID", "folderUID", "ruleGroup")


def _rule_file(rule: dict) -> dict:
    annotations = dict(rule["annotations"])
    shown = {"dashboardUid": annotations.pop("__dashboardUid__"), "panelId": int(annotations.pop("__panelId__"))}
    kept = {
        RENAMED.get(name, name): value
        for name, value in rule.items()
        if name not in (*OF_GROUP, "annotations", "uid", "title")
    }
    return {"uid": rule["uid"], "title": rule["title"], **kept, **shown, "annotations": annotations}


def group_of_file(written: dict) -> models.RuleGroup:
    """Reads a group of a file back into the SDK's model."""
    given = {new: old for old, new in RENAMED.items()}
    made = []
    for rule in written["rules"]:
        names = {
            given.get(name, name): value for name, value in rule.items() if name not in ("dashboardUid", "panelId")
        }
        annotations = {
            **rule["annotations"],
            "__dashboardUid__": rule["dashboardUid"],
            "__panelId__": str(rule["panelId"]),
        }
        group = {"orgID": written["orgId"], "folderUID": written["folder"], "ruleGroup": written["name"]}
        made.append(models.Rule.from_json({**names, "annotations": annotations, **group}))
    return models.RuleGroup(
        folder_uid=written["folder"], interval=seconds(written["interval"]), title=written["name"], rules=made
    )
