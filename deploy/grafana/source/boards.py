"""The dashboards: what is on each, and where it leads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard as board
from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as models

import agents_board
import alerts_board
import engine_board
import floor_board
import panels
import queries as q
import queue_board
from settings import Settings


@dataclass(frozen=True)
class Board:
    key: str
    title: str
    uid: str
    description: str
    # Its variables beside `datasource`, `wallboard` and `window`.
    variables: list[str]
    windowed: bool
    panels: Callable[[Settings], list]


BOARDS: dict[str, Board] = {
    it.key: it
    for it in (
        Board(
            "floor",
            "Floor",
            "floorwalker-floor",
            "How it goes on the whole floor, and which queue needs somebody.",
            ["channel"],
            True,
            floor_board.panels_of,
        ),
        Board(
            "queue",
            "Queue",
            "floorwalker-queue",
            "One queue or several: waits, promises, what agents do there.",
            ["queue"],
            True,
            queue_board.panels_of,
        ),
        Board(
            "agents",
            "Agents and teams",
            "floorwalker-agents",
            "Teams, and the agents who surely miss the most.",
            ["team", "agent"],
            True,
            agents_board.panels_of,
        ),
        Board(
            "alerts",
            "Alerts",
            "floorwalker-alerts",
            "What fires, where, and who has taken it up.",
            ["team", "queue", "rule", "severity", "alert"],
            False,
            alerts_board.panels_of,
        ),
        Board(
            "engine",
            "Engine",
            "floorwalker-engine",
            "Is Floorwalker itself well?",
            ["instance", "topic"],
            False,
            engine_board.panels_of,
        ),
    )
}

# Label, query for its values, and what is meant by All.
LISTS: dict[str, tuple[str, str]] = {
    "queue": ("Queue", 'label_values(floorwalker_offered_waits{kind="queue"}, name)'),
    "channel": ("Channel", 'label_values(floorwalker_offered_waits{kind="channel"}, name)'),
    "team": ("Team", 'label_values(floorwalker_offered_waits{kind="team"}, name)'),
    "agent": ("Agent", 'label_values(floorwalker_offered_waits{kind="agent"}, name)'),
    "rule": ("Rule", f"label_values({q.ALERTS}, rule)"),
    "severity": ("Severity", f"label_values({q.ALERTS}, severity)"),
    "instance": ("Process", "label_values(floorwalker_ready, instance)"),
    "topic": ("Topic", "label_values(floorwalker_input_lag_records, topic)"),
}


def build(it: Board, settings: Settings) -> models.Dashboard:
    """One dashboard, with ids for its panels in their order."""
    built = (
        board.Dashboard(it.title)
        .uid(it.uid)
        .description(it.description)
        .tags(["floorwalker"])
        .editable()
        .timezone("browser")
        .refresh("10s")
        .time("now-1h", "now")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
    )
    for variable in _variables(it, settings):
        built = built.with_variable(variable)
    for annotation in _annotations(it, settings):
        built = built.annotation(annotation)
    for link in _links(it):
        built = built.link(link)
    for panel in it.panels(settings):
        built = built.with_panel(panel)
    dashboard = built.build()
    for number, panel in enumerate(dashboard.panels or [], 1):
        panel.id_val = number
    return dashboard


def panel_id(dashboard: models.Dashboard, title: str) -> int:
    """The id of the panel with this title. Raises `KeyError` if there is none or two."""
    found = [panel.id_val for panel in dashboard.panels or [] if panel.title == title]
    if len(found) != 1:
        raise KeyError(f"the dashboard {dashboard.title} has {len(found)} panels with the title {title!r}")
    return found[0]


def _variables(it: Board, settings: Settings) -> list:
    source = settings.prometheus
    wallboard = settings.links["floorwalker"]
    variables = [
        board.DatasourceVariable("datasource")
        .label("Data source")
        .type("prometheus")
        .current(models.VariableOption(text=source["name"], value=source["uid"])),
        board.TextBoxVariable("wallboard")
        .label("Floorwalker")
        .description("Where Floorwalker answers, as your browser reaches it")
        .default_value(wallboard)
        .current(models.VariableOption(text=wallboard, value=wallboard)),
    ]
    if it.windowed:
        usual = settings.windows["usual"]
        offered = "label_values(floorwalker_offered_waits, window)"
        variables.append(
            board.QueryVariable("window")
            .label("Window")
            .datasource(panels.SOURCE)
            .query({"query": offered, "refId": "window"})
            .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(models.VariableSort.DISABLED)
            .current(models.VariableOption(text=usual, value=usual))
        )
    variables.extend(_variable(name) for name in it.variables)
    return variables


def _variable(name: str):
    if name == "alert":
        return (
            board.TextBoxVariable("alert")
            .label("Alert id")
            .description("Of one alert, as messages and the API name it: the link above leads to its page")
            .default_value("")
        )
    label, query = LISTS[name]
    return (
        board.QueryVariable(name)
        .label(label)
        .datasource(panels.SOURCE)
        .query({"query": query, "refId": name})
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(models.VariableOption(text="All", value="$__all"))
    )


def _annotations(it: Board, settings: Settings) -> list:
    """Grafana's own alerts; alerts that Prometheus' rules raise; alerts of Floorwalker about queues and more."""
    where = {"queue": {"queue": "~$queue"}, "alerts": {"queue": "~$queue", "rule": "~$rule"}}.get(it.key, {})
    own = q.labels(rule="!~" + q.OF_CONTACTS, **where) if "rule" not in where else q.labels(**where)
    grafana = (
        board.AnnotationQuery()
        .name("Alerts of Grafana")
        .datasource(common.DataSourceRef(type_val="grafana", uid="-- Grafana --"))
        .enable(True)
        .hide(True)
        .icon_color("rgba(0, 211, 255, 1)")
        .type("dashboard")
        .built_in(1)
    )

    def of_prometheus(name: str, expr: str, color: str, title: str, text: str, tags: str, shown: bool):
        target = prometheus.Dataquery().ref_id("Anno").expr(expr).interval("10s")
        return (
            board.AnnotationQuery()
            .name(name)
            .datasource(panels.SOURCE)
            .enable(shown)
            .icon_color(color)
            .target(target)
            .expr(expr)
            .step("10s")
            .title_format(title)
            .text_format(text)
            .tag_keys(tags)
        )

    audience = "operations" if it.key == "engine" else "supervisors"
    fired = f"ALERTS{q.labels(alertstate='firing', audience=audience)}"
    return [
        grafana,
        of_prometheus(
            "Alerts of Prometheus",
            fired,
            "orange",
            "{{alertname}} {{name}}{{queue}}",
            "{{severity}} {{policy}}",
            "alertname,severity,team",
            True,
        ),
        of_prometheus(
            "Alerts of Floorwalker",
            f"sum by (rule, severity, queue) ({q.ALERTS}{own}) > 0",
            "red",
            "{{rule}} {{queue}}",
            "{{severity}}",
            "rule,severity",
            it.key != "engine",
        ),
    ]


def _links(it: Board) -> list:
    """To the other dashboards with what is chosen, and into the wallboard."""
    wallboard = panels.WALLBOARD
    others = (
        board.DashboardLink("Floorwalker")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags(["floorwalker"])
        .as_dropdown(False)
        .include_vars(True)
        .keep_time(True)
    )
    pages = [("Wallboard", f"{wallboard}/")]
    if it.key == "queue":
        pages.append(("Queue on the wallboard", wallboard + "/queues/${queue:percentencode}"))
    if it.key == "agents":
        pages.append(("Agent on the wallboard", wallboard + "/agents/${agent:percentencode}"))
    if it.key == "alerts":
        pages.append(("Alert on the wallboard", wallboard + "/alerts/${alert:percentencode}"))
    return [others, *(panels.link(title, url, new_tab=True) for title, url in pages)]
