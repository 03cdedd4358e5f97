/** Building the page: elements from data (never from markup), icons of the sprite, words, times and distances as people say them. */
export const told = JSON.parse(document.getElementById("told").textContent);
const SVG = "http://www.w3.org/2000/svg";
let language = "zh-hans";
let zone;

export function speak(code, at) {
  language = told.words[code] ? code : "zh-hans";
  zone = at ?? zone;
  document.documentElement.lang = language === "en" ? "en" : "zh-Hans";
}
export const spoken = () => language;

/** A word of the dictionary, with %(name)s filled in. */
export function t(name, given = {}) {
  const text = told.words[language][name] ?? name;
  return text.replace(/%\((\w+)\)s/g, (_, key) => given[key] ?? "");
}

/** A name that data give in both languages. */
export function named(names) {
  const [first, second] = language === "en" ? ["en", "zh"] : ["zh", "en"];
  return names?.[first] || names?.[second] || "";
}

/** An element: `h("button.big", { onclick }, …children)`; null and false children are left out. */
export function h(kind, given = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function s(tag, given = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(given)) if (value !== null && value !== undefined) element.setAttribute(name, value);
  element.append(...children.filter(Boolean));
  return element;
}

export function icon(name, size = "") {
  return s("svg", { class: `icon${size && ` icon--${size}`}`, viewBox: "0 0 24 24", "aria-hidden": "true" }, s("use", { href: `${told.icons}#${name}` }));
}

export function button(label, { icon: name, kind = "", ...given }) {
  return h(`button.button${kind && kind.split(" ").map((one) => `.button--${one}`).join("")}`, { type: "button", ...given }, name && icon(name), h("span", {}, label));
}

/** A question before something that cannot be taken back, with `yes` as the word on the button. */
export function sure(question, yes, then, { icon: picture = "trash-2", kind = "danger" } = {}) {
  const dialog = h("dialog.sheet", { role: "alertdialog", "aria-label": question, onclose: () => dialog.remove() },
    h("div.sheet__body", {}, h("p.sheet__title", {}, question)),
    h("div.sheet__foot", {}, button(t("back"), { icon: "arrow-left", kind: "big grow", onclick: () => dialog.close() }), button(yes, { icon: picture, kind: `${kind} big grow`, onclick: () => { dialog.close(); then(); } })));
  document.body.append(dialog);
  dialog.showModal();
}

// -- times --------------------------------------------------------------------------------------------------------------

const tag = () => (language === "en" ? "en-GB" : "zh-CN");

/** A formatter of this language and zone, made once: a long list asks for hundreds of times. */
const made = new Map();
function format(kind, locale, options) {
  const key = `${kind}${locale}${JSON.stringify(options)}`;
  if (!made.has(key)) made.set(key, new Intl[kind](locale, options));
  return made.get(key);
}

/** The day of an instant where the community is, as something to compare and sort by. */
export const dayOf = (at) => format("DateTimeFormat", "en-CA", { timeZone: zone }).format(new Date(at));

export function when(at) {
  const date = new Date(at);
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone };
  const today = dayOf(date) === dayOf(now());
  return format("DateTimeFormat", tag(), today ? time : { month: "numeric", day: "numeric", ...time }).format(date);
}

/** A day by itself (``2026-03-31``), as people write it. */
export const onDay = (date) => format("DateTimeFormat", tag(), { month: "numeric", day: "numeric", timeZone: "UTC" }).format(new Date(`${date}T00:00:00Z`));

/** The day of an instant with its year. */
export const dateOf = (at) => format("DateTimeFormat", tag(), { year: "numeric", month: "short", day: "numeric", timeZone: zone }).format(new Date(at));

let skew = 0; // the server's clock less the phone's, as of the last time it was heard

export function setClock(server, phone = Date.now()) { skew = new Date(server).getTime() - phone; }
export const clockSkew = () => skew;
export const now = () => Date.now() + skew;

function span(milliseconds) {
  const minutes = Math.max(1, Math.round(Math.abs(milliseconds) / 60e3));
  const unit = (n, name) => format("NumberFormat", tag(), { style: "unit", unit: name, unitDisplay: "long" }).format(n);
  if (minutes < 60) return unit(minutes, "minute");
  if (minutes < 48 * 60) return unit(Math.floor(minutes / 60), "hour") + (minutes < 600 && minutes % 60 ? `${language === "en" ? " " : ""}${unit(minutes % 60, "minute")}` : "");
  return unit(Math.round(minutes / 1440), "day");
}

const CLOCK = { overdue: "alarm-clock", soon: "hourglass", ok: "clock", suspended: "circle-pause" };

/** overdue, soon, ok or suspended: the level's clock of a matter, now. */
export function clockOf(matter, soon) {
  if (matter.state === "suspended") return "suspended";
  const left = new Date(matter.level_due_at) - now();
  return left < 0 ? "overdue" : left < soon * 1e3 ? "soon" : "ok";
}

export function clock(matter, soon) {
  const state = clockOf(matter, soon);
  const left = new Date(matter.level_due_at) - now();
  const words = state === "suspended" ? t("due", { when: when(matter.level_due_at) }) : t(left < 0 ? "over" : "left", { span: span(left) });
  return h(`span.clock.clock--${state}`, {}, h("span.clock__state", {}, icon(CLOCK[state]), t(state)), h("span.clock__left", {}, words));
}

// -- places -------------------------------------------------------------------------------------------------------------

export function metres(a, b) {
  const rad = Math.PI / 180;
  const x = (b.lon - a.lon) * rad * Math.cos(((a.lat + b.lat) / 2) * rad);
  return Math.hypot(x, (b.lat - a.lat) * rad) * 6371008;
}

export function away(distance) {
  if (distance < 15) return t("here");
  return distance < 950 ? t("away", { metres: Math.round(distance / 10) * 10 }) : t("away_km", { km: (distance / 1000).toLocaleString(tag(), { maximumFractionDigits: 1 }) });
}
