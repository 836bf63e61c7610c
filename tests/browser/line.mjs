// A page that loses its process. Argument: the address. Prints `open` when it may be killed, then waits for the banner.

import { check, launch, open, until } from "./browser.mjs";

const [base] = process.argv.slice(2);
const browser = await launch();
try {
  const { page } = await open(browser, base, "/");
  await page.locator(".tile").first().waitFor({ timeout: 60_000 });
  await until("a live line", async () => (await page.locator(".line").textContent()).startsWith("live"));
  check(await page.locator(".banner").isHidden(), "no banner while the line is up");
  console.log("open");
  await page.locator(".banner").getByText("No connection to Floorwalker").waitFor({ timeout: 60_000 });
  await until("the age of the figures", async () => /Figures from (\d+ s|\d+:\d+) ago/.test(await page.locator(".banner").textContent()));
  const age = async () => parseInt(/from (\d+)/.exec(await page.locator(".banner").textContent())[1], 10);
  const first = await age();
  await until("older figures", async () => (await age()) > first);
  check((await page.locator(".tile").count()) > 0, "the last figures stay");
  console.log("down");
  await until("the line again", async () => (await page.locator(".banner").isHidden())
    && (await page.locator(".line").textContent()).startsWith("live"), 120);
  console.log("again");
} finally {
  await browser.close();
}
