/** The field app: whose phone this is, what it holds, which place is shown. Data come from the store; the server fills the store. */
import { cookie, Outbox } from "./outbox.js";
import { erase, Store } from "./store.js";
import { h, icon, setClock, speak, spoken, t, told, when, clockSkew } from "./dom.js";
import { finished, mine, near } from "./lists.js";
import { matterBar, matterPage } from "./matter.js";
import { countToDo, dayPage } from "./day.js";
import { dutyBar, dutyPage } from "./duty.js";
import { doorsBar, doorsPage, stairBar, stairPage } from "./doors.js";
import { roundBar, roundPage } from "./rounds.js";
import { shiftBar, shiftPage } from "./shifts.js";
import { groundPage } from "./ground.js";
import { waitingPage } from "./waiting.js";

const PLACES = { day: { icon: "calendar-clock", page: dayPage }, mine: { icon: "layout-list", page: mine }, near: { icon: "map-pinned", page: near }, map: { icon: "map", page: groundPage }, queue: { icon: "send", page: waitingPage } };
const EVERY = 60e3;
const LEAVING = "linli-field-leaving"; // signed out without signal: the server is told when there is some
const NO_DUTIES = { items: [], forms: {}, left_out: 0, done_today: 0 };
const NO_SHIFTS = { items: [] };
const NO_DOORS = { lists: [], left_out: 0 };
const NO_LEDGERS = { places: [], forms: {} };
const NO_ROUNDS = { beats: [], left_out: 0, round: null, watch: null };
const ONE = { m: [matterPage, matterBar], d: [dutyPage, dutyBar], doors: [doorsPage, doorsBar], s: [stairPage, stairBar], h: [shiftPage, shiftBar], r: [roundPage, roundBar] }; // what stands alone, with its own bar
const NOTHING = { items: [], left_out: 0, soon: 0, answers: [], units: [] };

const app = {
  store: null, outbox: null, snapshot: null, sent: [], position: null, from: "", whole: false, fetching: false, asked: false,
  get kind() { return this.snapshot?.kinds.matters ?? NOTHING; },
  get matters() { return this.kind.items; },
  get duties() { return this.snapshot?.kinds.duties ?? NO_DUTIES; },
  get shifts() { return this.snapshot?.kinds.shifts ?? NO_SHIFTS; },
  get rounds() { return this.snapshot?.kinds.rounds ?? NO_ROUNDS; },
  get ledgers() { return this.snapshot?.kinds.ledgers ?? NO_LEDGERS; },
  get doors() { return this.snapshot?.kinds.doors ?? NO_DOORS; },
  together: new Map(), // which other duties one visit serves, as chosen: "<duty>:<other>"
  opened: new Set(), // leaves of ledgers that are read: their subjects
  go(place) { if (location.hash === `#${place}`) draw(); else location.hash = place; },
  toast, locate, fetch: refresh, signOut, switchLanguage,
};

async function begin() {
  theme();
  speak(cookie(told.cookie) || (document.documentElement.lang === "en" ? "en" : "zh-hans"));
  navigator.serviceWorker?.register(told.worker).catch((error) => console.warn("The app cannot be kept:", error));
  if (localStorage.getItem(LEAVING)) return leave();
  try {
    const store = await Store.last();
    if (store) await take(store);
  } catch (error) {
    console.warn("Nothing can be kept:", error);
    document.getElementById("place").replaceChildren(h("p.empty", {}, t("no_room")));
    return;
  }
  addEventListener("pointerdown", press, true);
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, lift, true);
  addEventListener("blur", lift); // the window's own: the finger went elsewhere
  addEventListener("hashchange", () => { draw(); scrollTo(0, 0); });
  addEventListener("online", refresh);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  setInterval(() => { if (!document.hidden) refresh(); }, EVERY);
  navigator.permissions?.query({ name: "geolocation" }).then((leave) => { if (leave.state === "granted") locate(); }).catch(() => {});
  draw();
  await refresh();
}

/** From here on this person's store is the one that is shown. */
async function take(store) {
  app.outbox?.close();
  app.store = store;
  app.snapshot = await store.snapshot();
  if (app.snapshot) setClock(app.snapshot.now, app.snapshot.fetched);
  if (app.snapshot) speak(spoken(), app.snapshot.zone);
  app.outbox = new Outbox({ store, told, tell: draw });
  app.outbox.onsent = refresh;
  app.outbox.onstranger = refresh;
  app.sent = await recent();
  await app.outbox.load();
  store.remember();
}

const recent = async () => (await app.store.sent()).sort((a, b) => b.sent - a.sent).slice(0, 5);

