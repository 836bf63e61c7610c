// Silences: an alert that is known calls nobody until an instant.

import { ask, h, setAttribute, setText } from "./dom.js";
import { get, post, remove } from "./live.js";
import { mayAct, nameField, noteField, ownName, takeName } from "./person.js";
import { t, time, windowName, word } from "./text.js";

const MINUTES = { "30m": 30, "1h": 60, "4h": 240 };
const DAY = 86_400_000;
const DAYS_MAX = 30;
const MAINTENANCE = "maintenance:";

/** Silences by id, as far as somebody has asked. */
const known = new Map();
let asking = null;

/** The silence of an id; `null` if there is none. */
async function find(id) {
  if (!known.has(id)) {
    asking ??= get("/api/v1/silences").finally(() => (asking = null));
    const answer = await asking;
    for (const silence of answer?.silences ?? []) known.set(silence.id, silence);
  }
  return known.get(id) ?? null;
}

/** What a silence of this alert covers: its rule, at what it is about; of a contact's the whole queue. */
function matchers(alert) {
  const isAboutContact = String(alert.subject ?? "").startsWith("contact:");
  return isAboutContact && alert.queue ? { rule: alert.rule, queue: alert.queue } : { rule: alert.rule, subject: alert.subject };
}

const place = ({ queue, subject }) => queue ?? subject;

/** As the field for a date and a time has it: in the reader's zone, to the minute. */
function localMinute(at) {
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

function untilFields() {
  const now = Date.now();
  const own = h("input", { type: "datetime-local", name: "own", min: localMinute(now), max: localMinute(now + DAYS_MAX * DAY),
    value: localMinute(now + 2 * 3_600_000) });
  const ownLabel = h("label", { hidden: true }, t("silence.own_time"), own);
  const choice = h("select", { name: "until", on: { change: () => {
    setAttribute(ownLabel, "hidden", choice.value !== "own");
    setAttribute(own, "required", choice.value === "own");
  } } },
  Object.keys(MINUTES).map((length) => h("option", { value: length, selected: length === "1h" }, windowName(length))),
  h("option", { value: "day" }, t("silence.day")), h("option", { value: "own" }, t("silence.own")));
  return [h("label", {}, t("silence.length"), choice), ownLabel];
}

function untilOf(answer) {
  const choice = answer.get("until");
  if (choice === "own") return new Date(answer.get("own"));
  if (choice === "day") return new Date(new Date().setHours(24, 0, 0, 0));
  return new Date(Date.now() + MINUTES[choice] * 60_000);
}

async function silence(alert, report) {
  const wanted = matchers(alert);
  const answer = await ask(t("silence.title"), [
    h("p", {}, t("silence.what", { rule: word("rule", alert.rule), place: place(wanted) })),
    untilFields(), nameField(), noteField(),
  ], { cancel: t("cancel"), submit: t("silence.do") });
  const by = answer && takeName(answer);
  if (!by) return;
  try {
    const comment = answer.get("note").trim();
    const made = await post("/api/v1/silences",
      { matchers: wanted, ends_at: untilOf(answer).toISOString(), by, ...(comment && { comment }) });
    known.set(made.id, made);
    report(t("silence.done"));
  } catch (error) {
    report(t("silence.failed", { cause: error.message || t("line.down") }), true);
  }
}

export function silenceButton(alert, report) {
  return mayAct() && h("button", { type: "button", class: "quiet silence", on: { click: () => silence(alert, report) } }, t("silence.do"));
}

/** Ends it: one tap for who has given a name before. */
async function end(id, report) {
  let by = ownName();
  if (!by) {
    const answer = await ask(t("silence.end"), [nameField()], { cancel: t("cancel"), submit: t("silence.end") });
    by = answer && takeName(answer);
    if (!by) return;
  }
  try {
    await remove(`/api/v1/silences/${encodeURIComponent(id)}?by=${encodeURIComponent(by)}`);
    known.delete(id);
    report(t("silence.ended"));
  } catch (error) {
    report(t("silence.end_failed", { cause: error.message || t("line.down") }), true);
  }
}

/** By whom an alert is silenced and until when, with a button that ends it. */
export function silencedParts(alert, report) {
  const id = alert.silenced_by;
  const text = h("span", { class: "silenced-by" });
  if (id.startsWith(MAINTENANCE)) {
    setText(text, t("silence.maintenance", { name: id.slice(MAINTENANCE.length) }));
    return [text];
  }
  setText(text, t("silenced"));
  find(id).then((found) => {
    if (!found) return;
    const words = t("silence.by", { name: found.by, time: time(found.ends_at, { seconds: false }) });
    setText(text, found.comment ? `${words}: ${found.comment}` : words);
  }).catch(() => {});
  if (!mayAct()) return [text];
  return [text, " ", h("button", { type: "button", class: "quiet", on: { click: () => end(id, report) } }, t("silence.end"))];
}
