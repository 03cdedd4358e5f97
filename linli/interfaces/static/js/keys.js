/**
 * The keyboard of the desk: lists, the page of a matter, and a card that says what the keys do. Everything can be done without
 * it; the keys rest while somebody types.
 */
const TYPING = "input:not([type=checkbox], [type=radio]), select, textarea, dialog[open]"; // a closed dialog may hold the focus until the next frame
const rows = () => [...document.querySelectorAll("table[data-keys] tr[data-code]")];
let chosen = null;

function move(step) {
  const all = rows();
  if (!all.length) return false;
  const at = all.indexOf(chosen);
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step;
  if (next >= all.length) document.dispatchEvent(new CustomEvent("list:more"));
  mark(all[Math.max(0, Math.min(all.length - 1, next))]);
  return true;
}

function mark(row) {
  chosen?.classList.remove("is-chosen");
  chosen = row;
  row.classList.add("is-chosen");
  row.scrollIntoView({ block: "nearest" });
  row.querySelector("a")?.focus({ preventScroll: true });
}

/** Send what is chosen, or the row that one stands on, to the preview of a step. */
function together(verb) {
  const form = document.getElementById("together");
  const button = form?.querySelector(`button[value=${verb}]`);
  if (!button) return false;
  if (form.classList.contains("is-empty")) {
    if (!chosen) return false;
    document.dispatchEvent(new CustomEvent("list:choose", { detail: { code: chosen.dataset.code, only: true } }));
  }
  form.requestSubmit(button);
  return true;
}

/** Unfold a step of the matter and go into it. */
function step(...verbs) {
  const act = verbs.map((verb) => document.getElementById(`do-${verb}`)).find(Boolean) ?? (verbs.includes("next") ? document.querySelector(".act--first") : null);
  if (!act) return false;
  act.closest(".act-more")?.setAttribute("open", "");
  act.open = true;
  act.scrollIntoView({ block: "nearest" });
  (act.querySelector("form :is(input:not([type=hidden]), select, textarea, button)") ?? act.querySelector("summary")).focus();
  return true;
}

/** The matter after or before this one in the list that one came from. */
function neighbour(by) {
  const here = document.querySelector("[data-matter]")?.dataset.matter;
  const { codes = [] } = JSON.parse(sessionStorage.getItem("linli-list") ?? "{}");
  const next = codes[codes.indexOf(here) + by];
  if (!here || !codes.includes(here) || !next) return false;
  location.assign(location.pathname.replace(here, next));
  return true;
}

function back() {
  const link = document.querySelector("[data-back]");
  if (!link) return false;
  link.click();
  return true;
}

const press = (selector) => {
  const button = document.querySelector(selector);
  if (!button || button.hidden) return false;
  button.click();
  return true;
};
const find = () => {
  const field = document.querySelector("[data-find], main input[type='search']");
  field?.focus();
  field?.select();
  return Boolean(field);
};
const help = () => {
  const card = document.getElementById("keys");
  if (card && !card.open) card.showModal();
  return Boolean(card);
};

const KEYS = {
  j: () => move(1) || neighbour(1) || press("[data-after]"),
  k: () => move(-1) || neighbour(-1) || press("[data-before]"),
  t: () => press("[data-today]"),
  x: () => chosen && document.dispatchEvent(new CustomEvent("list:choose", { detail: { code: chosen.dataset.code } })),
  a: () => together("dispatch") || step("dispatch", "next"),
  e: () => together("escalate") || step("escalate"),
  s: () => step("solve", "report_back"),
  n: () => step("note"),
  u: back,
  r: () => press("[data-news]"),
  "/": find,
  "?": help,
  Escape: () => document.getElementById("together")?.classList.contains("is-empty") === false && document.dispatchEvent(new CustomEvent("list:none")),
  Enter: (event) => chosen?.isConnected && !event.target.closest("a, button, summary, input") && (chosen.querySelector("a")?.click(), true),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(TYPING)) return;
  if (KEYS[event.key]?.(event)) event.preventDefault();
});
for (const link of document.querySelectorAll("a[data-back]")) {
  const { address } = JSON.parse(sessionStorage.getItem("linli-list") ?? "{}");
  if (address) link.href = address; // to the list as it was left
}
for (const button of document.querySelectorAll("[data-help]")) button.addEventListener("click", help);
