// An alert is silenced on the floor, folded away, and calls again once the silence is ended. Arguments: the address, the alert's id, its sentence.

import { accessible, check, launch, open, same, until } from "./browser.mjs";

const [base, id, why] = process.argv.slice(2);
const browser = await launch();
try {
  const { page, faults } = await open(browser, base, "/");
  const card = page.locator(".incident").filter({ hasText: why });
  await card.getByRole("button", { name: "Silence", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Silence this alert" });
  check(await dialog.getByLabel("Until", { exact: true }).isHidden(), "no field for a time of one's own yet");
  await dialog.getByLabel("For how long").selectOption("own");
  await dialog.getByLabel("Until", { exact: true }).waitFor();
  await accessible(page, "the dialog");
  await dialog.getByLabel("For how long").selectOption("4h");
  await dialog.getByLabel("Your name").fill("Lea <i>");
  await dialog.getByLabel(/^Note/).fill("a mailing <b>went</b> out");
  const before = Date.now();
  await dialog.getByRole("button", { name: "Silence" }).click();
  // The server's own news take it off the list, with nothing loaded anew.
  await card.waitFor({ state: "detached" });
  const { silences } = await (await fetch(`${base}/api/v1/silences`)).json();
  same(silences.length, 1, "silences");
  const [{ by, comment, matchers, ends_at: ends, status }] = silences;
  same([by, comment, status], ["Lea <i>", "a mailing <b>went</b> out", "active"], "the silence");
  same(matchers, { rule: "queue.surge", subject: "queue:billing" }, "what it covers");
  const hours = (Date.parse(ends) - before) / 3_600_000;
  check(hours > 3.9 && hours < 4.1, `${hours} h`);
  const alert = async () => (await fetch(`${base}/api/v1/alerts/${id.split("/").map(encodeURIComponent).join("/")}`)).json();
  same((await alert()).silenced_by, silences[0].id, "the alert");

  const folded = page.locator(".silenced");
  await folded.getByText("Silenced alerts: 1").click();
  const line = folded.locator("li").filter({ hasText: why });
  await line.getByText(/^Silenced by Lea <i> until .*: a mailing <b>went<\/b> out$/).waitFor();
  await accessible(page, "the silenced alerts");
  await line.getByRole("link", { name: why }).click();
  await page.getByText(/^Silenced by Lea <i>/).waitFor();
  await page.goBack();
  await folded.getByText("Silenced alerts: 1").click();
  await line.getByRole("button", { name: "End the silence" }).click();
  await card.waitFor();
  await until("no silence", async () => (await alert()).silenced_by === null);
  check(await folded.isHidden(), "nothing is silenced any more");
  const all = await (await fetch(`${base}/api/v1/silences?status=all`)).json();
  same(all.silences.map((it) => [it.status, it.ended_by]), [["expired", "Lea <i>"]], "ended");
  same(faults, [], "errors of the page");
  console.log("silenced");
} finally {
  await browser.close();
}
