// Signing in with a token, acting by its name, and signing out. Arguments: the address, a token that may act, one that may only read, an alert's sentence.

import { accessible, check, launch, open, same, until } from "./browser.mjs";

const [base, acts, reads, why] = process.argv.slice(2);
const browser = await launch();

/** A page that asks for a token: the browser itself reports its 401. */
async function asked(path) {
  const context = await browser.newContext({ locale: "en-GB" });
  const page = await context.newPage();
  const answer = await page.goto(base + path);
  same(answer.status(), 401, path);
  return { context, page };
}

async function signIn(page, token) {
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
}

try {
  const { context, page } = await asked("/alerts?lang=en");
  await accessible(page, "the page to sign in on");
  await signIn(page, "fwt_wrong");
  await page.getByRole("alert").getByText("No token here is like that.").waitFor();
  await signIn(page, acts);
  await page.getByRole("heading", { name: "Alerts", exact: true }).waitFor();
  same(new URL(page.url()).pathname, "/alerts", "where the reader wanted to go");
  same(await page.evaluate(() => document.cookie), "", "what scripts see of the cookie");
  const [cookie] = await context.cookies();
  same([cookie.httpOnly, cookie.sameSite, cookie.expires], [true, "Strict", -1], "the cookie");

  const faults = [];
  page.on("pageerror", (error) => faults.push(error.stack));
  await page.goto(`${base}/`);
  const card = page.locator(".incident").filter({ hasText: why });
  await card.getByRole("button", { name: "Silence", exact: true }).click();
  await page.getByRole("dialog").getByText("Signed in as lea").waitFor();
  check((await page.getByLabel("Your name").count()) === 0, "nobody is asked for a name");
  await page.getByRole("button", { name: "Cancel" }).click();
  await card.getByRole("button", { name: "Acknowledge as lea" }).click();
  // By the stream, which the cookie opens, too.
  await card.getByText(/^lea has it since/).waitFor();
  await accessible(page, "the floor of whoever is signed in");
  same(faults, [], "errors of the page");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Token").waitFor();
  same((await context.cookies()).length, 0, "cookies after signing out");

  const reader = await asked("/");
  await signIn(reader.page, reads);
  const seen = reader.page.locator(".incident").filter({ hasText: why });
  await seen.waitFor();
  same(await seen.getByRole("button").count(), 0, "buttons of whoever may only read");
  // Signed out elsewhere, the open page leads to the form by itself at its next question.
  await reader.context.clearCookies();
  await reader.page.getByRole("link", { name: "Agents" }).click();
  await until("the form", () => reader.page.getByLabel("Token").isVisible());
  console.log("signed in and out");
} finally {
  await browser.close();
}
