// The floor: what calls for somebody, then the queues, those in trouble first.

import { arrange, fill, h, setAttribute, setText } from "./dom.js";
import { judge, sortAlerts } from "./judge.js";
import { get } from "./live.js";
import { Incident, alertPath } from "./incident.js";
import { silencedParts } from "./silence.js";
import { Tile } from "./tile.js";
import { duration, kindAndName, number, percent, t, time, windowName, windowSeconds, word } from "./text.js";

/** Tiles change places this often at most: who reaches for one must not miss it. */
const SORT_EVERY = 4_000;
const SHOWN_URGENT = 6;
const TRENDS_EVERY = 60_000;
const AGENTS_EVERY = 10_000;
const SHOWN_OTHERS = 100;

export const mount = (app) => new Floor(app);

class Floor {
  title = t("nav.floor");
  #tiles = new Map();
  #incidents = new Map();
  #sortedAt = 0;
  #trends = new Map();
  #timers = [];
  #seen = null;
  cut = 0;
  rest = [];
  toCall = [];
  quiet = [];
  urgentByQueue = new Map();

  constructor(app) {
    this.app = app;
    const filter = h("input", { type: "search", name: "q", value: app.query("q"), placeholder: t("filter.queues"),
      "aria-label": t("filter.queues"), on: { input: () => {
        app.setQuery("q", filter.value);
        this.#draw(true);
      } } });
    this.filter = filter;
    this.calm = h("p", { class: "calm" }, t("calm"));
    this.urgent = h("ul", { class: "incidents" });
    this.moreUrgent = h("p", { class: "more" });
    this.customers = h("details", { class: "customers" }, h("summary"), h("div"));
    this.customers.addEventListener("toggle", () => this.#drawCustomers());
    this.others = h("details", { class: "others" }, h("summary"), h("div"));
    this.others.addEventListener("toggle", () => this.#drawOthers());
    this.silenced = h("details", { class: "silenced", hidden: true }, h("summary"), h("div"));
    this.silenced.addEventListener("toggle", () => this.#drawSilenced());
    this.strip = h("dl", { class: "strip" });
    this.grid = h("ul", { class: "tiles" });
    this.note = h("p", { class: "more" });
    this.element = h("div", { class: "floor" },
      h("h1", { class: "visually-hidden" }, t("nav.floor")),
      h("section", { "aria-labelledby": "alerts-title" },
        h("h2", { id: "alerts-title" }, t("alerts.now")), this.calm, this.urgent, this.moreUrgent, this.customers, this.others, this.silenced),
      h("section", { "aria-labelledby": "queues-title" },
        h("div", { class: "bar" }, h("h2", { id: "queues-title" }, t("queues")), filter), this.strip, this.grid, this.note));
    this.#drawStrip(null);
    this.#draw(true);
    this.#watch();
  }

  unmount() {
    this.#timers.forEach(clearInterval);
    this.observer?.disconnect();
    for (const tile of this.#tiles.values()) tile.chart?.destroy();
  }

  update(detail) {
    this.#draw(detail.all, detail.entities, detail.alerts);
  }

  tick() {
    const now = this.app.board.dataNow();
    for (const tile of this.#tiles.values()) tile.tick(now);
    for (const incident of this.#incidents.values()) incident.tick(now);
    if (this.app.isTv) this.#hideWhatDoesNotFit();
    if (performance.now() - this.#sortedAt > SORT_EVERY) this.#order();
  }

  #queues() {
    return [...this.app.board.groups.values()].filter(({ entity }) => entity.startsWith("queue:"));
  }

  /** Draws everything, or only the tiles of `entities` and, if alerts have changed, of those queues whose own have. */
  #draw(everything, entities = new Set(), hasAlerts = false) {
    const { board } = this.app;
    const before = this.urgentByQueue;
    if (everything || hasAlerts) this.#drawAlerts();
    const names = everything ? [] : [...entities, ...otherQueues(before, this.urgentByQueue).map((name) => `queue:${name}`)];
    const changed = everything ? this.#queues() : [...new Set(names)].map((entity) => board.groups.get(entity));
    let isNew = false;
    for (const group of changed) {
      if (!group?.entity.startsWith("queue:")) continue;
      const urgent = this.urgentByQueue.get(kindAndName(group.entity)[1]) ?? [];
      isNew = this.#drawTile(group, urgent) || isNew;
    }
    if (everything) this.#forgetTiles();
    if (everything || isNew) this.#order();
    if (everything || hasAlerts) this.tick();
  }

  #drawTile(group, urgent) {
    let tile = this.#tiles.get(group.entity);
    const isNew = !tile;
    if (isNew) {
      tile = new Tile(group.entity);
      this.#tiles.set(group.entity, tile);
      this.observer?.observe(tile.element);
    }
    const { board } = this.app;
    tile.update(group, judge(group.record, board.policies, urgent), urgent, board.dataNow());
    return isNew;
  }

  #forgetTiles() {
    for (const [entity, tile] of this.#tiles) {
      if (this.app.board.groups.has(entity)) continue;
      tile.chart?.destroy();
      this.#tiles.delete(entity);
    }
  }

  #order() {
    this.#sortedAt = performance.now();
    const wanted = this.filter.value.trim().toLowerCase();
    const has = (tile) => `${tile.title.textContent} ${tile.name}`.toLowerCase().includes(wanted);
    const tiles = [...this.#tiles.values()].filter(has);
    tiles.sort((one, other) => other.judged.score - one.judged.score || one.name.localeCompare(other.name));
    // Who works with the keyboard or points at a tile keeps it where it is.
    const isHeld = this.grid.matches(":focus-within, :has(.tile:hover)") && this.grid.children.length === tiles.length;
    if (!isHeld) arrange(this.grid, tiles.map((tile) => tile.element));
    const shown = this.#queues().length;
    const more = this.app.board.totals.groups - this.app.board.groups.size;
    const inTrouble = tiles.filter((tile) => tile.judged.state === "bad").length;
    setText(this.note, tiles.length === 0
      ? t(wanted ? "queues.none_fit" : "queues.none")
      : [t("queues.shown", { n: number(tiles.length - this.cut), all: number(shown), bad: number(inTrouble) }),
        more > 0 ? t("queues.not_shown", { n: number(more) }) : ""].join(" "));
  }

  /** Nobody scrolls a wall: no tile is cut through. */
  #hideWhatDoesNotFit() {
    const tiles = [...this.grid.children];
    for (const tile of tiles) setAttribute(tile, "hidden", false);
    const bottom = this.grid.getBoundingClientRect().bottom + 1;
    const cut = tiles.filter((tile) => tile.getBoundingClientRect().bottom > bottom);
    for (const tile of cut) setAttribute(tile, "hidden", true);
    if (cut.length !== this.cut) this.#sortedAt = -Infinity;
    this.cut = cut.length;
  }

  #drawAlerts() {
    const { urgent, customers, others, silenced } = sortAlerts([...this.app.board.alerts.values()]);
    this.toCall = customers;
    this.rest = others;
    this.quiet = silenced;
    this.urgentByQueue = new Map();
    for (const alert of urgent) {
      const name = alert.queue ?? (alert.group?.startsWith("queue:") ? kindAndName(alert.group)[1] : null);
      if (name === null) continue;
      this.urgentByQueue.set(name, [...(this.urgentByQueue.get(name) ?? []), alert]);
    }
    const shown = urgent.slice(0, SHOWN_URGENT);
    const kept = new Map();
    for (const alert of shown) {
      const card = this.#incidents.get(alert.id) ?? new Incident(this.app.report);
      card.update(alert);
      kept.set(alert.id, card);
    }
    this.#incidents = kept;
    arrange(this.urgent, [...kept.values()].map((card) => card.element));
    setAttribute(this.urgent, "hidden", shown.length === 0);
    setAttribute(this.calm, "hidden", urgent.length > 0);
    const more = urgent.length - shown.length;
    setAttribute(this.moreUrgent, "hidden", more === 0);
    if (more > 0) fill(this.moreUrgent, h("a", { href: "/alerts" }, t("alerts.more", { n: number(more) })));
    this.#announce(urgent);
    this.app.setCount(urgent.filter((alert) => !alert.ack).length);
    this.#drawCustomers();
    this.#drawOthers();
    this.#drawSilenced();
  }

  #announce(urgent) {
    const ids = new Set(urgent.map((alert) => alert.id));
    const fresh = this.#seen && urgent.find((alert) => !this.#seen.has(alert.id));
    this.#seen = ids;
    if (fresh) this.app.announce(t("alerts.new", { why: fresh.why }));
  }

