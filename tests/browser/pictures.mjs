// Takes the pictures of docs/wallboard.md from a running process: node tests/browser/pictures.mjs http://127.0.0.1:8640

import { fileURLToPath } from "node:url";

import { launch, open } from "./browser.mjs";

const [base = "http://127.0.0.1:8640"] = process.argv.slice(2);
const browser = await launch();
for (const [name, path, options] of [
  ["floor", "/", { viewport: { width: 1280, height: 800 } }],
  ["tv", "/?view=tv", { viewport: { width: 1280, height: 720 }, colorScheme: "dark" }],
  ["phone", "/", { viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true }],
]) {
  const { page, context } = await open(browser, base, path, options);
  await page.locator(".tile").first().waitFor();
  // The trends come a moment after the figures.
  await page.waitForTimeout(4_000);
  await page.screenshot({ path: fileURLToPath(new URL(`../../docs/wallboard-${name}.png`, import.meta.url)) });
  await context.close();
}
await browser.close();
