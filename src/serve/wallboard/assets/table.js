// Tables that are sorted and filtered, with both in the address.

import { arrange, fill, h, setAttribute, setText } from "./dom.js";
import { number, t } from "./text.js";

const ROWS_MAX = 500;

/**
 * `columns` are `{key, label, value, cell, isNumber, sortable}`: `value(row)` is sorted and filtered by, `cell(row)` a node or text.
 * `rows` are set by `update`; each is known by `key(row)`.
 */
export class Table {
  #rows = [];
  #elements = new Map();

  constructor(app, { caption, columns, key, sort, filterLabel = t("filter"), textOf }) {
    Object.assign(this, { app, columns, key });
    this.textOf = textOf ?? ((row) => columns.map((column) => column.value(row)).join(" "));
    this.sortedBy = columns.some((column) => column.key === app.query("sort")) ? app.query("sort") : sort.key;
    this.isDown = app.query("sort") ? app.query("order") === "down" : Boolean(sort.isDown);
    this.filter = h("input", { type: "search", value: app.query("q"), placeholder: filterLabel, "aria-label": filterLabel,
      on: { input: () => {
        app.setQuery("q", this.filter.value);
        this.#draw();
      } } });
    this.heads = columns.map((column) => h("th", { scope: "col", class: column.isNumber ? "number" : null },
      column.sortable === false ? column.label
        : h("button", { type: "button", on: { click: () => this.#sort(column.key) } }, column.label)));
    this.body = h("tbody");
    this.count = h("p", { class: "more", role: "status" });
    this.element = h("div", { class: "table" }, h("div", { class: "bar" }, this.filter),
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
        h("table", {}, h("caption", { class: "visually-hidden" }, caption), h("thead", {}, h("tr", {}, this.heads)), this.body)),
      this.count);
  }

  update(rows) {
    this.#rows = rows;
    this.#draw();
  }

  #sort(key) {
    this.isDown = this.sortedBy === key ? !this.isDown : false;
    this.sortedBy = key;
    this.app.setQuery("sort", key);
    this.app.setQuery("order", this.isDown ? "down" : "");
    this.#draw();
  }

  #draw() {
    const column = this.columns.find(({ key }) => key === this.sortedBy) ?? this.columns[0];
    this.columns.forEach(({ key }, index) => {
      const order = this.isDown ? "descending" : "ascending";
      setAttribute(this.heads[index], "aria-sort", key === column.key ? order : false);
    });
    const wanted = this.filter.value.trim().toLowerCase();
    const rows = this.#rows.filter((row) => this.textOf(row).toLowerCase().includes(wanted));
    rows.sort((one, other) => compare(column.value(one), column.value(other), this.isDown)
      || compare(this.key(one), this.key(other), false));
    const shown = rows.slice(0, ROWS_MAX);
    const elements = new Map();
    for (const row of shown) {
      const id = this.key(row);
      const element = this.#elements.get(id) ?? h("tr", {}, this.columns.map((it, index) =>
        h(index === 0 ? "th" : "td", { scope: index === 0 ? "row" : null, class: it.isNumber ? "number" : null })));
      this.columns.forEach((it, index) => put(element.children[index], it.cell ? it.cell(row) : it.value(row)));
      elements.set(id, element);
    }
    this.#elements = elements;
    arrange(this.body, [...elements.values()]);
    setText(this.count, rows.length > ROWS_MAX
      ? t("rows.some", { n: number(ROWS_MAX), all: number(rows.length) })
      : t("rows", { n: number(rows.length), all: number(this.#rows.length) }));
  }
}

/** A text is written over; nodes are put anew only if they differ, so that focus stays. */
function put(cell, content) {
  if (content instanceof Node) {
    if (!cell.firstChild?.isEqualNode(content) || cell.childNodes.length !== 1) fill(cell, content);
  } else {
    setText(cell, content ?? "–");
  }
}

/** What is missing comes last, either way. */
function compare(one, other, isDown) {
  const isMissing = (value) => value === null || value === undefined || Number.isNaN(value);
  if (isMissing(one) || isMissing(other)) return Number(isMissing(one)) - Number(isMissing(other));
  const order = typeof one === "number" && typeof other === "number"
    ? one - other
    : String(one).localeCompare(String(other), undefined, { numeric: true });
  return isDown ? -order : order;
}
