// Alerts as people act on them: why, what to do, since when, who has it.

import { ask, fill, h, setAttribute, setText } from "./dom.js";
import { post } from "./live.js";
import { mayAct, nameField, noteField, ownName, takeName } from "./person.js";
import { silenceButton, silencedParts } from "./silence.js";
import { entityPath, queuePath } from "./tile.js";
import { duration, number, t, time, word } from "./text.js";

export const alertPath = (id) => `/alerts/${id.split("/").map(encodeURIComponent).join("/")}`;
export const contactPath = (id) => `/contacts/${encodeURIComponent(id)}`;
const apiPath = (id) => `/api/v1${alertPath(id)}`;

/** Where an alert's subject has a page; `null` for those that have none. */
export function subjectPath(alert) {
  const subject = String(alert.subject ?? "");
  const at = subject.indexOf(":");
  const [kind, name] = [subject.slice(0, at), subject.slice(at + 1)];
  if (kind === "contact") return contactPath(name);
  if (["queue", "agent", "team", "site", "channel"].includes(kind)) return entityPath(subject);
  if (kind === "feed" || kind === "task") return "/feed";
  return subject === "all" ? "/groups/all" : null;
}

async function askWho(alert) {
  const answer = await ask(t("ack.title"), [h("p", {}, alert.why), nameField(), noteField()], { cancel: t("cancel"), submit: t("ack.do") });
  const by = answer && takeName(answer);
  return by ? { by, note: answer.get("note").trim() || undefined } : null;
}

/** Acknowledges: one tap for who has given a name before. `ask` asks again, for another name or a note. */
export async function acknowledge(alert, report, { again = false } = {}) {
  const asked = ownName() && !again ? { by: ownName() } : await askWho(alert);
  if (!asked) return;
  try {
    await post(`${apiPath(alert.id)}/acknowledge`, asked);
    report(t("ack.done", { name: asked.by }));
  } catch (error) {
    report(t("ack.failed", { cause: error.message || t("line.down") }), true);
  }
}

/** The buttons of an alert that fires. */
export function ackButtons(alert, report) {
  if (!mayAct()) return [];
  const name = ownName();
  const one = h("button", { class: "primary ack", type: "button" }, name ? t("ack.as", { name }) : t("ack.do"));
  one.addEventListener("click", async () => {
    one.disabled = true;
    await acknowledge(alert, report);
    one.disabled = false;
  });
  const other = h("button", { class: "quiet", type: "button", on: {
    click: () => acknowledge(alert, report, { again: true }),
  } }, t("ack.other"));
  return name ? [one, other] : [one];
}

export function ackText(alert) {
  const { by, at, note } = alert.ack ?? {};
  const text = t("ack.by", { name: by, time: time(at, { seconds: false }) });
  return note ? `${text}: ${note}` : text;
}

/** A card. It is made once, and brought up to date. */
export class Incident {
  constructor(report) {
    this.report = report;
    this.severity = h("span", { class: "severity" });
    this.rule = h("span", { class: "rule" });
    // Records are written in English.
    this.why = h("a", { class: "why", lang: "en" });
    this.action = h("p", { class: "action", lang: "en" });
    this.meta = h("p", { class: "meta" });
    this.since = h("span", {});
    this.buttons = h("div", { class: "buttons" });
    this.element = h("li", { class: "incident" },
      h("p", { class: "kind" }, this.severity, this.rule),
      h("p", { class: "sentence" }, this.why), this.action, this.meta, this.buttons);
  }

  update(alert) {
    const key = JSON.stringify([alert.at, alert.ack, alert.silenced_by, alert.why, alert.action, alert.severity, ownName()]);
    this.alert = alert;
    if (key === this.key) return;
    this.key = key;
    setAttribute(this.element, "data-severity", alert.severity);
    setAttribute(this.element, "data-acknowledged", Boolean(alert.ack));
    setText(this.severity, word("severity", alert.severity));
    setText(this.rule, word("rule", alert.rule));
    setText(this.why, alert.why);
    this.why.href = alertPath(alert.id);
    setText(this.action, alert.action);
    const queue = alert.queue && h("a", { href: queuePath(alert.queue) }, alert.queue);
    const count = (alert.contacts?.length ?? 0) + (alert.contacts_more ?? 0);
    const contacts = count > 1 ? t("contacts_n", { n: number(count) }) : null;
    const parts = [this.since, queue, contacts, alert.flapping && t("flapping")].filter(Boolean);
    fill(this.meta, parts.flatMap((part, index) => (index > 0 ? [" · ", part] : [part])));
    setAttribute(this.element, "data-silenced", Boolean(alert.silenced_by));
    fill(this.buttons, alert.ack ? h("p", { class: "taken" }, ackText(alert)) : ackButtons(alert, this.report),
      alert.silenced_by ? h("p", { class: "taken" }, silencedParts(alert, this.report)) : silenceButton(alert, this.report));
  }

  tick(now) {
    const seconds = (now - Date.parse(this.alert.starts_at)) / 1_000;
    setText(this.since, t("since", { time: time(this.alert.starts_at, { seconds: false }), length: duration(seconds) }));
  }
}
