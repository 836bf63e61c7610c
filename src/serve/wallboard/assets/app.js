// Starts the wallboard: one live floor, a page for each path.

import { fill, h, setAttribute, setText } from "./dom.js";
import { Board } from "./live.js";
import { isSignedIn, loadSession, ownName, signOut } from "./person.js";
import { LANGUAGES, currentLanguage, duration, loadMessages, t, time, windowName } from "./text.js";

const PAGES = [
  [/^\/$/, "floor"],
  [/^\/queues$/, "queues"],
  [/^\/queues\/([^/]+)$/, "group", (name) => `queue:${name}`],
  [/^\/groups\/([^/]+)$/, "group"],
  [/^\/agents$/, "agents"],
  [/^\/agents\/([^/]+)$/, "agent"],
  [/^\/alerts$/, "alerts"],
  [/^\/alerts\/(.+)$/, "alert"],
  [/^\/contacts\/([^/]+)$/, "contact"],
  [/^\/feed$/, "feed"],
];
const LINKS = [["/", "nav.floor"], ["/alerts", "nav.alerts"], ["/queues", "nav.queues"], ["/agents", "nav.agents"],
  ["/feed", "nav.feed"]];
/** What of the address stays from page to page. */
const KEPT = ["lang", "view", "window"];
/** Figures that are older than this are said to be old. */
const OLD_AFTER = 30_000;

class App {
  view = null;
  #announced = h("p", { class: "visually-hidden", role: "status" });
  #toast = h("div", { class: "toast", role: "status" });
  #count = 0;

