// All alerts: those that fire, and those that are over.

import { h } from "./dom.js";
import { sortAlerts } from "./judge.js";
import { get } from "./live.js";
import { alertPath, subjectPath } from "./incident.js";
import { Table } from "./table.js";
import { t, time, word } from "./text.js";

const LIMIT = 2_000;

export const mount = (app) => new Alerts(app);

class Alerts {
  title = t("nav.alerts");
  #over = [];

  constructor(app) {
    this.app = app;
    this.table = new Table(app, {
      caption: t("nav.alerts"), key: (row) => row.id, sort: { key: "since", isDown: true }, filterLabel: t("filter.alerts"),
      textOf: (row) => [row.why, row.queue, row.rule, word("rule", row.rule), row.severity, status(row), row.ack?.by].join(" "),
      columns: [
        { key: "why", label: t("why"), value: (row) => row.why, cell: (row) => h("a", { href: alertPath(row.id) }, row.why) },
        { key: "status", label: t("status"), value: status },
        { key: "severity", label: t("severity"), value: (row) => row.severity,
          cell: (row) => h("span", { class: "severity", "data-severity": row.severity }, word("severity", row.severity)) },
        { key: "rule", label: t("rule"), value: (row) => word("rule", row.rule) },
        { key: "subject", label: t("subject"), value: (row) => row.subject ?? "", cell: subject },
        { key: "queue", label: t("queue"), value: (row) => row.queue },
        { key: "since", label: t("since_column"), value: (row) => row.starts_at, cell: (row) => time(row.starts_at) },
        { key: "for", label: t("for_whom"), value: (row) => Number(row.isUrgent),
          cell: (row) => t(row.isUrgent ? "for.person" : row.silenced_by ? "silenced" : row.inhibited_by ? "covered" : "for.list") },
      ],
    });
    this.over = h("input", { type: "checkbox", checked: app.query("over") === "1", on: { change: () => {
      app.setQuery("over", this.over.checked ? "1" : "");
      this.#load();
    } } });
    this.over.checked = app.query("over") === "1";
    this.element = h("div", {}, h("h1", {}, t("nav.alerts")), h("label", { class: "check" }, this.over, t("alerts.over")),
      this.table.element);
    this.update({ alerts: true });
    this.#load();
  }

  update(detail) {
    if (!detail.alerts && !detail.all) return;
    const { urgent, customers, others, silenced } = sortAlerts([...this.app.board.alerts.values()]);
    const firing = [...urgent.map((alert) => ({ ...alert, isUrgent: true })), ...customers, ...others, ...silenced];
    this.table.update([...firing, ...this.#over.filter((alert) => !this.app.board.alerts.has(alert.id))]);
  }

  onAlert(alert) {
    if (this.over.checked && alert.status === "resolved") this.#over = [alert, ...this.#over].slice(0, LIMIT);
  }

  async #load() {
    const answer = this.over.checked ? await get(`/api/v1/alerts?status=resolved&limit=${LIMIT}`).catch(() => null) : null;
    this.#over = answer?.alerts ?? [];
    this.update({ alerts: true });
  }
}

function status(alert) {
  if (alert.status === "resolved") return word("reason", alert.reason ?? "resolved");
  return alert.ack ? t("ack.short", { name: alert.ack.by }) : word("status", alert.status);
}

function subject(alert) {
  const path = subjectPath(alert);
  return path ? h("a", { href: path }, alert.subject) : alert.subject;
}

