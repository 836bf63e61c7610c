// The last two hours of a queue or group as charts, with the same numbers as a table.

import { Chart } from "./chart.js";
import { fill, h, setAttribute, setText } from "./dom.js";
import { get } from "./live.js";
import { number, percent, duration, t, time, windowName } from "./text.js";

const KINDS = ["level", "waiting", "longest", "handle"];

export function trendParts() {
  const parts = KINDS.map((kind) => {
    const canvas = h("div", { class: "chart", "aria-hidden": "true" });
    const caption = h("figcaption", {}, "");
    return { kind, caption, canvas, element: h("figure", { hidden: true }, caption, canvas), chart: null };
  });
  const none = h("p", { hidden: true }, t("trend.none"));
  const table = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t("trend.table") });
  const details = h("details", { hidden: true }, h("summary", {}, t("trend.table")), table);
  const element = h("div", { class: "charts" }, none, parts.map((part) => part.element), details);
  return { element, parts, none, details, table, destroy: () => parts.forEach(({ chart }) => chart?.destroy()) };
}

/** Fetches and draws. `marks` are instants; without `from` and `until` all that there is. */
export async function drawTrend(app, view, { entity, policy, marks = [], from = NaN, until = NaN, signal }) {
  const answer = await get(`/api/v1/trends?entity=${encodeURIComponent(entity)}`, signal).catch(() => null);
  if (signal?.aborted) return;
  const trend = answer?.trends[entity];
  const isInside = (at) => !(at < from - 60_000) && !(at > until + 60_000);
  const has = Boolean(trend?.at.some(isInside));
  setAttribute(view.none, "hidden", has);
  setAttribute(view.details, "hidden", !has);
  if (!has) {
    for (const { element } of view.parts) setAttribute(element, "hidden", true);
    return;
  }
  const policies = Object.keys(trend.sla).filter((name) => policy === undefined || policy === null || name === policy);
  const target = policies.length === 1 ? app.board.policies.get(policies[0])?.target : NaN;
  const colors = ["--line", "--line-2", "--line-3", "--line-4"];
  const window = windowName(trend.window);
  const charts = {
    level: { title: t("trend.level", { window }), unit: "share", max: 1, target,
      series: policies.slice(0, 4).map((name, index) => ({ label: name, values: trend.sla[name], color: colors[index] })) },
    waiting: { title: t("trend.waiting"), unit: "count", series: [
      { label: t("waiting"), values: trend.waiting, color: "--line" },
      { label: t("at_risk"), values: trend.at_risk, color: "--line-2" },
    ] },
    longest: { title: t("trend.longest"), unit: "seconds",
      series: [{ label: t("longest"), values: trend.longest_wait.map((it) => it ?? 0), color: "--line" }] },
    handle: { title: t("trend.handle", { window }), unit: "seconds",
      series: [{ label: t("aht"), values: trend.aht, color: "--line" }] },
  };
  for (const part of view.parts) {
    const { title, ...options } = charts[part.kind];
    const isEmpty = options.series.every(({ values }) => values.every((value) => value === null));
    setAttribute(part.element, "hidden", isEmpty);
    if (isEmpty) continue;
    setText(part.caption, Number.isFinite(options.target) ? `${title}; ${t("target")} ${percent(options.target)}` : title);
    part.chart ??= new Chart(part.canvas);
    part.chart.draw({ ...options, at: trend.at, marks, from, until });
  }
  drawTable(view.table, trend, policies, isInside);
}

function drawTable(element, trend, policies, isInside) {
  const heads = [t("time"), ...policies, t("waiting"), t("longest"), t("at_risk"), t("offered"), t("abandoned"), t("aht")];
  const rows = trend.at.map((at, index) => ({ at, index })).filter(({ at }) => isInside(at)).reverse();
  const cells = ({ at, index }) => [time(at, { seconds: false }), ...policies.map((name) => percent(trend.sla[name][index] ?? NaN)),
    number(trend.waiting[index]), duration(trend.longest_wait[index] ?? NaN), number(trend.at_risk[index]),
    number(trend.offered[index]), number(trend.abandoned[index]), duration(trend.aht[index] ?? NaN)];
  fill(element, h("table", {}, h("caption", { class: "visually-hidden" }, t("trend.table")),
    h("thead", {}, h("tr", {}, heads.map((head, index) => h("th", { scope: "col", class: index > 0 ? "number" : null }, head)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, cells(row).map((cell, index) =>
      h(index === 0 ? "th" : "td", { scope: index === 0 ? "row" : null, class: index > 0 ? "number" : null }, cell)))))));
}
