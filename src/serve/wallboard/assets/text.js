// Words, numbers and times in the reader's language and zone.

let messages = {};
let language = "en";
const formats = new Map();

export const LANGUAGES = { en: "English", es: "Español", id: "Bahasa Indonesia", sv: "Svenska", zh: "中文" };

export async function loadMessages() {
  language = document.documentElement.lang;
  // As the preload link asks, so that it is fetched once.
  const answer = await fetch(new URL(`lang/${language}.json`, import.meta.url), { credentials: "same-origin" });
  messages = await answer.json();
}

export const currentLanguage = () => language;

/** The message of a key, with `{name}` replaced. A key without a message is shown as it is. */
export function t(key, values = {}) {
  const text = messages[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** The message of a key if there is one, otherwise the word itself: names of rules, states and reasons that came later. */
export const word = (prefix, name) => messages[`${prefix}.${name}`] ?? String(name ?? "").replaceAll("_", " ");

function format(kind, options) {
  const key = kind.name + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new kind(language, options));
  return formats.get(key);
}

export const number = (value, digits = 0) =>
  Number.isFinite(value) ? format(Intl.NumberFormat, { maximumFractionDigits: digits }).format(value) : "–";

/** A share from 0 to 1. */
export const percent = (share, digits = 0) =>
  Number.isFinite(share)
    ? format(Intl.NumberFormat, { style: "percent", maximumFractionDigits: digits }).format(share)
    : "–";

/** `52–70 %`. */
export function interval(pair) {
  if (!pair) return "";
  const [low, high] = pair.map((share) => percent(share));
  return `${low}–${high}`;
}

/** `45 s`, `1:14`, `1:02:30`; over two days `3 d`. */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return t("unit.s", { n: number(whole) });
  if (whole >= 172_800) return t("unit.d", { n: number(Math.floor(whole / 86_400)) });
  const pad = (value) => String(value).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3_600), Math.floor((whole % 3_600) / 60), whole % 60];
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${minutes}:${pad(rest)}`;
}

/** The time of day; with the date if it is of another day. */
export function time(at, options = {}) {
  const date = new Date(at);
  if (!Number.isFinite(date.getTime())) return "–";
  const isToday = date.toDateString() === new Date().toDateString();
  const style = { timeStyle: options.seconds === false ? "short" : "medium" };
  return format(Intl.DateTimeFormat, isToday ? style : { dateStyle: "medium", ...style }).format(date);
}

/** `queue:billing` → `["queue", "billing"]`, `all` → `["all", "all"]`. */
export function kindAndName(entity) {
  const at = entity.indexOf(":");
  return at < 0 ? [entity, entity] : [entity.slice(0, at), entity.slice(at + 1)];
}

/** A window's name in words, such as `30 min`. */
export const windowName = (window) => {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(window ?? "") ?? [];
  return count ? t(`window.${unit}`, { n: number(Number(count)) }) : word("window", window);
};

export const windowSeconds = (window) => {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(window ?? "") ?? [];
  return count ? Number(count) * { s: 1, m: 60, h: 3_600, d: 86_400 }[unit] : NaN;
};

/** A value in an alert's own unit: shares as percent, seconds as a duration, others as they are. */
export function inUnit(value, unit) {
  if (!Number.isFinite(value)) return "–";
  if (/^seconds\b/.test(unit ?? "")) return `${duration(value)}${unit.slice("seconds".length)}`;
  if (/^(share|ratio|probability)\b/.test(unit ?? "")) return `${percent(value)} (${unit})`;
  return `${number(value, 2)} ${unit ?? ""}`.trim();
}
