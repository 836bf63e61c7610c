// Silences: an alert that is known calls nobody until an instant. Shown only where the server can do it.

import { ask, h } from "./dom.js";
import { get, post } from "./live.js";
import { ownName } from "./incident.js";
import { t, word } from "./text.js";

const LENGTHS = [15, 30, 60, 240, 480];

let known = null;

/** Whether the server keeps silences; it is asked once. */
export function canSilence() {
  known ??= get("/api/v1/silences").then((answer) => answer !== null).catch(() => {
    known = null;
    return false;
  });
  return known;
}

/** What a silence of this alert covers: its rule, at its subject. */
function matchers(alert) {
  const place = alert.queue ? { name: "queue", value: alert.queue } : { name: "subject", value: alert.subject };
  return [{ name: "rule", value: alert.rule }, place];
}

export function silenceButton(alert, report) {
  return h("button", { type: "button", class: "quiet silence", on: { click: () => silence(alert, report) } }, t("silence.do"));
}

async function silence(alert, report) {
  const [, place] = matchers(alert);
  const length = h("select", { name: "length" }, LENGTHS.map((minutes) =>
    h("option", { value: minutes, selected: minutes === 60 }, t("unit.min", { n: minutes }))));
  const answer = await ask(t("silence.title"), [
    h("p", {}, t("silence.what", { rule: word("rule", alert.rule), place: place.value })),
    h("label", {}, t("silence.length"), length),
    h("label", {}, t("ack.who"), h("input", { name: "by", required: true, maxlength: 80, autocomplete: "name", value: ownName() })),
    h("label", {}, t("ack.note"), h("input", { name: "note", maxlength: 500 })),
  ], { cancel: t("cancel"), submit: t("silence.do") });
  if (!answer) return;
  const until = new Date(Date.now() + Number(answer.get("length")) * 60_000).toISOString();
  try {
    const note = answer.get("note").trim();
    await post("/api/v1/silences", { matchers: matchers(alert), until, by: answer.get("by").trim(), ...(note && { note }) });
    report(t("silence.done"));
  } catch (error) {
    report(t("silence.failed", { cause: error.message }), true);
  }
}