  #drawCustomers() {
    setAttribute(this.customers, "hidden", this.toCall.length === 0);
    drawList(this.customers, this.toCall, "customers");
  }

  #drawOthers() {
    drawList(this.others, this.rest, this.rest.length === 0 ? "others.none" : "others");
  }

  #drawSilenced() {
    const [summary, body] = this.silenced.children;
    setAttribute(this.silenced, "hidden", this.quiet.length === 0);
    setText(summary, t("silenced.count", { n: number(this.quiet.length) }));
    const key = JSON.stringify([this.silenced.open, this.quiet.map(({ id, at, silenced_by: by }) => [id, at, by])]);
    // Who is about to tap must not miss the button.
    if (key === this.silencedKey) return;
    this.silencedKey = key;
    if (!this.silenced.open) return fill(body);
    const row = (alert) => h("li", { "data-severity": alert.severity }, lineOf(alert), " ", silencedParts(alert, this.app.report));
    fill(body, h("ul", {}, latest(this.quiet).map(row)));
  }

  /** The whole center in one line. Agents are means over the shortest window: nothing knows their state by the second. */
  #drawStrip(answer) {
    const record = this.app.board.groups.get("all")?.record;
    const live = record?.kpis.live ?? {};
    const item = (label, value, title) => h("div", { title }, h("dt", {}, label), h("dd", {}, value));
    const items = record ? [
      item(t("waiting"), number(live.waiting)),
      item(t("at_risk"), number(live.at_risk)),
      item(t("offered_in", { window: windowName(record.window) }), number(record.kpis.offered)),
      item(t("abandoned_share"), percent(record.kpis.abandonment?.value, 1)),
      item(t("aht"), duration(record.kpis.aht?.mean ?? NaN)),
    ] : [];
    const shortest = answer?.scorecards[0];
    const seconds = windowSeconds(shortest?.window);
    const times = shortest?.kpis.occupancy;
    if (times && Number.isFinite(seconds) && !shortest.partial) {
      const mean = (sum) => number(sum / seconds, 0);
      const away = Object.values(times.away).reduce((sum, it) => sum + it, 0);
      const title = t("agents.mean", { window: windowName(shortest.window) });
      items.push(item(t("agents.busy"), mean(times.occupied), title), item(t("agents.free"), mean(times.available), title),
        item(t("agents.away"), mean(away), title));
    }
    fill(this.strip, items);
  }

  /** What the stream doesn't bring: trends, and the agents of the whole center. */
  #watch() {
    const agents = async () => this.#drawStrip(await get("/api/v1/entities/all/kpis").catch(() => null));
    const trends = async () => {
      const answer = await get("/api/v1/trends?kind=queue").catch(() => null);
      if (!answer) return;
      this.#trends = new Map(Object.entries(answer.trends));
      const { Spark } = await import("./chart.js");
      this.Spark = Spark;
      for (const tile of this.#tiles.values()) if (tile.isVisible) this.#drawTrend(tile);
    };
    this.observer = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        const tile = this.#tiles.get(entry.target.dataset.entity);
        if (!tile) continue;
        tile.isVisible = entry.isIntersecting;
        if (tile.isVisible && this.Spark) this.#drawTrend(tile);
      }
    }, { rootMargin: "200px" });
    for (const tile of this.#tiles.values()) this.observer.observe(tile.element);
    this.#timers.push(setInterval(agents, AGENTS_EVERY), setInterval(trends, TRENDS_EVERY));
    // The figures come first.
    requestIdleCallback(() => { agents(); trends(); }, { timeout: 1_000 });
  }

  #drawTrend(tile) {
    const trend = this.#trends.get(tile.entity);
    if (!trend) return;
    const main = tile.judged.main;
    const level = main && trend.sla[main.name];
    tile.chart ??= new this.Spark(tile.spark);
    if (level) tile.chart.draw(trend.at, level, { max: 1, target: main.target });
    else tile.chart.draw(trend.at, trend.waiting, {});
  }
}

