// How a queue is doing, and which alerts are meant for a person. Nothing here touches the page.

const ORDER = { bad: 3, watch: 2, good: 1, none: 0 };
/** Rules about single contacts, for records that don't have `interrupts` yet. */
const CONTACT_RULES = new Set(["sla.at_risk", "sla.missed", "csat.low_predicted", "sentiment.turned", "customer.repeat"]);
const WAITS = new Set(["answer", "first_response", "next_response"]);

/** The policies of a record with their promises, the one furthest below its target first. */
export function levels(record, policies) {
  const rows = Object.entries(record?.kpis?.sla ?? {}).map(([name, sla]) => {
    const policy = policies.get(name);
    const [low, high] = sla.interval ?? [NaN, NaN];
    const target = policy?.target ?? NaN;
    return { name, share: sla.value, low, high, n: sla.den ?? 0, target, threshold: policy?.threshold ?? NaN,
      measure: policy?.measure, state: state(sla.value, high, target) };
  });
  return rows.filter((row) => row.n > 0).sort((one, other) => margin(one) - margin(other) || other.n - one.n);
}

const margin = (level) => (Number.isFinite(level.target) ? level.share - level.target : 1);

/** `bad`: below the target beyond chance. `watch`: below it, but so few that it may be chance. */
function state(share, high, target) {
  if (!Number.isFinite(share)) return "none";
  if (!Number.isFinite(target)) return "good";
  if (share >= target) return "good";
  return high < target ? "bad" : "watch";
}

/** How a queue is doing: its level that matters most, its state, and a score to sort by: more is more trouble. */
export function judge(record, policies, alerts) {
  const all = levels(record, policies);
  const live = record?.kpis?.live ?? {};
  const main = all[0];
  const promised = all.filter((level) => WAITS.has(level.measure)).map((level) => level.threshold);
  const longest = Math.max(...promised, 0);
  const isOverdue = longest > 0 && (live.longest_wait ?? 0) > longest;
  let result = main?.state ?? "none";
  if (isOverdue && ORDER[result] < ORDER.watch) result = "watch";
  if (alerts.some((alert) => alert.severity === "critical")) result = "bad";
  else if (alerts.length > 0 && ORDER[result] < ORDER.watch) result = "watch";
  const below = main && Number.isFinite(main.target) ? Math.max(0, main.target - main.share) : 0;
  const score = ORDER[result] * 1_000 + alerts.length * 100 + below * 100
    + Math.min(live.at_risk ?? 0, 50) + Math.min(live.waiting ?? 0, 200) / 10;
  return { levels: all, main, state: result, isOverdue, score, waiting: live.waiting ?? 0, atRisk: live.at_risk ?? 0,
    longestWait: live.longest_wait ?? null };
}

export const isAboutContact = (alert) => String(alert.subject ?? "").startsWith("contact:");

/** Whether an alert is meant to call a person. */
const interrupts = (alert) => alert.interrupts ?? !(CONTACT_RULES.has(alert.rule) || isAboutContact(alert));

/** Customers who are likely to be unhappy: somebody may call them. */
const CUSTOMER_RULES = new Set(["csat.low_predicted", "sentiment.turned", "customer.repeat"]);

/** Firing alerts, apart by what a supervisor does with them: look now, look when asked, nothing for a while. */
export function sortAlerts(alerts) {
  const [urgent, customers, others, silenced] = [[], [], [], []];
  for (const alert of alerts) {
    const isUrgent = interrupts(alert) && !alert.inhibited_by && alert.status === "firing";
    const quiet = CUSTOMER_RULES.has(alert.rule) && isAboutContact(alert) ? customers : others;
    (alert.silenced_by ? silenced : isUrgent ? urgent : quiet).push(alert);
  }
  urgent.sort((one, other) => Number(Boolean(one.ack)) - Number(Boolean(other.ack))
    || Number(other.severity === "critical") - Number(one.severity === "critical")
    || (other.score ?? 0) - (one.score ?? 0)
    || String(other.starts_at).localeCompare(String(one.starts_at)));
  return { urgent, customers, others, silenced };
}
