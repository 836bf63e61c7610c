// Who uses this browser: whoever is signed in, or a name that is asked once and then remembered here alone.

import { h } from "./dom.js";
import { get, post } from "./live.js";
import { t } from "./text.js";

const NAME_KEY = "floorwalker.name";

/** As the server has it: the token's name, `null` where nobody is asked who they are; and what may be done. */
let session = { name: null, scopes: ["metrics", "read", "act"] };

export async function loadSession() {
  session = (await get("/api/v1/session").catch(() => null)) ?? session;
}

export const isSignedIn = () => session.name !== null;
export const mayAct = () => session.scopes.includes("act");

export async function signOut() {
  await post("/sign-out", {});
  location.assign("/");
}

export const ownName = () => session.name ?? localStorage.getItem(NAME_KEY) ?? "";

export const nameField = () => isSignedIn() ? h("p", {}, t("signed_in", { name: session.name })) :
  h("label", {}, t("ack.who"), h("input", { name: "by", required: true, maxlength: 80, autocomplete: "name", value: ownName() }));

export const noteField = () => h("label", {}, t("ack.note"), h("input", { name: "note", maxlength: 500 }));

/** The name in a form's answer, remembered; `null` if it is blank. */
export function takeName(answer) {
  if (isSignedIn()) return session.name;
  const by = answer.get("by").trim();
  if (!by) return null;
  localStorage.setItem(NAME_KEY, by);
  return by;
}