/** Fetch everything anew, then send what waits. Without signal, what is kept stays. */
async function refresh() {
  if (localStorage.getItem(LEAVING)) return;
  if (app.fetching) { app.asked = true; return; } // what is on its way may be older than what was just sent
  if (!navigator.onLine) return draw();
  app.fetching = true;
  app.asked = false;
  draw();
  let answer;
  let body;
  try {
    answer = await fetch(told.snapshot, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(30e3) });
    if (answer.ok) body = await answer.json();
  } catch { /* no signal after all */ }
  app.fetching = false;
  if (body) await fetched(body);
  else if (answer?.status === 401 || answer?.status === 403) await locked();
  else if (app.outbox) app.outbox.link = navigator.onLine ? "weak" : "none";
  draw();
  if (body && app.asked) await refresh();
}

async function fetched(body) {
  if (app.store && app.store.who !== body.who.id) {
    await app.store.leave();
    app.snapshot = null;
  }
  if (app.store?.who !== body.who.id) await take(await Store.open(body.who.id));
  app.snapshot = { ...body, fetched: Date.now() };
  setClock(body.now);
  speak(spoken(), body.zone);
  await app.store.keep(app.snapshot);
  app.store.remember();
  app.sent = await recent();
  app.outbox.link = "signal";
  draw();
  if (app.outbox.next().length) app.outbox.run();
  await pictures();
}

/** The server knows nobody here: what was fetched is not shown; what waits stays, unseen, for its person. */
async function locked() {
  if (!app.outbox) return location.replace(told.sign_in);
  app.outbox.link = "signed-out";
  app.snapshot = null;
  await app.store.lock();
}

/** Fetch the photos of my matters once, small; drop those of matters that are gone. */
async function pictures() {
  const wanted = new Map(app.matters.flatMap((matter) => matter.photos).map((photo) => [`file:${photo.id}`, photo.small]));
  const held = new Set(await app.store.photoNames());
  await app.store.dropPhotos([...held].filter((name) => name.startsWith("file:") && !wanted.has(name)));
  let fresh = false;
  for (const [name, address] of wanted) {
    if (held.has(name)) continue;
    try {
      const answer = await fetch(address);
      if (!answer.ok) continue;
      await app.store.keepPhoto(name, await answer.blob());
      fresh = true;
    } catch { break; }
  }
  if (fresh) draw();
}

// -- showing ------------------------------------------------------------------------------------------------------------

let pressed = false; // a finger is down: what lies under it stays until it is up, or the tap would be lost
let owed = false;

function press() { pressed = true; }

function lift() {
  pressed = false;
  if (owed) setTimeout(draw, 50); // the click comes after the finger
}

function draw() {
  owed = pressed;
  if (pressed) return;
  const [name, code] = location.hash.slice(1).split("/");
  const one = ONE[name];
  const place = one || open()[name] ? name : first();
  if (!one) app.from = place;
  else app.from ||= name === "m" ? "mine" : "day";
  if (name !== "s") app.stair = null;
  document.documentElement.dataset.place = place;
  document.getElementById("strip").replaceChildren(...strip().filter(Boolean));
  const shut = app.outbox?.link === "signed-out";
  const content = !app.outbox ? [h("p.empty", {}, app.fetching ? t("fetching") : t("nothing_kept"))]
    : shut ? signedOut() : one ? one[0](app, code) : PLACES[place].page(app);
  const focused = document.activeElement?.getAttribute("href");
  document.getElementById("place").replaceChildren(...content.flat(3).filter(Boolean));
  document.getElementById("tabs").replaceChildren(...(one && app.outbox && !shut ? one[1](app, code).filter(Boolean) : tabs(place)));
  if (!app.whole && app.snapshot) requestAnimationFrame(() => setTimeout(() => { if (!app.whole) { app.whole = true; draw(); } }));
  if (focused) [...document.querySelectorAll("a[href]")].find((link) => link.getAttribute("href") === focused)?.focus({ preventScroll: true });
}

/** Where the app opens: on the day's duties where there are any, else on the matters. */
const first = () => (app.duties.items.length || app.shifts.items.length || app.doors.lists.length || app.rounds.beats.length || !open().mine ? "day" : "mine");

/** The places of whoever bears this phone: a volunteer without a post has a day, and no grid to look after. */
function open() {
  const { mine: matters, near: around, map, ...own } = PLACES;
  if (app.snapshot && !app.snapshot.kinds.matters) return own;
  return { day: own.day, mine: matters, near: around, map, queue: own.queue };
}

