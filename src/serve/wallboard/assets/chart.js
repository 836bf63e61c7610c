// Lines over time, by uPlot: small ones on tiles, large ones with axes, targets and marks on pages.

import uPlot from "./vendor/uplot.js";
import { h } from "./dom.js";
import { currentLanguage, duration, number, percent, time } from "./text.js";

const probe = h("span", { hidden: true });
document.body.append(probe);

/** A colour of the style sheet as a canvas takes it: the value of the scheme that is shown now. */
function css(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

const seconds = (at) => at.map((millis) => millis / 1_000);

/** A line that stands still between points, and is broken where more than `gap` seconds are missing. */
function withGaps(at, values, gap = 180) {
  const [xs, ys] = [[], []];
  seconds(at).forEach((x, index) => {
    if (index > 0 && x - xs.at(-1) > gap) {
      xs.push(xs.at(-1) + 1);
      ys.push(null);
    }
    xs.push(x);
    ys.push(values[index]);
  });
  return [xs, ys];
}

function drawTarget(plot, target, scale = "y") {
  if (!Number.isFinite(target)) return;
  const y = Math.round(plot.valToPos(target, scale, true)) + 0.5;
  const { left, width } = plot.bbox;
  const { ctx } = plot;
  ctx.save();
  ctx.strokeStyle = css("--muted");
  ctx.setLineDash([4, 4]);
  ctx.beginPath();
  ctx.moveTo(left, y);
  ctx.lineTo(left + width, y);
  ctx.stroke();
  ctx.restore();
}

/** A small line without words: the last hour. */
export class Spark {
  constructor(parent) {
    this.parent = parent;
    this.watch = new ResizeObserver(() => this.plot?.setSize(this.#size()));
    this.watch.observe(parent);
  }

  draw(at, values, { max, target }) {
    const since = at.length > 0 ? at.at(-1) - 3_600_000 : 0;
    const from = at.findIndex((it) => it >= since);
    const data = withGaps(at.slice(from), values.slice(from));
    this.target = target;
    this.max = max;
    if (this.plot) return this.plot.setData(data);
    this.plot = new uPlot({
      ...this.#size(), padding: [3, 1, 3, 1], legend: { show: false }, cursor: { show: false }, select: { show: false },
      axes: [{ show: false }, { show: false }],
      scales: { x: { time: true, range: (_, low, high) => [Math.min(low, high - 3_600), high] },
        y: { range: (_, low, high) => [0, this.max ?? Math.max(high ?? 0, 1)] } },
      series: [{}, { stroke: () => css("--line"), width: 1.5, points: { show: data[0].length < 3 } }],
      hooks: { draw: [(plot) => drawTarget(plot, this.target)] },
    }, data, this.parent);
  }

  #size() {
    return { width: Math.max(40, this.parent.clientWidth), height: Math.max(24, this.parent.clientHeight) };
  }

  destroy() {
    this.watch.disconnect();
    this.plot?.destroy();
  }
}

/** Distances between ticks: no halves of contacts. */
const STEPS = { share: [0.05, 0.1, 0.2], seconds: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 18_000],
  count: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 10_000] };
const SPAN = 7_200;
const FORMATS = { share: (value) => percent(value), seconds: (value) => duration(value), count: (value) => number(value) };

/**
 * A chart with axes. `series` are `{label, values, color}`; `marks` are instants `{at, label, color}` drawn as upright lines.
 * What it shows is in a table beside it, so that it is hidden from readers of the screen.
 */
export class Chart {
  constructor(parent) {
    this.parent = parent;
    this.watch = new ResizeObserver(() => this.plot?.setSize(this.#size()));
    this.watch.observe(parent);
    // Colours are of the scheme, and the scheme may change.
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.redraw = () => this.plot?.redraw();
    this.scheme.addEventListener("change", this.redraw);
  }

  draw({ at, series, unit = "count", max, target, marks = [], from, until }) {
    this.state = { target, marks, max };
    const first = withGaps(at, series[0]?.values ?? []);
    const data = [first[0], ...series.map(({ values }) => withGaps(at, values)[1])];
    const key = series.map(({ label }) => label).join("|");
    this.range = [from / 1_000, until / 1_000];
    if (this.plot && this.key === key) return this.plot.setData(data);
    this.key = key;
    this.plot?.destroy();
    this.plot = new uPlot(this.#options(series, unit), data, this.parent);
  }

  #options(series, unit) {
    const format = FORMATS[unit];
    const axis = { stroke: () => css("--muted"), grid: { stroke: () => css("--hair"), width: 1 }, ticks: { show: false },
      font: "12px system-ui, sans-serif" };
    const clock = new Intl.DateTimeFormat(currentLanguage(), { timeStyle: "short" });
    return {
      ...this.#size(), legend: { show: true, live: true }, cursor: { drag: { setScale: false } },
      axes: [{ ...axis, values: (_, ticks) => ticks.map((tick) => clock.format(tick * 1_000)) },
        { ...axis, size: 56, incrs: STEPS[unit], values: (_, ticks) => ticks.map(format) }],
      scales: { x: { range: (_, low, high) => this.range.every(Number.isFinite) ? this.range : [high - SPAN, high] },
        y: { range: (_, low, high) => [0, this.state.max ?? Math.max((high ?? 0) * 1.1, 1)] } },
      series: [{ value: (_, at) => (at === null ? "–" : time(at * 1_000, { seconds: false })) },
        ...series.map(({ label, color }) => ({ label, stroke: () => css(color), width: 2,
          points: { show: (plot) => plot.data[0].length < 3 }, value: (_, value) => (value === null ? "–" : format(value)) }))],
      hooks: { draw: [(plot) => {
        drawTarget(plot, this.state.target);
        this.#drawMarks(plot);
      }] },
    };
  }

  #drawMarks(plot) {
    const { left, top, width, height } = plot.bbox;
    const { ctx } = plot;
    ctx.save();
    ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
    this.state.marks.forEach(({ at, label, color }, index) => {
      const x = Math.round(plot.valToPos(at / 1_000, "x", true)) + 0.5;
      if (x < left || x > left + width) return;
      ctx.strokeStyle = ctx.fillStyle = css(color);
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, top + height);
      ctx.stroke();
      const isRight = x > left + width * 0.75;
      ctx.textAlign = isRight ? "right" : "left";
      ctx.fillText(label, x + (isRight ? -4 : 4) * devicePixelRatio, top + (14 + 14 * (index % 3)) * devicePixelRatio);
    });
    ctx.restore();
  }

  #size() {
    return { width: Math.max(240, this.parent.clientWidth), height: 220 };
  }

  destroy() {
    this.watch.disconnect();
    this.scheme.removeEventListener("change", this.redraw);
    this.plot?.destroy();
  }
}
