// The pages of a running process, as a supervisor uses them. Arguments: its address, a JSON of what it shows:
// {queue, contact, surge, absence}: a queue and a contact with markup in their names, and the ids of two alerts of that queue.

import { accessible, check, launch, open, same, until } from "./browser.mjs";

const [base, text] = process.argv.slice(2);
const shown = JSON.parse(text);
const browser = await launch();
const steps = [];

async function step(name, run) {
  try {
    await run();
  } catch (error) {
    console.error(`${name}: ${error.stack}`);
    await browser.close();
    process.exit(1);
  }
  steps.push(name);
  console.log(`${name}: well`);
}

const { page, faults, answer } = await open(browser, base, "/");
const tile = page.locator(".tile").filter({ has: page.getByRole("link", { name: shown.queue, exact: true }) });
const card = (why) => page.locator(".incident").filter({ hasText: why });

await step("the page is served under a strict policy", () => {
  const policy = answer.headers()["content-security-policy"];
  for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "require-trusted-types-for 'script'"]) {
    check(policy.includes(part), `${part} in ${policy}`);
  }
  check(!policy.includes("unsafe"), policy);
});

await step("a queue shows who waits, and the wait goes on by itself", async () => {
  await tile.waitFor({ timeout: 60_000 });
  const longest = () => tile.locator(".longest dd").textContent();
  const seconds = (length) => length.split(":").reduce((sum, part) => sum * 60 + parseInt(part, 10), 0);
  const first = seconds(await until("a wait", async () => /\d/.test(await longest()) && longest()));
  await until("a longer wait", async () => seconds(await longest()) >= first + 2);
  same(await tile.locator(".counts dd").first().textContent(), "1", "waiting");
});

await step("names are shown as text", async () => {
  same(await tile.locator("h3").textContent(), shown.queue, "title of the tile");
  await card("<b>41</b> contacts").waitFor();
  same(await page.locator("main b, main img, main script").count(), 0, "elements made of data");
});

await step("queues and alerts are judged by what they are", async () => {
  const judged = await page.evaluate(async () => {
    const version = document.querySelector("meta[name=assets]").content;
    const { judge, sortAlerts } = await import(`/assets/${version}/judge.js`);
    const policies = new Map([["voice answer", { name: "voice answer", measure: "answer", threshold: 20, target: 0.8 }]]);
    const queue = (value, interval, live = {}, alerts = []) =>
      judge({ kpis: { sla: { "voice answer": { value, interval, den: 50 } }, live } }, policies, alerts).state;
    const alert = (id, more) => ({ id, status: "firing", severity: "warning", queue: "q", subject: "queue:q", rule: "queue.surge", ...more });
    const late = { rule: "sla.missed", subject: "contact:c", queue: "q" };
    const ids = (alerts) => {
      const { urgent, others, silenced } = sortAlerts(alerts);
      return [urgent, others, silenced].map((list) => list.map(({ id }) => id).join(" "));
    };
    return {
      states: [queue(0.6, [0.5, 0.7]), queue(0.7, [0.5, 0.85]), queue(0.9, [0.8, 0.95]), queue(0.9, [0.8, 0.95], { waiting: 1, longest_wait: 21 }),
        queue(0.9, [0.8, 0.95], {}, [{ severity: "critical" }]), judge({ kpis: { sla: {} } }, policies, []).state],
      // Covered by another alert, silenced, or meant for lists; one of a contact that interrupts by itself stays.
      covered: ids([alert("a"), alert("b", { ...late, interrupts: true, inhibited_by: "a" }), alert("c", { silenced_by: "s" }), alert("d", late)]),
      alone: ids([alert("b", { ...late, interrupts: true }), alert("e", { ...late, interrupts: false }), alert("p", { status: "pending" })]),
      order: ids([alert("acknowledged", { severity: "critical", ack: { by: "x" } }), alert("warning"), alert("critical", { severity: "critical" })]),
    };
  });
  same(judged, { states: ["bad", "watch", "good", "watch", "bad", "none"], covered: ["a", "b d", "c"], alone: ["b", "e p", ""],
    order: ["critical warning acknowledged", "", ""] }, "judged");
});

await step("an alert of the queue is at the top, with what to do, and others behind a tap", async () => {
  const surge = card("<b>41</b> contacts");
  check((await surge.textContent()).includes("Move 3 agents"), "its action");
  const contactAlerts = page.locator(".incident").filter({ hasText: shown.contact });
  same(await contactAlerts.count(), 0, "alerts of contacts at the top");
  await page.locator(".others summary").click();
  await page.locator(".others li").filter({ hasText: shown.contact }).first().waitFor({ timeout: 60_000 });
  await page.locator(".others summary").click();
});

