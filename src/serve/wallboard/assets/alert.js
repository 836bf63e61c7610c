// One alert: why, what to do, who is behind it, and the numbers around it.

import { fill, h, setAttribute, setText } from "./dom.js";
import { Incident, alertPath, contactPath, subjectPath } from "./incident.js";
import { get } from "./live.js";
import { Table } from "./table.js";
import { drawTrend, trendParts } from "./trend.js";
import { duration, inUnit, number, percent, t, time, windowName, word } from "./text.js";

const LOOK_AGAIN = 15_000;
const AT_A_TIME = 6;
const HELPERS = 8;
const AROUND = 30 * 60_000;

export const mount = (app, id) => new Alert(app, id);

class Alert {
  title = t("alert");
  #contacts = new Map();
  #timer = null;
  #gone = new AbortController();

  constructor(app, id) {
    this.app = app;
    this.id = id;
    this.card = new Incident(app.report);
    this.facts = h("dl", { class: "facts" });
    this.causes = h("div");
    this.trend = trendParts();
    this.table = this.#contactTable();
    this.contacts = h("section", {}, h("h2", {}, t("contacts_behind")), this.table.element);
    this.helpers = h("section", { class: "helpers", hidden: true });
    this.body = h("div", {}, h("ul", { class: "incidents single" }, this.card.element), this.helpers, this.facts, this.causes,
      h("section", { "aria-labelledby": "around-title" },
        h("h2", { id: "around-title" }, t("around")), this.trend.element), this.contacts);
    this.element = h("div", { class: "alert-page" }, h("h1", {}, t("alert")), this.body);
    setAttribute(this.body, "hidden", true);
    this.load();
    this.#timer = setInterval(() => this.load(), LOOK_AGAIN);
  }

  unmount() {
    clearInterval(this.#timer);
    this.#gone.abort();
    this.trend.destroy();
  }

  onAlert(alert) {
    if (alert.id === this.id) this.#show(alert);
  }

  tick() {
    if (this.alert) this.card.tick(this.alert.ends_at ? Date.parse(this.alert.ends_at) : this.app.board.dataNow());
  }

  async load() {
    try {
      const alert = await get(`/api/v1${alertPath(this.id)}`, this.#gone.signal);
      if (alert) return this.#show(alert);
      fill(this.element, h("h1", {}, t("alert")), h("p", {}, t("alert.none", { id: this.id })),
        h("p", {}, h("a", { href: "/alerts?over=1" }, t("alerts.all"))));
      clearInterval(this.#timer);
    } catch (error) {
      if (!this.#gone.signal.aborted && !this.alert) this.app.report(error.message, true);
    }
  }

  #show(alert) {
    this.alert = alert;
    // The stream has it not.
    this.covers = alert.covers ?? this.covers;
    setAttribute(this.body, "hidden", false);
    this.card.update(alert);
    if (alert.status === "resolved") fill(this.card.buttons, h("p", { class: "taken" }, alert.ack ? t("ack.short", { name: alert.ack.by }) : ""));
    this.tick();
    this.#showFacts(alert);
    this.#showCauses(alert.causes ?? []);
    this.#showContacts(alert.contacts ?? []);
    this.#showTrend(alert);
    this.#showHelpers(alert);
  }

  /** Whom one could move there: who has worked in the queue, and was free lately. */
  async #showHelpers(alert) {
    const queue = alert.queue;
    const isWanted = queue && alert.status !== "resolved";
    const answer = isWanted && await get(`/api/v1/queues/${encodeURIComponent(queue)}/agents`, this.#gone.signal).catch(() => null);
    if (this.#gone.signal.aborted) return;
    setAttribute(this.helpers, "hidden", !answer?.total);
    if (!answer?.total) return;
    const length = windowName(answer.agents[0]?.window ?? this.app.board.windows?.[0] ?? "5m");
    const row = (it) => h("tr", {}, h("th", { scope: "row" }, h("a", { href: `/agents/${encodeURIComponent(it.agent)}` }, it.title ?? it.agent)),
      h("td", { class: "number" }, duration(it.free)), h("td", { class: "number" }, percent(it.occupancy)),
      h("td", {}, it.queues.filter((name) => name !== queue).join(", ")));
    const heads = [t("agent"), t("helpers.free"), t("helpers.busy"), t("helpers.also")];
    const title = t("helpers", { queue });
    fill(this.helpers, h("h2", {}, title), answer.agents.length === 0 ? h("p", {}, t("helpers.none", { queue, window: length })) : [
      h("p", { class: "more" }, t("helpers.note", { queue, window: length })),
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": title }, h("table", {}, h("thead", {}, h("tr", {},
        heads.map((label, index) => h("th", { scope: "col", class: index === 1 || index === 2 ? "number" : null }, label)))),
        h("tbody", {}, answer.agents.slice(0, HELPERS).map(row))))]);
  }