const latest = (alerts) =>
  [...alerts].sort((one, other) => String(other.starts_at).localeCompare(String(one.starts_at))).slice(0, SHOWN_OTHERS);

/** Alerts by rule behind one tap. `label` names the text that has them as `list`. */
function drawList(details, alerts, label) {
  const [summary, body] = details.children;
  const counts = new Map();
  for (const alert of alerts) counts.set(alert.rule, (counts.get(alert.rule) ?? 0) + 1);
  setText(summary, t(label, { list: [...counts].map(([rule, n]) => `${word("rule", rule)} ${number(n)}`).join(", ") }));
  if (!details.open) return fill(body);
  const row = (alert) => h("li", { "data-severity": alert.severity }, lineOf(alert),
    alert.ack ? ` (${t("ack.short", { name: alert.ack.by })})` : "",
    alert.inhibited_by ? h("span", { class: "covered" }, ` ${t("covered")}`) : "");
  fill(body, h("ul", {}, latest(alerts).map(row)),
    h("p", {}, h("a", { href: "/alerts" }, t("alerts.all"))));
}

const lineOf = (alert) => [h("time", { datetime: alert.starts_at }, time(alert.starts_at)), " ", h("a", { href: alertPath(alert.id) }, alert.why)];

/** The queues whose alerts differ between two maps of alerts by queue. */
function otherQueues(before, now) {
  if (before === now) return [];
  const key = (alerts) => (alerts ?? []).map(({ id, severity }) => `${id} ${severity}`).join();
  return [...new Set([...before.keys(), ...now.keys()])].filter((name) => key(before.get(name)) !== key(now.get(name)));
}