await step("acknowledging asks once who, then it is one tap", async () => {
  await card("<b>41</b> contacts").getByRole("button", { name: "Acknowledge", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Who takes it up?" });
  await accessible(page, "the dialog");
  await dialog.getByLabel("Your name").fill("Lea <i>");
  await dialog.getByLabel(/^Note/).fill("calls the team");
  await dialog.getByRole("button", { name: "Acknowledge" }).click();
  await card("<b>41</b> contacts").getByText(/^Lea <i> has it since .*: calls the team$/).waitFor();
  await card("3 agents left").getByRole("button", { name: "Acknowledge as Lea <i>" }).click();
  await card("3 agents left").getByText(/^Lea <i> has it/).waitFor();
  for (const [id, note] of [[shown.surge, "calls the team"], [shown.absence, undefined]]) {
    const { ack } = await (await fetch(`${base}/api/v1/alerts/${id.split("/").map(encodeURIComponent).join("/")}`)).json();
    same([ack.by, ack.note ?? undefined], ["Lea <i>", note], `ack of ${id}`);
  }
});

await step("an alert leads to its contact and the numbers around it", async () => {
  await card("<b>41</b> contacts").getByRole("link", { name: /contacts came/ }).click();
  await page.getByRole("heading", { name: "The numbers around it" }).waitFor();
  await page.locator(".chart canvas").first().waitFor();
  await page.getByRole("link", { name: shown.contact, exact: true }).click();
  await page.locator(".lines li").filter({ hasText: `waits in ${shown.queue}` }).waitFor({ timeout: 30_000 });
  check(page.url().includes("/contacts/"), page.url());
  await page.goBack();
  await page.getByRole("heading", { name: "Contacts behind it" }).waitFor();
});

await step("tables are sorted and filtered, with both in the address", async () => {
  await page.getByRole("link", { name: "Queues", exact: true }).click();
  await page.getByRole("searchbox", { name: "Find a queue" }).fill("onerror");
  await until("one row", async () => (await page.locator("tbody tr").count()) === 1);
  await page.getByRole("button", { name: "Waiting" }).click();
  await page.getByRole("button", { name: "Waiting" }).click();
  same(await page.locator("th[aria-sort]").getAttribute("aria-sort"), "descending", "order");
  await page.reload();
  await until("the same row", async () => (await page.locator("tbody tr").count()) === 1);
  same(await page.locator("th[aria-sort]").getAttribute("aria-sort"), "descending", "order after a reload");
});

await step("the keyboard reaches the content at once", async () => {
  await page.goto(`${base}/`);
  await tile.waitFor();
  await page.keyboard.press("Tab");
  same(await page.evaluate(() => document.activeElement.className), "skip", "first stop");
});

const paths = ["/", "/queues", `/queues/${encodeURIComponent(shown.queue)}`, "/groups/all", "/agents", "/alerts?over=1",
  `/alerts/${shown.surge.split("/").map(encodeURIComponent).join("/")}`, `/contacts/${encodeURIComponent(shown.contact)}`, "/feed"];
for (const colorScheme of ["light", "dark"]) {
  await step(`axe-core finds nothing on any page, ${colorScheme}`, async () => {
    const agents = await (await fetch(`${base}/api/v1/entities?kind=agent`)).json();
    const agent = agents.entities[0].entity.slice("agent:".length);
    for (const path of [...paths, `/agents/${encodeURIComponent(agent)}`, "/?view=tv"]) {
      const one = await open(browser, base, path, { colorScheme });
      await one.page.locator("h1").waitFor({ state: "attached" });
      await one.page.waitForTimeout(800);
      await accessible(one.page, path);
      same(one.faults, [], path);
      await one.context.close();
    }
  });
}

await step("a phone scrolls in one direction only", async () => {
  for (const path of paths) {
    const one = await open(browser, base, path, { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
    await one.page.locator("h1").waitFor({ state: "attached" });
    await one.page.waitForTimeout(500);
    const width = await one.page.evaluate(() => document.scrollingElement.scrollWidth);
    check(width <= 361, `${path} is ${width} wide`);
    await one.context.close();
  }
});

await step("each language is spoken: the browser's, or the address's", async () => {
  for (const [language, locale, query, words] of [
    ["es", "es-MX", "", "Necesita a alguien ahora"], ["id", "id-ID", "", "Perlu seseorang sekarang"],
    ["sv", "sv-SE", "", "Behöver någon nu"], ["zh", "zh-CN", "", "现在需要处理"], ["en", "sv-SE", "?lang=en", "Needs somebody now"],
  ]) {
    const one = await open(browser, base, `/${query}`, { locale });
    await one.page.getByRole("heading", { name: words }).waitFor();
    same(await one.page.locator("html").getAttribute("lang"), language, "lang");
    same(one.faults, [], language);
    await one.context.close();
  }
});

await step("a wall shows whole tiles, and paper shows no buttons", async () => {
  const one = await open(browser, base, "/?view=tv", { viewport: { width: 1920, height: 1080 } });
  await one.page.locator(".tile").first().waitFor();
  await one.page.waitForTimeout(2_500);
  const sizes = await one.page.evaluate(() => [...document.querySelectorAll(".tile:not([hidden])")].map((it) => ({
    bottom: it.getBoundingClientRect().bottom, figure: parseFloat(getComputedStyle(it.querySelector(".counts dd")).fontSize) })));
  check(sizes.length > 0 && sizes.every(({ bottom }) => bottom <= 1080), JSON.stringify(sizes));
  // Digits of 4 % of the height are 2 cm high on a screen of 55 inches.
  check(sizes.every(({ figure }) => figure >= 0.039 * 1080), JSON.stringify(sizes));
  await one.page.emulateMedia({ media: "print" });
  same(await one.page.locator("button:visible, select:visible, input:visible").count(), 0, "controls on paper");
  await one.context.close();
});

same(faults, [], "errors of the page");
await browser.close();
console.log(`${steps.length} passed, 0 failed`);
