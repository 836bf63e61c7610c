// The feed: whether what happens still arrives, how far behind the figures are, and what could not be read.

import { fill, h } from "./dom.js";
import { Refused } from "./live.js";
import { duration, number, t, word } from "./text.js";

const LOOK_AGAIN = 5_000;

export const mount = (app) => new Feed(app);

class Feed {
  title = t("nav.feed");
  #gone = new AbortController();

  constructor(app) {
    this.app = app;
    this.ready = h("div");
    this.inputs = h("div");
    this.tasks = h("div");
    this.letters = h("div");
    this.events = h("div");
    const part = (key, body) => h("section", {}, h("h2", {}, t(key)), body);
    this.element = h("div", { class: "feed-page" }, h("h1", {}, t("nav.feed")), h("p", {}, t("feed.own")), this.ready,
      part("feed.inputs", this.inputs), part("feed.watermarks", this.tasks), part("feed.letters", this.letters),
      part("feed.events", this.events));
    this.load();
    this.timer = setInterval(() => this.load(), LOOK_AGAIN);
  }

  unmount() {
    clearInterval(this.timer);
    this.#gone.abort();
  }

  async load() {
    try {
      const signal = this.#gone.signal;
      const [metrics, ready] = await Promise.all([fetch("/metrics", { signal }), fetch("/readyz", { signal })]);
      if (!metrics.ok) throw new Refused(metrics.status, `/metrics: HTTP ${metrics.status}`);
      this.#show(parse(await metrics.text()), await ready.json());
    } catch (error) {
      if (!this.#gone.signal.aborted && this.app.board.line === "open") this.app.report(error.message, true);
    }
  }

  #show(samples, ready) {
    const of = (name) => samples.filter((sample) => sample.name === `floorwalker_${name}`);
    const list = (key, lines) => (lines.length > 0 ? [h("p", {}, t(key)), h("ul", {}, lines.map((line) => h("li", {}, line)))] : []);
    fill(this.ready, h("p", { class: "state", "data-state": ready.ready ? "good" : "bad" }, t(ready.ready ? "feed.ready" : "feed.not_ready")),
      list("feed.reasons", ready.reasons), list("feed.warnings", ready.warnings));

    const caughtUp = new Map(of("input_caught_up").map(({ labels, value }) => [`${labels.topic}/${labels.partition}`, value === 1]));
    const topics = new Map();
    for (const { labels, value } of of("input_lag_records")) {
      const topic = topics.get(labels.topic) ?? { lag: 0, worst: 0, partitions: 0, behind: 0 };
      topic.lag += value;
      topic.worst = Math.max(topic.worst, value);
      topic.partitions += 1;
      if (!caughtUp.get(`${labels.topic}/${labels.partition}`)) topic.behind += 1;
      topics.set(labels.topic, topic);
    }
    const read = new Map(of("source_records_total").map(({ labels, value }) => [labels.topic, value]));
    fill(this.inputs, table([t("topic"), t("feed.lag"), t("feed.lag_worst"), t("feed.behind"), t("feed.read")],
      [...topics].map(([topic, it]) => [topic, number(it.lag), number(it.worst),
        t("n_of", { n: number(it.behind), all: number(it.partitions) }), read.has(topic) ? number(read.get(topic)) : "–"])));

    fill(this.tasks, table([t("task"), t("feed.delay")], of("task_clock_delay_seconds")
      .map(({ labels, value }) => [t("task_n", { n: labels.task }), duration(value)])));

    const letters = of("dead_letters_total").filter(({ value }) => value > 0).sort((one, other) => other.value - one.value);
    fill(this.letters, table([t("topic"), t("reason"), t("count")], letters.map(({ labels, value }) =>
      [labels.topic ?? "–", word("dead_letter", labels.reason), number(value)])));

    fill(this.events, table([t("outcome"), t("count")], of("events_total").map(({ labels, value }) =>
      [word("event_outcome", labels.outcome), number(value)])));
  }
}

function table(heads, rows) {
  if (rows.length === 0) return h("p", {}, t("none"));
  // Names stand left, numbers right.
  const kind = (index) => (index > 0 && /^[\d–]/.test(rows[0][index]) ? "number" : null);
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": heads.join(", ") }, h("table", {},
    h("thead", {}, h("tr", {}, heads.map((head, index) => h("th", { scope: "col", class: kind(index) }, head)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, index) =>
      h(index === 0 ? "th" : "td", { scope: index === 0 ? "row" : null, class: kind(index) }, cell)))))));
}

/** The samples of a page in Prometheus's text format: `{name, labels, value}`. */
export function parse(text) {
  const samples = [];
  for (const line of text.split("\n")) {
    const match = /^([a-z_:][\w:]*)(?:\{(.*)\})? (\S+)/i.exec(line);
    if (!match) continue;
    const labels = {};
    for (const [, name, value] of (match[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      labels[name] = value.replace(/\\(.)/g, (_, char) => (char === "n" ? "\n" : char));
    }
    samples.push({ name: match[1], labels, value: Number(match[3]) });
  }
  return samples;
}
