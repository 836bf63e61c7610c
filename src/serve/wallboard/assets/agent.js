// One agent: measures with their intervals, each beside the median of peers of the same queue and channel and beside the agent's own past.

import { fill, h, setAttribute } from "./dom.js";
import { figureTable } from "./group.js";
import { get } from "./live.js";
import { queuePath } from "./tile.js";
import { duration, number, percent, t, time, windowName, word } from "./text.js";

const LOOK_AGAIN = 10_000;
const SECONDS = new Set(["aht", "talk", "hold", "wrap", "asa", "first_response"]);

export const mount = (app, name) => new Agent(app, name);

class Agent {
  #gone = new AbortController();

  constructor(app, name) {
    this.app = app;
    this.name = name;
    this.title = name;
    this.cards = h("div");
    this.figures = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t("figures") });
    this.praise = h("section", { "aria-labelledby": "recognition-title", hidden: true });
    this.none = h("p", { hidden: true }, t("agent.none", { name }));
    this.element = h("div", { class: "agent-page" }, h("h1", {}, t("agent_of", { name })), this.none, this.praise,
      h("section", { "aria-labelledby": "cards-title" }, h("h2", { id: "cards-title" }, t("scorecards")),
        h("p", {}, t("scorecards.how")), this.cards),
      h("section", {}, h("h2", {}, t("figures")), this.figures));
    this.load();
    this.timer = setInterval(() => this.load(), LOOK_AGAIN);
  }

  unmount() {
    clearInterval(this.timer);
    this.#gone.abort();
  }

  async load() {
    const name = encodeURIComponent(this.name);
    try {
      const [cards, kpis, praise] = await Promise.all([
        get(`/api/v1/agents/${name}/scorecard`, this.#gone.signal),
        get(`/api/v1/entities/${encodeURIComponent(`agent:${this.name}`)}/kpis`, this.#gone.signal),
        get(`/api/v1/recognitions?agent=${name}&limit=10`, this.#gone.signal)]);
      setAttribute(this.none, "hidden", cards !== null || kpis !== null);
      fill(this.cards, cards ? cards.scorecards.map(card) : h("p", {}, t("scorecards.none")));
      this.#show(praise?.recognitions ?? []);
      if (kpis) fill(this.figures, figureTable(kpis.scorecards, this.app.board.policies));
    } catch (error) {
      if (!this.#gone.signal.aborted) this.app.report(error.message, true);
    }
  }

  /** What the agent has done well, newest first. Without any nothing is shown: it is no list of what is missing. */
  #show(recognitions) {
    setAttribute(this.praise, "hidden", recognitions.length === 0);
    fill(this.praise, h("h2", { id: "recognition-title" }, t("recognition")), h("ul", {}, recognitions.map((it) =>
      h("li", {}, h("strong", {}, word("rule", it.rule)), ` · ${time(it.at)} · ${it.why}`))));
  }
}

function card(record) {
  const rows = Object.entries(record.measures ?? {}).filter(([, measure]) => measure.n > 0);
  return h("section", { class: "scorecard" },
    h("h3", {}, h("a", { href: queuePath(record.queue) }, record.queue), ` · ${record.channel} · ${windowName(record.window)}`),
    record.guard?.raised && record.guard.sentence ? h("p", { class: "guard" }, record.guard.sentence) : null,
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `${record.queue} ${record.channel}` }, h("table", {},
      h("caption", { class: "visually-hidden" }, `${record.queue} ${record.channel}`),
      h("thead", {}, h("tr", {}, [t("measure"), t("value"), t("interval"), t("n"), t("peers.median"), t("own.before"), t("trend")]
        .map((label, index) => h("th", { scope: "col", class: index > 0 ? "number" : null }, label)))),
      h("tbody", {}, rows.map(row)))),
    h("p", { class: "more" }, t("as_of", { time: time(record.clock) })));
}

/** The peers' median is a mark to compare with; the place among them is not shown. */
function row([name, measure]) {
  const show = isSeconds(name, measure) ? (value) => duration(value ?? NaN) : (value) => percent(value ?? NaN, 1);
  const range = measure.interval ? measure.interval.map(show).join("–") : "–";
  const peers = measure.peers?.median ?? null;
  const trend = measure.trend;
  const cells = [show(measure.value), range, number(measure.n),
    peers === null ? "–" : t("peers.value", { value: show(peers), n: number(measure.peers.n) }),
    trend?.baseline ? show(trend.baseline.value) : "–",
    trend?.direction ? word("direction", trend.direction) : "–"];
  return h("tr", {}, h("th", { scope: "row" }, word("measure", name)), cells.map((cell) => h("td", { class: "number" }, cell)));
}

const isSeconds = (name, measure) => SECONDS.has(name) || Boolean(measure.parts);
