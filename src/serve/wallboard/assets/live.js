// The floor as it is now: a snapshot, then what the stream brings, with the place to resume from.

import { createParser } from "./vendor/eventsource-parser.js";

/** The stream shows every 10 s that it lives. Without a byte for longer it is cut, and opened anew. */
const SILENT_AFTER = 25_000;
const RETRY_FIRST = 500;
const RETRY_MAX = 10_000;
const LATE_AFTER = 20_000;

export class Board extends EventTarget {
  /** Records of queues and groups by entity: `{entity, title, record, receivedAt}`. */
  groups = new Map();
  /** Firing alerts by id. */
  alerts = new Map();
  policies = new Map();
  windows = [];
  totals = { groups: 0, alerts: 0 };
  /** `opening`, `open`, `down` (with `cause`), or `reading`: the process answers and is not ready. */
  line = "opening";
  cause = null;
  assets = null;
  /** Server's time less ours, in ms. */
  skew = 0;
  heardAt = null;
  newestClock = null;

  #changed = { entities: new Set(), alerts: false, all: false };
  #scheduled = false;
  #last = null;
  #retry = RETRY_FIRST;
  #abort = null;
  #stopped = false;
  #repaints = 0;

  constructor(window) {
    super();
    this.window = window;
  }

  /** Runs until `stop`. */
  async run() {
    while (!this.#stopped) {
      try {
        if (this.#last === null) await this.#load();
        await this.#listen();
      } catch (error) {
        if (this.#stopped) return;
        this.#lose(error);
      }
      if (this.line !== "open") await this.#pause();
    }
  }

  stop() {
    this.#stopped = true;
    this.#abort?.abort();
  }

  /** Figures of another window from now on. */
  changeWindow(window) {
    this.window = window;
    this.#last = null;
    this.#retry = RETRY_FIRST;
    this.#abort?.abort(new Restart());
  }

  /** The server's time in ms. */
  now() {
    return Date.now() + this.skew;
  }

  /** The instant whose figures these are, running on by itself. Where a source's time is not the clock's, it follows the records. */
  dataNow() {
    const newest = this.newestClock;
    if (!newest) return this.now();
    const byClock = this.now();
    return Math.abs(byClock - newest.at) < 120_000 ? byClock : newest.at + (performance.now() - newest.receivedAt);
  }

  /** How old the newest figures are, in ms. */
  age() {
    return this.newestClock ? this.now() - this.newestClock.at : null;
  }

  /** Whether the figures should not be taken for those of now. */
  isLate() {
    const silent = this.heardAt === null ? 0 : performance.now() - this.heardAt;
    return this.line !== "open" || silent > LATE_AFTER;
  }

  alertsOf(queue) {
    return [...this.alerts.values()].filter((alert) => alert.queue === queue);
  }

  async #load() {
    const asked = Date.now();
    this.#abort = new AbortController();
    const timer = setTimeout(() => this.#abort.abort(new Error("timeout")), SILENT_AFTER);
    const query = this.window ? `?window=${encodeURIComponent(this.window)}` : "";
    let floor;
    try {
      const answer = await fetch(`/api/v1/floor${query}`, { signal: this.#abort.signal, cache: "no-store" });
      if (!answer.ok) throw await refused(answer);
      floor = await answer.json();
    } finally {
      clearTimeout(timer);
    }
    this.skew = Date.parse(floor.at) - (asked + Date.now()) / 2;
    if (Math.abs(this.skew) < 1_000) this.skew = 0;
    this.#take(floor);
  }

  #take(floor) {
    this.groups.clear();
    this.alerts.clear();
    this.newestClock = null;
    this.policies = new Map(floor.policies.map((policy) => [policy.name, policy]));
    this.windows = floor.windows;
    this.totals = { groups: floor.groups_total, alerts: floor.alerts_total };
    for (const { entity, title, record } of floor.groups) {
      this.groups.set(entity, { entity, title, record, receivedAt: performance.now() });
      this.#note(record.clock);
    }
    for (const alert of floor.alerts) this.alerts.set(alert.id, alert);
    this.assets = floor.assets;
    this.#last = floor.stream;
    this.heardAt = performance.now();
    this.#set("open");
    this.#schedule({ all: true });
  }

  async #listen() {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const watch = setInterval(() => {
      if (performance.now() - this.heardAt > SILENT_AFTER) this.#abort.abort(new Error("silent"));
    }, 1_000);
    this.heardAt = performance.now();
    try {
      const query = new URLSearchParams({ kind: "group", window: this.window || "30m" });
      const headers = { "Last-Event-ID": this.#last, Accept: "text/event-stream" };
      const answer = await fetch(`/api/v1/stream?${query}`, { signal, headers, cache: "no-store" });
      if (!answer.ok) throw await refused(answer);
      this.#set("open");
      const parser = createParser({ onEvent: (event) => this.#receive(event) });
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        this.heardAt = performance.now();
        this.#retry = RETRY_FIRST;
        parser.feed(value);
        if (this.#last === null) return;
      }
    } finally {
      clearInterval(watch);
      this.#abort.abort();
    }
    throw new Error("closed");
  }

  #receive(event) {
    if (event.event === "missed") {
      // What is gone can't be made up for: everything anew.
      this.#last = null;
      return;
    }
    if (event.id && this.#last !== null) this.#last = event.id;
    if (!event.data) return;
    const record = JSON.parse(event.data);
    if (event.event === "kpis") this.#takeKpis(record);
    if (event.event === "alert") this.#takeAlert(record);
  }

  #takeKpis(record) {
    const known = this.groups.get(record.entity);
    if (known && known.record.window === record.window && known.record.clock > record.clock) return;
    if (!known) this.totals.groups += 1;
    this.groups.set(record.entity, { entity: record.entity, title: known?.title, record, receivedAt: performance.now() });
    this.#note(record.clock);
    this.#schedule({ entity: record.entity });
  }

  #takeAlert(alert) {
    const known = this.alerts.get(alert.id);
    if (known && known.at > alert.at) return;
    if (alert.status === "resolved") {
      if (this.alerts.delete(alert.id)) this.totals.alerts -= 1;
    } else {
      if (!known) this.totals.alerts += 1;
      this.alerts.set(alert.id, alert);
    }
    this.dispatchEvent(new CustomEvent("alert", { detail: alert }));
    this.#schedule({ alerts: true });
  }

  #note(clock) {
    const at = Date.parse(clock);
    if (!this.newestClock || at > this.newestClock.at) this.newestClock = { at, receivedAt: performance.now() };
  }