function signedOut() {
  return [h("div.empty", {}, icon("log-in", "xl"), h("p.empty__title", {}, t("signed_out")), app.outbox.items.length ? h("p", {}, t("n_waiting", { n: app.outbox.items.length })) : "",
    h("a.button.button--primary.button--big.button--wide", { href: told.sign_in }, t("sign_in")))];
}

/** Signal and queue: always in sight. */
function strip() {
  const { outbox } = app;
  const link = !navigator.onLine ? "none" : outbox?.link ?? "signal";
  const signal = { none: ["wifi-off", "no_signal"], weak: ["refresh-cw", "no_signal"], "signed-out": ["log-in", "sign_in"], signal: ["check", "signal"] }[link];
  const asking = outbox?.asking.length ?? 0;
  const waits = (outbox?.items.length ?? 0) - asking;
  const queue = asking ? ["triangle-alert", t("n_asking", { n: asking }), "ask"] : waits ? ["send", outbox.sending ? t("sending") : t("n_waiting", { n: waits }), "wait"] : ["check", t("all_sent"), "sent"];
  return [
    h(`span.strip__signal.strip__signal--${link}`, { role: "status" }, icon(signal[0]), h("span", {}, h("b", {}, t(signal[1])), app.snapshot && h("small", {}, app.fetching ? t("fetching") : t("fetched", { when: when(app.snapshot.fetched + clockSkew()) })))),
    outbox && h(`a.strip__queue.strip__queue--${queue[2]}`, { href: "#queue", id: "strip-queue" }, icon(queue[0]), h("span", {}, queue[1])),
  ];
}

function tabs(place) {
  const waits = app.outbox?.items.length ?? 0;
  const counts = { day: countToDo(app), mine: app.matters.filter((matter) => matter.mine && !finished(app, matter)).length, queue: waits };
  return Object.entries(open()).map(([name, { icon: picture }]) => h("a.tabbar__tab", { href: `#${name}`, "aria-current": name === place ? "page" : null },
    icon(picture), h("span", {}, t(name)), counts[name] > 0 && h("b.tabbar__count", {}, counts[name] > 99 ? "99+" : counts[name])));
}

function toast(text) {
  const note = h("div.toast", {}, text);
  document.getElementById("toasts").replaceChildren(note);
  setTimeout(() => note.remove(), 4000);
}

// -- place, language, theme ---------------------------------------------------------------------------------------------

let watch = null;

/** Ask the phone where it is, and go on hearing it. */
function locate(center = false) {
  app.center = center;
  if (app.position && center) return draw();
  if (watch !== null) navigator.geolocation.clearWatch(watch);
  watch = navigator.geolocation?.watchPosition(
    ({ coords }) => {
      const near = app.position && Math.hypot(coords.longitude - app.position.lon, coords.latitude - app.position.lat) < 0.0001;
      app.position = { lon: coords.longitude, lat: coords.latitude };
      if (!near) draw();
    },
    () => { if (!app.position) toast(t("where_failed")); },
    { enableHighAccuracy: true, maximumAge: 30e3, timeout: 20e3 },
  ) ?? null;
}

function switchLanguage() {
  const next = spoken() === "en" ? "zh-hans" : "en";
  document.cookie = `${told.cookie}=${next}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  speak(next);
  draw();
}

/** The kept page is everybody's: the theme that was chosen on this phone is put on here. */
function theme() {
  const chosen = cookie("theme") || "auto";
  document.documentElement.dataset.theme = chosen;
  document.querySelector("[data-dark-theme]").media = { light: "not all", dark: "all" }[chosen] ?? "(prefers-color-scheme: dark)";
}

// -- leaving ------------------------------------------------------------------------------------------------------------

/** Sign out: erase the phone first; the server is told now, or as soon as there is signal. */
async function signOut() {
  localStorage.setItem(LEAVING, "1");
  app.outbox.tabs.postMessage("left");
  app.outbox.close();
  app.store.db.close();
  Object.assign(app, { snapshot: null, outbox: null, store: null, sent: [] });
  await erase();
  leave();
}

function leave() {
  document.getElementById("strip").replaceChildren();
  document.getElementById("tabs").replaceChildren();
  document.getElementById("place").replaceChildren(h("div.empty", {}, icon("check", "xl"), h("p.empty__title", {}, t("erased"))));
  const tell = async () => {
    try {
      const body = new URLSearchParams({ csrfmiddlewaretoken: cookie(told.csrf) });
      const answer = await fetch(told.sign_out, { method: "POST", body });
      localStorage.removeItem(LEAVING);
      location.replace(answer.ok ? told.sign_in : told.sign_out); // not taken: the account's own page asks once more
    } catch { /* no signal yet */ }
  };
  addEventListener("online", tell);
  if (navigator.onLine) tell();
}

await begin();