  #showFacts(alert) {
    const path = subjectPath(alert);
    const facts = [
      [t("status"), alert.status === "resolved"
        ? t("over_since", { time: time(alert.ends_at), reason: word("reason", alert.reason) }) : word("status", alert.status)],
      [t("rule"), `${word("rule", alert.rule)} (${alert.rule}): ${alert.formula ?? ""}`],
      [t("value"), `${inUnit(alert.value, alert.unit)}; ${t("threshold")} ${inUnit(alert.threshold, alert.unit)}`],
      [t("n"), number(alert.n)],
      [t("score"), t("score_of", { n: number(alert.score) })],
      [t("subject"), path ? h("a", { href: path }, alert.subject) : alert.subject],
      alert.policy && [t("policy"), alert.policy],
      alert.channel && [t("channel"), alert.channel],
      alert.agents?.length > 0 && [t("agents"), alert.agents.flatMap((agent, index) =>
        [index > 0 ? ", " : "", h("a", { href: `/agents/${encodeURIComponent(agent)}` }, agent)])],
      [t("began"), time(alert.starts_at)],
      alert.recipients?.length > 0 && [t("recipients"), alert.recipients.join(", ")],
      alert.inhibited_by && [t("covered_by"), h("a", { href: alertPath(alert.inhibited_by) }, alert.inhibited_by)],
      this.covers > 0 && [t("covers"), t("covers_n", { n: number(this.covers) })],
      alert.history && [t("note"), t("alert.history")],
    ].filter(Boolean);
    fill(this.facts, facts.map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value))));
  }

  /** What is otherwise than usual, the largest share first. */
  #showCauses(causes) {
    if (causes.length === 0) return fill(this.causes);
    const row = (cause) => h("tr", {}, h("th", { scope: "row" }, word("cause", cause.what)),
      h("td", { class: "number" }, inUnit(cause.now, cause.unit)), h("td", { class: "number" }, inUnit(cause.usual, cause.unit)),
      h("td", { class: "number" }, percent(cause.share)));
    fill(this.causes, h("h2", {}, t("causes")), h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t("causes") }, h("table", {}, h("thead", {}, h("tr", {},
      [t("cause"), t("now"), t("usual"), t("share")].map((label, index) =>
        h("th", { scope: "col", class: index > 0 ? "number" : null }, label)))), h("tbody", {}, causes.map(row)))));
  }

  #contactTable() {
    const state = ({ record }) => (record === undefined ? "…" : record === null ? t("contact.not_yet")
      : record.ended_at ? t("contact.over") : record.engagements?.some((it) => !it.ended_at) ? t("contact.talks") : t("contact.open"));
    const last = ({ record }) => record?.episodes?.at(-1);
    const wait = (row) => {
      const episode = last(row);
      if (!episode) return NaN;
      return episode.wait ?? (this.app.board.dataNow() - Date.parse(episode.queued_at)) / 1_000;
    };
    return new Table(this.app, {
      caption: t("contacts_behind"), key: (row) => row.id, sort: { key: "began" }, filterLabel: t("filter.contacts"),
      columns: [
        { key: "contact", label: t("contact"), value: (row) => row.id, cell: (row) => h("a", { href: contactPath(row.id) }, row.id) },
        { key: "state", label: t("state"), value: state },
        { key: "channel", label: t("channel"), value: (row) => row.record?.channel ?? "" },
        { key: "began", label: t("began"), value: (row) => row.record?.began_at ?? null, cell: (row) => time(row.record?.began_at) },
        { key: "wait", label: t("wait"), value: wait, cell: (row) => duration(wait(row)), isNumber: true },
        { key: "outcome", label: t("outcome"), value: (row) => word("outcome", last(row)?.outcome ?? "") },
        { key: "agent", label: t("agent"), value: (row) => last(row)?.agent ?? row.record?.engagements?.at(-1)?.agent ?? "" },
      ],
    });
  }

  #showContacts(ids) {
    for (const id of ids) if (!this.#contacts.has(id)) this.#contacts.set(id, undefined);
    const draw = () => this.table.update([...this.#contacts].map(([id, record]) => ({ id, record })));
    setAttribute(this.contacts, "hidden", this.#contacts.size === 0);
    draw();
    const more = this.alert.contacts_more ?? 0;
    this.more ??= this.contacts.appendChild(h("p", { class: "more" }));
    setText(this.more, more > 0 ? t("contacts_more", { n: number(more) }) : "");
    // A few at a time; those that are over don't change any more.
    const open = [...this.#contacts].filter(([, record]) => !record?.ended_at).map(([id]) => id);
    const next = async () => {
      for (let id = open.shift(); id !== undefined && !this.#gone.signal.aborted; id = open.shift()) {
        this.#contacts.set(id, await get(`/api/v1${contactPath(id)}`, this.#gone.signal).catch(() => null));
        draw();
      }
    };
    Array.from({ length: AT_A_TIME }, next);
  }

  #showTrend(alert) {
    const queue = alert.queue ?? (alert.group?.startsWith("queue:") ? alert.group.slice(6) : null);
    const begin = Date.parse(alert.starts_at);
    const marks = [{ at: begin, label: t("mark.begins"), color: "--bad" }];
    if (alert.ack) marks.push({ at: Date.parse(alert.ack.at), label: t("mark.ack"), color: "--accent" });
    if (alert.ends_at) marks.push({ at: Date.parse(alert.ends_at), label: t("mark.ends"), color: "--good" });
    const until = Math.min(alert.ends_at ? Date.parse(alert.ends_at) + AROUND : Infinity, this.app.board.dataNow());
    drawTrend(this.app, this.trend, { entity: queue ? `queue:${queue}` : "all", policy: alert.policy, marks,
      from: begin - AROUND, until: Math.max(until, begin + 60_000), signal: this.#gone.signal });
  }
}
