// The agents, by name. Their figures are on their own pages: a list of them side by side would be a ranking.

import { h } from "./dom.js";
import { get } from "./live.js";
import { Table } from "./table.js";
import { kindAndName, t, time } from "./text.js";

export const mount = (app) => new Agents(app);

class Agents {
  title = t("nav.agents");
  #gone = new AbortController();

  constructor(app) {
    this.app = app;
    this.table = new Table(app, {
      caption: t("nav.agents"), key: (row) => row.entity, sort: { key: "name" }, filterLabel: t("filter.agents"),
      textOf: (row) => `${row.title} ${row.name}`,
      columns: [
        { key: "name", label: t("name"), value: (row) => row.title,
          cell: (row) => h("a", { href: `/agents/${encodeURIComponent(row.name)}` }, row.title) },
        { key: "clock", label: t("agents.seen"), value: (row) => row.clock, cell: (row) => time(row.clock), sortable: false },
      ],
    });
    this.element = h("div", { class: "agents-page" }, h("h1", {}, t("nav.agents")), h("p", {}, t("agents.no_ranking")), this.table.element);
    this.load();
  }

  unmount() {
    this.#gone.abort();
  }

  async load() {
    try {
      // More than anybody looks through; a filter finds others by their page's address.
      const { entities } = await get("/api/v1/entities?kind=agent&limit=10000", this.#gone.signal);
      this.table.update(entities.map(({ entity, title, clock }) => {
        const [, name] = kindAndName(entity);
        return { entity, name, title: title ?? name, clock };
      }));
    } catch (error) {
      if (!this.#gone.signal.aborted) this.app.report(error.message, true);
    }
  }
}
