// One contact: where it stands, and what happened, line by line.

import { fill, h, setAttribute, setText } from "./dom.js";
import { alertPath } from "./incident.js";
import { get } from "./live.js";
import { queuePath } from "./tile.js";
import { duration, percent, t, time, word } from "./text.js";

const LOOK_AGAIN = 3_000;

/** Instants within a sentence, in the reader's zone. */
const inZone = (text) => text.replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (instant) => time(instant));

export const mount = (app, id) => new Contact(app, id);

class Contact {
  title = t("contact");
  #gone = new AbortController();

  constructor(app, id) {
    this.app = app;
    this.id = id;
    this.facts = h("dl", { class: "facts" });
    this.lines = h("ol", { class: "lines" });
    this.none = h("p", { hidden: true }, t("contact.none", { id }));
    this.body = h("div", { hidden: true }, this.facts,
      h("h2", {}, t("history")), this.lines);
    this.element = h("div", { class: "contact-page" }, h("h1", {}, t("contact_of", { id })), this.none, this.body);
    this.load();
    this.timer = setInterval(() => this.load(), LOOK_AGAIN);
  }

  unmount() {
    clearInterval(this.timer);
    this.#gone.abort();
  }

  onAlert(alert) {
    if (alert.contacts?.includes(this.id)) this.load();
  }

  tick() {
    if (!this.waitSince) return;
    setText(this.wait, duration((this.app.board.dataNow() - this.waitSince) / 1_000));
  }

  async load() {
    const path = `/api/v1/contacts/${encodeURIComponent(this.id)}`;
    try {
      const [record, history] = await Promise.all([get(path, this.#gone.signal), get(`${path}/history`, this.#gone.signal)]);
      // Its record may come a second after its alert.
      setAttribute(this.none, "hidden", record !== null);
      setAttribute(this.body, "hidden", record === null);
      if (record) this.#show(record, history?.lines ?? []);
    } catch (error) {
      if (!this.#gone.signal.aborted && !this.record) this.app.report(error.message, true);
    }
  }

  #show(record, lines) {
    const text = JSON.stringify([record, lines]);
    if (text === this.shown) return;
    this.shown = text;
    this.record = record;
    const episode = record.episodes?.at(-1);
    const engagement = record.engagements?.findLast((it) => !it.ended_at);
    const isWaiting = !record.ended_at && episode && !episode.ended_at;
    this.waitSince = isWaiting ? Date.parse(episode.queued_at) : null;
    this.wait = h("span", {}, "");
    const state = record.ended_at ? t("contact.over") : engagement ? t("contact.talks") : t("contact.open");
    const open = record.obligations?.filter((it) => !it.outcome && !it.decided_at) ?? [];
    const facts = [
      [t("state"), state],
      isWaiting && [t("waits_for"), this.wait],
      episode && [t("queue"), h("a", { href: queuePath(episode.queue) }, episode.queue)],
      engagement && [t("agent"), h("a", { href: `/agents/${encodeURIComponent(engagement.agent)}` }, engagement.agent)],
      [t("channel"), record.channel ?? "–"],
      record.reason && [t("about"), record.reason],
      [t("began"), time(record.began_at)],
      record.ended_at && [t("ended"), time(record.ended_at)],
      ...open.map((it) => [it.policy, t("due", { time: time(it.due_at) })]),
      record.resolution && [t("resolution"), word("resolution", record.resolution)],
      Number.isFinite(record.csat?.predicted_low) && [t("low_rating"), percent(record.csat.predicted_low)],
    ].filter(Boolean);
    fill(this.facts, facts.map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value))));
    fill(this.lines, lines.map((line) => h("li", { "data-part": line.part },
      h("time", { datetime: line.at }, time(line.at)), " ",
      line.alert ? h("a", { href: alertPath(line.alert), lang: "en" }, inZone(line.text)) : h("span", { lang: "en" }, inZone(line.text)))));
    this.tick();
  }
}
