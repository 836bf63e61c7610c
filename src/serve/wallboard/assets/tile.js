// One queue on the floor: its level against its target, who waits, and how the last hour went.

import { h, setAttribute, setText } from "./dom.js";
import { duration, interval, kindAndName, number, percent, t } from "./text.js";

export const queuePath = (name) => `/queues/${encodeURIComponent(name)}`;
export const entityPath = (entity) => {
  const [kind, name] = kindAndName(entity);
  if (kind === "queue") return queuePath(name);
  return kind === "agent" ? `/agents/${encodeURIComponent(name)}` : `/groups/${encodeURIComponent(entity)}`;
};

/** A bar from 0 to 100 % with the interval, the share and the target. What it shows stands beside it as text, too. */
export class Meter {
  element = h("div", { class: "meter", "aria-hidden": "true" },
    h("div", { class: "range" }), h("div", { class: "share" }), h("div", { class: "target" }));

  update({ share, low, high, target }) {
    const set = (name, value) => this.element.style.setProperty(name, Number.isFinite(value) ? String(value) : "0");
    set("--low", low);
    set("--high", high);
    set("--share", share);
    set("--target", target);
    setAttribute(this.element, "data-empty", !Number.isFinite(share));
    setAttribute(this.element, "data-no-target", !Number.isFinite(target));
  }
}

export class Tile {
  /** `heading` is its element: one level below what it stands under. */
  constructor(entity, heading = "h3") {
    const [, name] = kindAndName(entity);
    this.entity = entity;
    this.name = name;
    const id = `tile-${++Tile.count}`;
    this.title = h("a", { href: queuePath(name) });
    this.state = h("span", { class: "state" });
    this.share = h("span", { class: "figure" });
    this.promise = h("span", { class: "promise" });
    this.range = h("span", { class: "range-text" });
    this.meter = new Meter();
    this.waiting = h("dd");
    this.longest = h("dd");
    this.risk = h("dd");
    this.alerts = h("a", { class: "tile-alerts", href: queuePath(name), hidden: true });
    this.spark = h("div", { class: "spark", "aria-hidden": "true" });
    this.element = h("li", { class: "tile", "aria-labelledby": id, "data-entity": entity },
      h("header", {}, h(heading, { id }, this.title), this.state),
      h("p", { class: "level" }, this.share, h("span", { class: "level-text" }, this.promise, this.range)),
      this.meter.element,
      h("dl", { class: "counts" },
        h("div", {}, h("dt", {}, t("waiting")), this.waiting),
        h("div", { class: "longest" }, h("dt", {}, t("longest")), this.longest),
        h("div", { class: "risk" }, h("dt", {}, t("at_risk")), this.risk)),
      this.spark, this.alerts);
  }

  static count = 0;

  /** `now` is the time of the data, in ms. */
  update(group, judged, urgent, now) {
    this.judged = judged;
    this.record = group.record;
    const main = judged.main;
    setText(this.title, group.title ?? this.name);
    setAttribute(this.element, "data-state", judged.state);
    setText(this.state, t(`state.${judged.state}`));
    setText(this.share, main ? percent(main.share) : "–");
    setText(this.promise, main
      ? Number.isFinite(main.target) ? t("target_of", { target: percent(main.target), policy: main.name }) : main.name
      : t("no_level"));
    setText(this.range, main ? t("interval_n", { interval: interval([main.low, main.high]), n: number(main.n) }) : "");
    this.meter.update(main ?? {});
    setText(this.waiting, number(judged.waiting));
    setText(this.risk, number(judged.atRisk));
    setAttribute(this.element, "data-risk", judged.atRisk > 0);
    setAttribute(this.element, "data-overdue", judged.isOverdue);
    setAttribute(this.alerts, "hidden", urgent.length === 0);
    setText(this.alerts, urgent.length === 0 ? "" : t("alerts_here", { n: number(urgent.length) }));
    this.tick(now);
  }

  /** The longest wait goes on by itself between records. */
  tick(now) {
    const { longestWait } = this.judged ?? {};
    if (longestWait === null || longestWait === undefined) return setText(this.longest, "–");
    const since = Math.max(0, (now - Date.parse(this.record.clock)) / 1_000);
    setText(this.longest, duration(longestWait + since));
  }
}
