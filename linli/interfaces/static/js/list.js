/**
 * The long list of the queue; the page is complete without it (pages by links, plain check boxes, buttons below).
 * Virtual: further pages are fetched as one comes near, one <tbody> a page; pages far from sight give up their rows for a gap of
 * the same height, so that thousands of matters cost no more than a few pages.
 * Chosen rows are remembered while their page is out of sight, and sent with the others.
 * Live: when something of this list changes, a button says how much; it is shown when asked for, never under one's hand.
 */
import { toast } from "./form.js";

const NEAR = 900; // pixels ahead at which the next page is fetched
const KEEP = 2400; // pixels out of sight at which a page gives up its rows
const QUIET = 1500; // milliseconds that gather changes

const table = document.querySelector("table[data-keys]");
const form = document.getElementById("together");
const chosen = new Set();
const possible = new Map(); // code → what its state allows

if (table) virtual();
if (table && form) choosing();
live();
remember();
document.querySelector("[data-copy-here]")?.addEventListener("click", async (event) => {
  await navigator.clipboard.writeText(location.href);
  toast(event.currentTarget.dataset.done);
});

function virtual() {
  const columns = table.tHead.rows[0].cells.length;
  const put = new WeakMap(); // tbody → its rows while they are away
  const far = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => (isIntersecting ? bring(target) : away(target))), { rootMargin: `${KEEP}px` });

  function away(body) {
    if (put.has(body) || body.contains(document.activeElement)) return;
    const height = body.getBoundingClientRect().height;
    if (!height) return;
    const rows = document.createDocumentFragment();
    rows.append(...body.rows);
    put.set(body, rows);
    const gap = body.insertRow();
    gap.className = "queue__gap";
    const cell = gap.insertCell();
    cell.colSpan = columns;
    cell.style.height = `${height}px`;
  }

  function bring(body) {
    const rows = put.get(body);
    if (!rows) return;
    put.delete(body);
    body.replaceChildren(rows);
  }

  const more = document.querySelector("[data-more]");
  if (more) {
    let busy = false;
    const ahead = new IntersectionObserver(async (entries) => {
      const last = table.tBodies[table.tBodies.length - 1];
      if (busy || !last.dataset.next || !entries.some((entry) => entry.isIntersecting)) return;
      busy = true;
      try {
        const body = await page(last.dataset.next);
        table.append(body);
        for (const box of body.querySelectorAll("input[name=code]")) box.checked = chosen.has(box.value);
        for (const each of table.tBodies) far.observe(each);
        if (!body.dataset.next) more.remove();
        document.dispatchEvent(new CustomEvent("list:grown"));
      } finally {
        busy = false;
        ahead.unobserve(more);
        if (more.isConnected) ahead.observe(more);
      }
    }, { rootMargin: `${NEAR}px` });
    ahead.observe(more);
    document.addEventListener("list:more", () => more.scrollIntoView({ block: "end" }));
  }
}

async function page(address) {
  const answer = await fetch(`${address}&part=rows`, { headers: { "HX-Request": "true" } });
  if (!answer.ok) throw new Error(`${answer.status}`);
  const read = new DOMParser().parseFromString(`<table>${await answer.text()}</table>`, "text/html");
  return document.adoptNode(read.querySelector("tbody"));
}

function choosing() {
  const count = form.querySelector("[data-chosen-count]");
  const all = document.querySelector("[data-choose-all]");
  const boxes = () => [...table.querySelectorAll("input[name=code]")];
  const say = () => {
    form.classList.toggle("is-empty", !chosen.size);
    count.textContent = new Intl.NumberFormat(document.documentElement.lang).format(chosen.size);
    for (const box of boxes()) {
      box.checked = chosen.has(box.value);
      const row = box.closest("tr");
      row.toggleAttribute("data-chosen", box.checked);
      if (box.checked) possible.set(box.value, row.dataset.verbs.split(" "));
    }
    // A step that none of the chosen ones can take is not offered.
    for (const button of form.querySelectorAll("button[name=verb]")) button.hidden = ![...chosen].some((code) => possible.get(code)?.includes(button.value));
    all.checked = chosen.size > 0 && boxes().every((box) => box.checked);
    all.indeterminate = chosen.size > 0 && !all.checked;
  };
  const choose = (codes, wanted) => {
    for (const code of codes) wanted ? chosen.add(code) : chosen.delete(code);
    say();
  };
  for (const box of boxes()) if (box.checked) chosen.add(box.value); // the browser kept them
  let last = null;
  table.addEventListener("click", (event) => {
    const box = event.target.closest("input[name=code]");
    if (!box) return;
    const row = [...boxes()];
    if (event.shiftKey && last !== null && row.includes(last)) {
      const [from, to] = [row.indexOf(last), row.indexOf(box)].sort((a, b) => a - b);
      choose(row.slice(from, to + 1).map((each) => each.value), box.checked);
    } else choose([box.value], box.checked);
    last = box;
  });
  all.addEventListener("change", () => choose(boxes().map((box) => box.value), all.checked));
  form.querySelector("[data-choose-none]").addEventListener("click", () => { chosen.clear(); say(); });
  document.addEventListener("list:choose", (event) => choose([event.detail.code], event.detail.only ?? !chosen.has(event.detail.code)));
  document.addEventListener("list:none", () => { chosen.clear(); say(); });
  form.addEventListener("submit", () => {
    const shown = new Set(boxes().map((box) => box.value));
    for (const old of form.querySelectorAll("input[data-away]")) old.remove();
    for (const code of chosen) {
      if (shown.has(code)) continue;
      const input = Object.assign(document.createElement("input"), { type: "hidden", name: "code", value: code });
      input.dataset.away = "yes";
      form.append(input);
    }
  });
  addEventListener("pageshow", say);
  say();
}

/** What the list was, in order, so that the pages of its matters can lead to the next one. */
function remember() {
  const keep = () => {
    const codes = [...document.querySelectorAll("table[data-keys] tr[data-code]")].map((row) => row.dataset.code);
    sessionStorage.setItem("linli-list", JSON.stringify({ codes, address: location.pathname + location.search }));
  };
  if (table) keep();
  document.addEventListener("list:grown", keep);
}

function live() {
  const news = document.querySelector("[data-news]");
  if (!news) return;
  let waiting = null;
  const seen = (body) => new Map([...body.querySelectorAll("tr[data-code]")].map((row) => [row.dataset.code, row.dataset.version]));
  const look = async () => {
    waiting = null;
    if (!table) {
      const now = await fetch(location.href);
      if (now.ok && /<table[^>]* data-keys/.test(await now.text())) location.reload(); // an empty list has nothing to lose
      return;
    }
    const [before, after] = [seen(table.tBodies[0]), seen(await page(table.dataset.rows))];
    const changed = [...after].filter(([code, version]) => before.get(code) !== version).length + (after.size < before.size ? before.size - after.size : 0);
    news.hidden = !changed;
    const words = news.querySelector("[data-one]");
    words.textContent = changed === 1 ? words.dataset.one : words.dataset.many.replace("{n}", changed);
  };
  for (const name of ["changes", "reload"]) document.addEventListener(`live:${name}`, () => { waiting ??= setTimeout(look, QUIET); });
  news.addEventListener("click", () => location.reload());
}
