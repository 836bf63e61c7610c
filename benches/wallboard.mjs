// How soon the wallboard shows figures, and how long an update takes to paint: 200 queues, 2,000 agents, on a running `demo`.
//
//     target/release/floorwalker demo --plain --agents 20 --port 19092 --listen 127.0.0.1:18640 &
//     node benches/wallboard.mjs http://127.0.0.1:18640 localhost:19092
//
// Writes records of its own to the topic `floorwalker.kpis` with kcat, every queue once a second, as the engine does. Opens the page
// several times, anew each time, then watches one. The browser's performance API measures; see `live.js` and `app.js` for the marks.

import { spawn } from "node:child_process";
import { launch, until } from "../tests/browser/browser.mjs";

const [base = "http://127.0.0.1:18640", broker = "localhost:19092"] = process.argv.slice(2);
const [QUEUES, AGENTS, OPENINGS, SECONDS] = [200, 2_000, 7, 30];
const WINDOWS = ["5m", "30m", "1h", "today"];

const wilson = (met, n) => {
  const [z2, share] = [3.8416, met / n];
  const [middle, spread] = [share + z2 / (2 * n), Math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n)))];
  return { met, missed: n - met, excluded: 0, value: share, num: met, den: n,
    interval: [(middle - spread) / (1 + z2 / n), Math.min(1, (middle + spread) / (1 + z2 / n))] };
};

function record(entity, window, seed) {
  const n = 20 + (seed * 7) % 90;
  const level = wilson(Math.round(n * (0.55 + ((seed * 37) % 45) / 100)), n);
  const live = entity.startsWith("agent:") ? undefined : { waiting: seed % 9, longest_wait: seed % 9 ? 5 + seed % 60 : null, at_risk: seed % 3 };
  return { entity, window, clock: new Date().toISOString(), partial: false, kpis: { offered: n, answered: n, handled: n, abandoned: 1,
    sla: { "voice answer": level }, asa: { n, mean: 12.5 }, aht: { n, mean: 240 + seed % 60, talk: 200, hold: 5, wrap: 35 },
    abandonment: wilson(1, n), ...(live && { live }) } };
}

const kcat = spawn("kcat", ["-q", "-P", "-b", broker, "-t", "floorwalker.kpis", "-K", "\t"], { stdio: ["pipe", "inherit", "inherit"] });
const write = (one) => kcat.stdin.write(`${one.entity}/${one.window}\t${JSON.stringify(one)}\n`);
const numbers = Array.from({ length: QUEUES }, (_, index) => index);
for (const window of WINDOWS) {
  numbers.forEach((index) => write(record(`queue:bench-${index}`, window, index)));
  for (let index = 0; index < AGENTS; index++) write(record(`agent:bench-${index}`, window, index));
}
let round = 0;
const updates = setInterval(() => {
  round += 1;
  for (const window of WINDOWS.slice(0, 2)) numbers.forEach((index) => write(record(`queue:bench-${index}`, window, index + round)));
}, 1_000);

const quantile = (values, share) => values.sort((one, other) => one - other)[Math.min(values.length - 1, Math.floor(values.length * share))];
const has = async () => {
  const { entities } = await (await fetch(`${base}/api/v1/entities`)).json();
  return entities.filter(({ entity }) => entity.includes(":bench-")).length === QUEUES + AGENTS;
};
while (!(await has())) await new Promise((resolve) => setTimeout(resolve, 500));

const browser = await launch();
const first = [];
let page;
for (let opening = 0; opening < OPENINGS; opening++) {
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } });
  page = await context.newPage();
  await page.goto(base);
  await until("the first figures", () => page.evaluate(() => performance.getEntriesByName("floorwalker:first-figures").length > 0));
  const { length, tiles } = await page.evaluate(() => ({ tiles: document.querySelectorAll(".tile").length,
    length: performance.getEntriesByName("floorwalker:first-figures")[0].duration }));
  if (tiles < QUEUES) throw new Error(`only ${tiles} tiles`);
  first.push(length);
  if (opening < OPENINGS - 1) await context.close();
}
await page.waitForTimeout(SECONDS * 1_000);
const repaints = await page.evaluate(() => performance.getEntriesByName("floorwalker:repaint").map(({ duration, detail }) => ({ duration, detail })));
const times = repaints.map(({ duration }) => duration);
const entities = repaints.reduce((sum, { detail }) => sum + detail, 0);
const round1 = (value) => value.toFixed(1);
console.log(`${QUEUES} queues, ${AGENTS} agents, ${OPENINGS} openings, ${SECONDS} s of updates`);
console.log(`first figures: median ${round1(quantile(first, 0.5))} ms, worst ${round1(quantile(first, 1))} ms`);
console.log(`repaints: ${times.length} of ${entities} records, median ${round1(quantile(times, 0.5))} ms, 99 % ${round1(quantile(times, 0.99))} ms, worst ${round1(quantile(times, 1))} ms`);
clearInterval(updates);
kcat.stdin.end();
await browser.close();
