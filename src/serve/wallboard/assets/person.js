// Who uses this browser: asked once, then remembered here alone.

import { h } from "./dom.js";
import { t } from "./text.js";

const NAME_KEY = "floorwalker.name";

export const ownName = () => localStorage.getItem(NAME_KEY) ?? "";

export const nameField = () =>
  h("label", {}, t("ack.who"), h("input", { name: "by", required: true, maxlength: 80, autocomplete: "name", value: ownName() }));

export const noteField = () => h("label", {}, t("ack.note"), h("input", { name: "note", maxlength: 500 }));

/** The name in a form's answer, remembered; `null` if it is blank. */
export function takeName(answer) {
  const by = answer.get("by").trim();
  if (!by) return null;
  localStorage.setItem(NAME_KEY, by);
  return by;
}
