"""Panels as the dashboards use them."""

from __future__ import annotations

from grafana_foundation_sdk.builders import (
    bargauge,
    prometheus,
    stat,
    table,
    text,
    timeseries,
)
from grafana_foundation_sdk.builders import (
    common as common_builder,
)
from grafana_foundation_sdk.builders import (
    dashboard as board,
)
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataTransformerConfig,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")

# Of a page of the wallboard for the value of a cell.
WALLBOARD = "${wallboard}"
CELL = "${__value.text:percentencode}"
TIME = "${__url_time_range}"

# By which limits a value turns orange and red; of shares that are good when high, red and orange below.
HIGH_IS_BAD: dict[str, tuple[float, float]] = {
    "waiting": (5, 15),
    "wait": (60, 300),
    "alerts": (1, 10),
    "behind": (10, 60),
    "abandonment": (0.05, 0.1),
    "occupancy": (0.85, 0.92),
    "burn": (1, 2),
    "receiver": (60, 300),
    "delivery": (15, 60),
}


def query(expr: str, legend: str = "", ref: str = "A") -> prometheus.Dataquery:
    """What a graph shows."""
    return prometheus.Dataquery().ref_id(ref).datasource(SOURCE).expr(expr).legend_format(legend).range()


def now(expr: str, legend: str = "", ref: str = "A", cells: bool = False) -> prometheus.Dataquery:
    """The newest value; as rows of a table with `cells`."""
    built = prometheus.Dataquery().ref_id(ref).datasource(SOURCE).expr(expr).legend_format(legend).instant()
    return built.format(PromQueryFormat.TABLE) if cells else built


def steps(*limits: tuple[str, float | None]) -> board.ThresholdsConfig:
    return (
        board.ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Threshold(color=color, value=value) for color, value in limits])
    )


def bad_from(of: str) -> board.ThresholdsConfig:
    orange, red = HIGH_IS_BAD[of]
    return steps(("green", None), ("orange", orange), ("red", red))


def bad_below(orange: float, green: float) -> board.ThresholdsConfig:
    return steps(("red", None), ("orange", orange), ("green", green))


def link(title: str, url: str, new_tab: bool = False) -> board.DashboardLink:
    return board.DashboardLink(title).type(DashboardLinkType.LINK).url(url).target_blank(new_tab)


def number(
    title: str,
    help: str,
    expr: str,
    unit: str,
    limits: board.ThresholdsConfig,
    url: str = "",
    none: str = "–",
    width: int = 4,
):
    """One figure of now, on its colour."""
    built = (
        stat.Panel()
        .title(title)
        .description(help)
        .datasource(SOURCE)
        .with_target(now(expr))
        .unit(unit)
        .thresholds(limits)
        .no_value(none)
        .reduce_options(common_builder.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields(""))
        .color_mode(common.BigValueColorMode.BACKGROUND)
        .graph_mode(common.BigValueGraphMode.NONE)
        .span(width)
        .height(4)
    )
    return built.links([link(title, url)]) if url else built


def graph(
    title: str,
    help: str,
    queries: list[tuple[str, str]],
    unit: str,
    width: int = 12,
    limits: board.ThresholdsConfig | None = None,
    stacked: bool = False,
    share: bool = False,
    url: str = "",
):
    """Values over time; `queries` are expressions and legends."""
    built = (
        timeseries.Panel()
        .title(title)
        .description(help)
        .datasource(SOURCE)
        .unit(unit)
        .line_width(1)
        .fill_opacity(30 if stacked else 0)
        .show_points(common.VisibilityMode.NEVER)
        .span_nulls(False)
        .span(width)
        .height(8)
        .legend(
            common_builder.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.TABLE)
            .placement(common.LegendPlacement.RIGHT)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
        .tooltip(
            common_builder.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)
        )
    )
    for ref, (expr, legend) in zip("ABCDEF", queries):
        built = built.with_target(query(expr, legend, ref))
    built = built.min(0)
    if share:
        built = built.max(1)
    if stacked:
        built = built.stacking(common_builder.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
    if limits is not None:
        built = built.thresholds(limits).thresholds_style(
            common_builder.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.LINE)
        )
    return built.links([link(title, url)]) if url else built


def bars(
    title: str,
    help: str,
    expr: str,
    legend: str,
    unit: str,
    limits: board.ThresholdsConfig,
    width: int = 12,
    maximum: float | None = None,
):
    """Now, a bar for each series."""
    built = (
        bargauge.Panel()
        .title(title)
        .description(help)
        .datasource(SOURCE)
        .with_target(now(expr, legend))
        .unit(unit)
        .thresholds(limits)
        .min(0)
        .reduce_options(common_builder.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields(""))
        .orientation(common.VizOrientation.HORIZONTAL)
        .display_mode(common.BarGaugeDisplayMode.BASIC)
        .span(width)
        .height(8)
    )
    return built.max(maximum) if maximum is not None else built


class Column:
    """A column of a table: an expression by the table's key, its unit and the limits that colour it."""

    def __init__(self, title: str, expr: str, unit: str, limits: board.ThresholdsConfig | None = None) -> None:
        self.title, self.expr, self.unit, self.limits = title, expr, unit, limits


def rows(
    title: str,
    help: str,
    key: tuple[str, str],
    columns: list[Column],
    links: list[tuple[str, str]],
    width: int = 24,
    height: int = 10,
):
    """A row for each value of the label `key[0]`, which is shown as `key[1]` and leads to `links`."""
    label, heading = key
    built = table.Panel().title(title).description(help).datasource(SOURCE).span(width).height(height)
    refs = "ABCDEFGHIJ"[: len(columns)]
    for ref, column in zip(refs, columns):
        built = built.with_target(now(column.expr, ref=ref, cells=True))
    names = {f"Value #{ref}": column.title for ref, column in zip(refs, columns)}
    if len(columns) == 1:
        names = {"Value": columns[0].title}
    built = built.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    order = {label: 0, **{name: place for place, name in enumerate(names, 1)}}
    organize = {"excludeByName": {"Time": True}, "indexByName": order, "renameByName": {label: heading, **names}}
    built = built.with_transformation(DataTransformerConfig(id_val="organize", options=organize))
    for column in columns:
        properties = [DynamicConfigValue(id_val="unit", value=column.unit)]
        if column.limits is not None:
            properties.append(DynamicConfigValue(id_val="thresholds", value=column.limits.build()))
            properties.append(
                DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-background", "mode": "basic"})
            )
        built = built.override_by_name(column.title, properties)
    leads = [{"title": text, "url": url, "targetBlank": url.startswith(WALLBOARD)} for text, url in links]
    return built.override_by_name(heading, [DynamicConfigValue(id_val="links", value=leads)])


def note(content: str, width: int = 24, height: int = 3):
    """Text for people."""
    return text.Panel().title("").transparent(True).content(content).mode("markdown").span(width).height(height)


def alert_list(title: str, help: str, labels: str, width: int = 12):
    """The state of Grafana's own rules. The SDK has no builder for this kind of panel: its options are written out."""
    options = {
        "viewMode": "list",
        "groupMode": "default",
        "maxItems": 30,
        "sortOrder": 1,
        "dashboardAlerts": False,
        "alertName": "",
        "alertInstanceLabelFilter": labels,
        "stateFilter": {"firing": True, "pending": True, "noData": True, "normal": False, "error": True},
    }
    return board.Panel().type("alertlist").title(title).description(help).options(options).span(width).height(10)