  constructor(board) {
    const query = new URLSearchParams(location.search);
    this.isTv = query.get("view") === "tv";
    setAttribute(document.documentElement, "data-view", this.isTv ? "tv" : "desk");
    this.board = board;
    this.report = this.report.bind(this);
    this.bannerWhat = h("strong", { role: "alert" });
    // Goes on each second: not for those who listen to the page.
    this.bannerAge = h("span", { "aria-hidden": "true" });
    this.banner = h("div", { class: "banner", hidden: true }, this.bannerWhat, " ", this.bannerAge);
    this.line = h("p", { class: "line" });
    this.printed = h("p", { class: "printed" });
    this.windows = h("select", { "aria-label": t("window"), on: { change: () => {
      this.setQuery("window", this.windows.value);
      this.board.changeWindow(this.windows.value);
      this.#hrefs();
    } } });
    this.nav = h("nav", { "aria-label": t("nav") }, h("ul", {}, LINKS.map(([path, key]) =>
      h("li", {}, h("a", { href: path, "data-path": path }, t(key))))));
    this.main = h("main", { id: "main", tabindex: -1 });
    document.body.prepend(
      h("a", { class: "skip", href: "#main" }, t("skip")),
      h("header", { class: "top" },
        h("p", { class: "brand" }, "Floorwalker"), this.nav,
        h("div", { class: "tools" }, this.windows, this.#languages(), this.#tv(), this.#leaving(), this.line, this.printed)),
      this.banner, this.main, this.#toast, this.#announced);
  }

  start() {
    addEventListener("popstate", () => this.show());
    document.addEventListener("click", (event) => this.#follow(event));
    this.board.addEventListener("change", ({ detail }) => this.#update(detail));
    this.board.addEventListener("alert", ({ detail }) => this.view?.onAlert?.(detail));
    this.board.addEventListener("line", () => this.#drawLine());
    setInterval(() => {
      this.#drawLine();
      this.view?.tick?.();
    }, 1_000);
    // It may be here already.
    if (this.board.assets !== null) this.#newFloor();
    this.show();
  }

  /** A parameter of the address. */
  query(name) {
    return new URLSearchParams(location.search).get(name) ?? "";
  }

  /** Writes it into the address, so that a link or a reload shows the same. */
  setQuery(name, value) {
    const query = new URLSearchParams(location.search);
    if (value) query.set(name, value);
    else query.delete(name);
    const text = query.toString();
    history.replaceState(null, "", location.pathname + (text ? `?${text}` : ""));
  }

  setCount(count) {
    this.#count = count;
    this.#drawTitle();
  }

  /** For those who listen to the page. */
  announce(text) {
    setText(this.#announced, text);
  }

  /** Shows for a moment how something went. */
  report(text, isBad = false) {
    setText(this.#toast, text);
    setAttribute(this.#toast, "data-bad", isBad);
    clearTimeout(this.hideToast);
    this.hideToast = setTimeout(() => setText(this.#toast, ""), isBad ? 12_000 : 5_000);
  }

  async show() {
    const [name, argument] = this.#page();
    const asked = (this.asked = {});
    // A page that shows the floor's figures waits for them: empty tiles help nobody.
    const page = await import(`./${name}.js`);
    await this.#ready();
    if (this.asked !== asked) return;
    this.view?.unmount?.();
    this.view = null;
    this.view = page.mount(this, argument);
    fill(this.main, this.view.element);
    setAttribute(document.body, "data-page", name);
    this.#drawTitle();
    this.#hrefs();
    this.view.tick?.();
    if (!performance.getEntriesByName("floorwalker:first-figures").length) {
      requestAnimationFrame(() => performance.measure("floorwalker:first-figures", { start: 0 }));
    }
  }

  #ready() {
    if (this.board.groups.size > 0 || this.board.assets !== null) return null;
    this.#drawLine();
    return new Promise((resolve) => this.board.addEventListener("change", resolve, { once: true }));
  }

  #page() {
    for (const [pattern, name, map] of PAGES) {
      const match = pattern.exec(location.pathname);
      if (!match) continue;
      const argument = match[1]?.split("/").map(decode).join("/");
      return [name, map ? map(argument) : argument];
    }
    return ["floor"];
  }

  #update(detail) {
    if (detail.all) this.#newFloor();
    this.view?.update?.(detail);
  }

  #newFloor() {
    const own = document.querySelector("meta[name=assets]").content;
    // The server was updated: the page is, too, once nobody is writing in it.
    if (this.board.assets !== own && !document.querySelector("dialog") && sessionStorage.getItem("loaded") !== this.board.assets) {
      sessionStorage.setItem("loaded", this.board.assets);
      location.reload();
    }
    const known = [...this.windows.options].map((option) => option.value).join();
    if (known !== this.board.windows.join()) {
      fill(this.windows, this.board.windows.map((window) => h("option", { value: window }, windowName(window))));
    }
    const asked = this.board.window || "30m";
    this.windows.value = this.board.windows.includes(asked) ? asked : this.board.windows[0];
  }

  #drawLine() {
    const { board } = this;
    const age = board.age();
    const seconds = Math.max(0, (age ?? 0) / 1_000);
    const isLate = board.isLate();
    // A past that is read, or a simulator's time: no age by the clock.
    const isHistory = age !== null && (age > 86_400_000 || age < -60_000);
    const isOld = !isLate && !isHistory && age !== null && age > OLD_AFTER;
    setAttribute(document.body, "data-line", isLate ? "down" : isOld ? "old" : "open");
    setText(this.line, isHistory
      ? t("line.history", { time: time(board.newestClock.at) })
      : isLate || age === null ? t(`line.${board.line === "open" ? "down" : board.line}`) : t("line.open", { age: duration(seconds) }));
    setText(this.printed, age === null ? "" : t("line.printed",
      { time: new Date(board.newestClock.at).toLocaleString(currentLanguage()), window: windowName(this.windows.value) }));
    const from = age === null ? "" : isHistory
      ? t("line.history", { time: time(board.newestClock.at) })
      : t("line.from", { age: duration(seconds) });
    const isDown = isLate && board.line !== "opening";
    const what = isDown ? t(board.line === "reading" ? "line.reading_long" : "line.down_long") : isOld ? t("line.old") : "";
    setAttribute(this.banner, "hidden", what === "");
    setText(this.bannerWhat, what);
    setText(this.bannerAge, what === "" ? "" : [from, board.cause].filter(Boolean).join(" "));
  }

  #drawTitle() {
    const count = this.#count > 0 ? `(${this.#count}) ` : "";
    document.title = `${count}${this.view?.title ? `${this.view.title} · ` : ""}Floorwalker`;
  }

  #languages() {
    const select = h("select", { class: "language", "aria-label": t("language"), on: { change: () => {
      this.setQuery("lang", select.value);
      location.reload();
    } } }, Object.entries(LANGUAGES).map(([tag, name]) => h("option", { value: tag, lang: tag }, name)));
    select.value = currentLanguage();
    return select;
  }

  #tv() {
    const query = new URLSearchParams(location.search);
    if (this.isTv) query.delete("view");
    else query.set("view", "tv");
    return h("a", { class: "tv-link", href: `/?${query}`, "data-plain": true }, t(this.isTv ? "tv.leave" : "tv.enter"));
  }

  /** For whoever is signed in. */
  #leaving() {
    if (!isSignedIn()) return null;
    const leave = () => signOut().catch((error) => this.report(t("sign_out.failed", { cause: error.message || t("line.down") }), true));
    return h("button", { type: "button", class: "quiet sign-out", title: t("signed_in", { name: ownName() }), on: { click: leave } }, t("sign_out"));
  }

  /** The address of a page of ours with what stays from page to page. */
  #keeping(path) {
    const url = new URL(path, location.href);
    const now = new URLSearchParams(location.search);
    for (const name of KEPT) if (now.has(name) && !url.searchParams.has(name)) url.searchParams.set(name, now.get(name));
    return url;
  }

  #hrefs() {
    for (const link of this.nav.querySelectorAll("a")) {
      link.href = this.#keeping(link.dataset.path);
      setAttribute(link, "aria-current", link.dataset.path === location.pathname ? "page" : false);
    }
  }

  /** Links between pages keep the line open. */
  #follow(event) {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const url = new URL(link.href);
    const isOurs = url.origin === location.origin && PAGES.some(([pattern]) => pattern.test(url.pathname));
    if (!isOurs || link.hasAttribute("data-plain") || link.target || (url.hash && url.pathname === location.pathname)) return;
    event.preventDefault();
    history.pushState(null, "", this.#keeping(link.href));
    scrollTo(0, 0);
    this.show().then(() => this.main.focus({ preventScroll: true }));
  }
}

function decode(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

// The figures are on their way while the words are.
const board = new Board(new URLSearchParams(location.search).get("window"));
board.run();
await Promise.all([loadMessages(), loadSession()]);
new App(board).start();
