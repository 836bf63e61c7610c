// A queue, team, site, channel or everything: figures by window, charts, its alerts.

import { fill, h, setAttribute } from "./dom.js";
import { Incident } from "./incident.js";
import { judge, levels, sortAlerts } from "./judge.js";
import { get } from "./live.js";
import { Tile } from "./tile.js";
import { drawTrend, trendParts } from "./trend.js";
import { duration, interval, kindAndName, number, percent, t, time, windowName, windowSeconds, word } from "./text.js";

const LOOK_AGAIN = 5_000;
const CHARTS_EVERY = 30_000;

export const mount = (app, entity) => new Group(app, entity);

class Group {
  #gone = new AbortController();
  #incidents = new Map();

  constructor(app, entity) {
    this.app = app;
    this.entity = entity;
    const [kind, name] = kindAndName(entity);
    this.kind = kind;
    this.name = name;
    this.title = entity === "all" ? t("everything") : name;
    this.heading = h("h1", {}, `${word("kind", kind)} ${this.title}`);
    if (entity === "all") this.heading.textContent = this.title;
    this.now = h("ul", { class: "tiles single" });
    this.alerts = h("ul", { class: "incidents" });
    this.figures = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t("figures") });
    this.trend = trendParts();
    this.none = h("p", { hidden: true }, t("group.none", { name: this.title }));
    this.element = h("div", { class: "group-page" }, this.heading, this.none, this.alerts, this.now,
      h("section", {}, h("h2", {}, t("figures")), this.figures),
      h("section", { "aria-labelledby": "trend-title" }, h("h2", { id: "trend-title" }, t("trend")), this.trend.element));
    this.update({ all: true, entities: new Set() });
    this.load();
    this.draw();
    this.timers = [setInterval(() => this.load(), LOOK_AGAIN), setInterval(() => this.draw(), CHARTS_EVERY)];
  }

  unmount() {
    this.timers.forEach(clearInterval);
    this.#gone.abort();
    this.trend.destroy();
  }

  update(detail) {
    const { board } = this.app;
    if (!detail.all && !detail.alerts && !detail.entities.has(this.entity)) return;
    const own = [...board.alerts.values()].filter((alert) => this.#isOwn(alert));
    const { urgent } = sortAlerts(own);
    const kept = new Map();
    for (const alert of urgent) {
      const card = this.#incidents.get(alert.id) ?? new Incident(this.app.report);
      card.update(alert);
      kept.set(alert.id, card);
    }
    this.#incidents = kept;
    fill(this.alerts, [...kept.values()].map((card) => card.element));
    setAttribute(this.alerts, "hidden", kept.size === 0);
    const group = board.groups.get(this.entity);
    if (group) {
      this.tile ??= this.#makeTile();
      this.tile.update(group, judge(group.record, board.policies, urgent), [], board.dataNow());
    }
    this.tick();
  }

  /** The same as on the floor, without a link to itself. */
  #makeTile() {
    const tile = new Tile(this.entity, "h2");
    tile.title.removeAttribute("href");
    tile.spark.remove();
    fill(this.now, tile.element);
    return tile;
  }

  #isOwn(alert) {
    if (this.kind === "queue") return alert.queue === this.name || alert.subject === this.entity;
    return this.entity === "all" ? alert.subject === "all" : alert.subject === this.entity || alert.group === this.entity;
  }

  tick() {
    const now = this.app.board.dataNow();
    this.tile?.tick(now);
    for (const card of this.#incidents.values()) card.tick(now);
  }

  async load() {
    const path = `/api/v1/entities/${encodeURIComponent(this.entity)}/kpis`;
    const answer = await get(path, this.#gone.signal).catch(() => undefined);
    if (answer === undefined) return;
    setAttribute(this.none, "hidden", answer !== null);
    if (answer) fill(this.figures, figureTable(answer.scorecards, this.app.board.policies));
  }

  async draw() {
    const own = [...this.app.board.alerts.values()].filter((alert) => this.#isOwn(alert));
    const marks = sortAlerts(own).urgent.map((alert) =>
      ({ at: Date.parse(alert.starts_at), label: word("rule", alert.rule), color: "--bad" }));
    await drawTrend(this.app, this.trend, { entity: this.entity, marks, signal: this.#gone.signal });
  }
}

/** Figures down, windows across. Rows that no window has a value for are left out. */
export function figureTable(scorecards, policies) {
  const isAgent = scorecards[0].entity.startsWith("agent:");
  const share = (ratio) => (ratio?.den > 0 ? `${percent(ratio.value, 1)} (${interval(ratio.interval)})` : "–");
  const length = (value) => duration(value ?? NaN);
  const names = [...new Set(scorecards.flatMap((card) => Object.keys(card.kpis.sla)))];
  const level = (name) => (card) => {
    const found = levels(card, policies).find((it) => it.name === name);
    return found ? `${percent(found.share)} (${interval([found.low, found.high])}), n ${number(found.n)}` : "–";
  };
  const target = (name) => policies.get(name)?.target;
  // One agent has a length of time in a state, a group a mean number of agents.
  const times = (pick) => ({ kpis, window, partial }) => {
    if (!kpis.occupancy) return "–";
    if (isAgent) return duration(pick(kpis.occupancy));
    const seconds = windowSeconds(window);
    return Number.isFinite(seconds) && !partial ? number(pick(kpis.occupancy) / seconds, 1) : "–";
  };
  const kind = isAgent ? "time" : "agents";
  const rows = [
    ...names.map((name) => [Number.isFinite(target(name)) ? t("level_row", { policy: name, target: percent(target(name)) }) : name, level(name)]),
    [t("offered"), (card) => number(card.kpis.offered)],
    [t("answered"), (card) => number(card.kpis.answered)],
    [t("abandoned_share"), (card) => share(card.kpis.abandonment)],
    [t("asa"), (card) => length(card.kpis.asa?.mean)],
    [t("aht"), (card) => length(card.kpis.aht?.mean)],
    [t("talk_hold_wrap"), (card) => (card.kpis.aht?.n > 0
      ? [card.kpis.aht.talk, card.kpis.aht.hold, card.kpis.aht.wrap].map(length).join(" / ") : "–")],
    [t("fcr"), (card) => share(card.kpis.fcr)],
    [t("transfers"), (card) => share(card.kpis.transfer_rate)],
    [t("offer_miss"), (card) => share(card.kpis.offer_miss)],
    [t("csat"), (card) => (card.kpis.csat?.n > 0 ? `${percent(card.kpis.csat.mean)}, n ${number(card.kpis.csat.n)}` : "–")],
    [t("csat_low"), (card) => share(card.kpis.csat?.low)],
    [t("occupancy"), (card) => percent(card.kpis.occupancy?.value)],
    [t(`${kind}.busy_mean`), times((of) => of.occupied)],
    [t(`${kind}.free_mean`), times((of) => of.available)],
    ...[...new Set(scorecards.flatMap((card) => Object.keys(card.kpis.occupancy?.away ?? {})))]
      .map((reason) => [t(`${kind}.away_mean`, { reason }), times((of) => of.away[reason] ?? 0)]),
  ].map(([label, value]) => [label, scorecards.map(value)]).filter(([, values]) => values.some((value) => value !== "–"));
  return h("table", { class: "figures" }, h("caption", { class: "visually-hidden" }, t("figures")),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("figure")),
      scorecards.map((card) => h("th", { scope: "col", class: "number", title: t("as_of", { time: time(card.clock) }) },
        windowName(card.window), card.partial ? h("abbr", { title: t("partial") }, " *") : "")))),
    h("tbody", {}, rows.map(([label, values]) => h("tr", {}, h("th", { scope: "row" }, label),
      values.map((value) => h("td", { class: "number" }, value))))),
    scorecards.some((card) => card.partial) ? h("tfoot", {}, h("tr", {}, h("td", { colspan: scorecards.length + 1 }, `* ${t("partial")}`))) : null);
}
