// All queues and groups in one table.

import { h } from "./dom.js";
import { judge, sortAlerts } from "./judge.js";
import { Table } from "./table.js";
import { entityPath } from "./tile.js";
import { duration, interval, kindAndName, number, percent, t, word } from "./text.js";

const ORDER = { bad: 0, watch: 1, good: 2, none: 3 };

export const mount = (app) => new Queues(app);

class Queues {
  title = t("nav.queues");

  constructor(app) {
    this.app = app;
    const count = (key, value) => ({ key, label: t(key), value, cell: (row) => number(value(row)), isNumber: true });
    const length = (key, value) => ({ key, label: t(key), value, cell: (row) => duration(value(row) ?? NaN), isNumber: true });
    this.table = new Table(app, {
      caption: t("nav.queues"), key: (row) => row.entity, sort: { key: "state" }, filterLabel: t("filter.queues"),
      textOf: (row) => `${row.title} ${row.name} ${row.kind} ${t(`state.${row.judged.state}`)}`,
      columns: [
        { key: "name", label: t("name"), value: (row) => row.title, cell: (row) => h("a", { href: entityPath(row.entity) }, row.title) },
        { key: "kind", label: t("kind"), value: (row) => row.kind },
        { key: "state", label: t("state"), value: (row) => ORDER[row.judged.state] * 1e6 - row.judged.score,
          cell: (row) => h("span", { class: "state", "data-state": row.judged.state }, t(`state.${row.judged.state}`)) },
        { key: "level", label: t("level"), value: (row) => row.judged.main?.share, isNumber: true,
          cell: (row) => levelText(row.judged.main) },
        { key: "policy", label: t("policy"), value: (row) => row.judged.main?.name ?? "" },
        count("waiting", (row) => row.live.waiting ?? 0),
        length("longest", (row) => row.live.longest_wait),
        count("at_risk", (row) => row.live.at_risk ?? 0),
        count("offered", (row) => row.kpis.offered),
        { key: "abandoned_share", label: t("abandoned_share"), value: (row) => row.kpis.abandonment?.value, isNumber: true,
          cell: (row) => percent(row.kpis.abandonment?.value, 1) },
        length("aht", (row) => row.kpis.aht?.mean),
      ],
    });
    this.element = h("div", {}, h("h1", {}, t("nav.queues")), this.table.element);
    this.update();
  }

  update() {
    const { board } = this.app;
    const { urgent } = sortAlerts([...board.alerts.values()]);
    this.table.update([...board.groups.values()].map(({ entity, title, record }) => {
      const [kind, name] = kindAndName(entity);
      const own = kind === "queue" ? urgent.filter((alert) => alert.queue === name) : [];
      return { entity, name, kind: word("kind", kind), title: title ?? (entity === "all" ? t("everything") : name),
        kpis: record.kpis, live: record.kpis.live ?? {}, judged: judge(record, board.policies, own) };
    }));
  }
}

export function levelText(level) {
  if (!level) return "–";
  const target = Number.isFinite(level.target) ? ` / ${percent(level.target)}` : "";
  return `${percent(level.share)}${target} (${interval([level.low, level.high])})`;
}
