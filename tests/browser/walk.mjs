// The script of the README, as somebody follows it who sees all of this for the first time: opens the page, sees a surge begin, takes it up,
// follows it to its contacts, and reads the agents. Arguments: the address, and a folder for pictures.

import { check, launch, open, same, until } from "./browser.mjs";

const [base, folder] = process.argv.slice(2);
const SCREENS = [
  ["desktop", { viewport: { width: 1280, height: 800 } }],
  ["phone", { viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true }],
];
/** How long a surge may take to be noticed. */
const SURGE_WITHIN = 180;
const browser = await launch();

/** Whether something can be seen without scrolling. */
async function onScreen(page, locator, what) {
  const box = await locator.boundingBox();
  const { width, height } = page.viewportSize();
  const isThere = box && box.y >= 0 && box.y + Math.min(box.height, 24) <= height && box.x >= 0 && box.x < width;
  check(isThere, `${what} is on the first screen: ${JSON.stringify(box)}`);
}

async function picture(page, name) {
  // Trends and names come a moment after the figures.
  await page.waitForTimeout(1_500);
  await page.screenshot({ path: `${folder}/${name}.png` });
}

async function walk([screen, options], isFirst) {
  const { page, context, faults } = await open(browser, base, "/", options);
  // What is wrong now, since when and why?
  const surge = page.locator(".incident").filter({ hasText: /billing: \d+ contacts in \d+ min, usually \d+/ }).first();
  await surge.waitFor({ timeout: SURGE_WITHIN * 1_000 });
  await page.locator(".tile").first().waitFor();
  await onScreen(page, surge, "the surge");
  check(/since \d/.test(await surge.textContent()), "since when");
  check(/move (\d+ )?agents? to billing|offer callbacks/i.test(await surge.textContent()), `what to do: ${await surge.textContent()}`);
  const worst = () => page.locator(".tile").first().textContent();
  await until("the queue in trouble comes first", async () => /^billing.*in trouble/.test(await worst()));
  await picture(page, `walk-1-surge-${screen}`);

  if (isFirst) {
    await surge.getByRole("button", { name: "Acknowledge", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Who takes it up?" });
    await dialog.getByLabel("Your name").fill("Lea");
    await picture(page, `walk-2-acknowledge-${screen}`);
    await dialog.getByRole("button", { name: "Acknowledge" }).click();
  }
  await surge.getByText(/^Lea has it since /).waitFor();

  // Whom would you move?
  await surge.getByRole("link", { name: /contacts in/ }).click();
  const helpers = page.locator(".helpers");
  await helpers.waitFor({ timeout: 120_000 });
  await onScreen(page, helpers.locator("h2"), "who could help");
  const free = await until("agents who could help", async () => (await helpers.locator("tbody tr").count()) || false, 120);
  check(free > 0, "agents");
  await picture(page, `walk-4-whom-to-move-${screen}`);

  const behind = page.getByRole("heading", { name: "Contacts behind it" });
  await behind.scrollIntoViewIfNeeded();
  const contact = page.locator("section").filter({ has: behind }).locator("tbody a").first();
  await contact.waitFor();
  await picture(page, `walk-5-contacts-${screen}`);
  await contact.click();
  await page.locator(".lines li").first().waitFor({ timeout: 60_000 });
  await picture(page, `walk-6-contact-${screen}`);

  await page.getByRole("link", { name: "Agents", exact: true }).click();
  const agent = page.locator("tbody a").first();
  await agent.waitFor();
  await agent.click();
  await page.locator("h1").waitFor();
  await until("measures or that there are none yet", async () => (await page.locator("main table, main p").count()) > 0);
  await picture(page, `walk-7-agent-${screen}`);
  same(faults, [], `what went wrong on ${screen}`);
  await context.close();
}

try {
  for (const [index, screen] of SCREENS.entries()) {
    await walk(screen, index === 0);
    console.log(`${screen[0]}: well`);
  }
} catch (error) {
  console.error(error.stack);
  process.exitCode = 1;
}
await browser.close();