  #schedule({ entity, alerts = false, all = false }) {
    if (entity) this.#changed.entities.add(entity);
    this.#changed.alerts ||= alerts || all;
    this.#changed.all ||= all;
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      const detail = this.#changed;
      this.#changed = { entities: new Set(), alerts: false, all: false };
      performance.mark("repaint");
      this.dispatchEvent(new CustomEvent("change", { detail }));
      performance.measure(detail.all ? "floorwalker:draw" : "floorwalker:repaint", { start: "repaint", detail: detail.entities.size });
      performance.clearMarks("repaint");
      // Open all day: only the latest measurements are kept.
      if (++this.#repaints % 1_000 === 0) performance.clearMeasures("floorwalker:repaint");
    });
  }

  #lose(error) {
    if (error instanceof Restart) return this.#set("opening");
    const isReading = error instanceof Refused && error.status === 503;
    this.#set(isReading ? "reading" : "down", error instanceof Refused ? error.message : null);
  }

  #set(line, cause = null) {
    if (this.line === line && this.cause === cause) return;
    this.line = line;
    this.cause = cause;
    this.dispatchEvent(new Event("line"));
  }

  #pause() {
    const length = this.line === "opening" ? 0 : this.#retry * (0.75 + Math.random() / 2);
    this.#retry = Math.min(this.#retry * 2, RETRY_MAX);
    return new Promise((resolve) => setTimeout(resolve, length));
  }
}

class Restart extends Error {}

export class Refused extends Error {
  constructor(status, what) {
    super(what);
    this.status = status;
  }
}

/** What is wrong, in the server's words. Whoever is signed in no more is led to the page to sign in on. */
async function refused(answer) {
  if (answer.status === 401) location.reload();
  try {
    const { detail, what_to_do: hint } = await answer.json();
    return new Refused(answer.status, [detail, hint].filter(Boolean).join(": "));
  } catch {
    return new Refused(answer.status, `HTTP ${answer.status}`);
  }
}

/** Asks the API. `null` if there is no such thing. */
export async function get(path, signal) {
  const answer = await fetch(path, { signal, cache: "no-store" });
  if (answer.status === 404) return null;
  if (!answer.ok) throw await refused(answer);
  return answer.json();
}

/** Sends JSON. */
export async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw await refused(answer);
  return answer.status === 204 ? null : answer.json();
}

/** Takes something away. */
export async function remove(path) {
  const answer = await fetch(path, { method: "DELETE" });
  if (!answer.ok) throw await refused(answer);
  return answer.json();
}
