// What the browser scripts share: Debian's chromium by playwright-core, and axe-core. `scripts/setup` installs all three.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const tools = join(dirname(fileURLToPath(import.meta.url)), "../../target/tools/browser/package.json");
const require = createRequire(tools);
const { chromium } = require("playwright-core");
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** For a page on a busy machine, in ms. */
const PATIENCE = 120_000;

export const launch = () => chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });

export function check(isTrue, what) {
  if (!isTrue) throw new Error(`not so: ${what}`);
}

export function same(found, expected, what) {
  const [one, other] = [found, expected].map((value) => JSON.stringify(value));
  if (one !== other) throw new Error(`${what}: ${one} instead of ${other}`);
}

/** Waits until `look` gives something true. What it gave last is in the error. */
export async function until(what, look, seconds = 60) {
  let last;
  for (let tries = 0; tries < seconds * 10; tries++) {
    last = await look();
    if (last) return last;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not within ${seconds} s: ${what}; last ${JSON.stringify(last)}`);
}

/** A page that counts what it must not do: errors, refused resources, dialogs of the browser, markup from data. */
export async function open(browser, base, path, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, locale: "en-GB", ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.stack));
  page.on("console", (message) => {
    const { url } = message.location();
    if (message.type() === "error") faults.push(`${message.text()} ${url}`);
  });
  page.on("dialog", (dialog) => {
    faults.push(`dialog ${dialog.message()}`);
    dialog.dismiss();
  });
  const answer = await page.goto(base + path);
  same(answer.status(), 200, path);
  return { context, page, faults, answer };
}

/** Every rule of WCAG 2 A and AA and of good practice that axe-core can judge. */
export async function accessible(page, what) {
  await page.evaluate(axeSource);
  const { violations, passes } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations", "passes"] }));
  check(passes.length > 10, `axe-core judged ${what}`);
  const lines = violations.map((it) => `${it.id}: ${it.help}: ${it.nodes.slice(0, 3).map((node) => `${node.html} ${node.failureSummary}`).join("; ")}`);
  if (lines.length > 0) throw new Error(`${what}: axe-core finds\n${lines.join("\n")}`);
}
