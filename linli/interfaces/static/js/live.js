/**
 * Live parts of a page by server-sent events.
 * <… data-live="/address">          listens; the nearest [data-live-state] shows open | waiting | lost
 * <… data-live-on="event" data-live-get="/fragment">  fetches its HTML again when such an event comes (gathered over a moment)
 *   data-live-again="4"  …and once more after so many seconds (figures that are counted a moment later)
 *   data-live-every="60" and anyway every so many seconds (clocks run without events)
 * <time data-clock="date|time" datetime="…"> ticks from the moment that it was sent with; empty: date and time
 * Other modules listen to `document` for `live:<event>` (detail = the parsed data).
 * The browser reconnects by itself after short losses; after an error answer, which ends an EventSource for good, it is made
 * anew with growing pauses up to half a minute. Nothing is missed: the first time it says how old the page is and is told what
 * happened since; after a loss every part is fetched again, and the others hear `live:reload`.
 */
const GATHER = 500;
const PAUSE = { first: 1000, most: 30000 };

export function start(root) {
  for (const element of root.querySelectorAll("time[data-clock]")) tick(element);
  for (const element of root.querySelectorAll("[data-live]")) connect(element);
  for (const part of root.querySelectorAll("[data-live-every]")) setInterval(() => renew(part), part.dataset.liveEvery * 1000);
}

function connect(element, pause = PAUSE.first) {
  let opened = element.dataset.liveOpened === "yes";
  const source = new EventSource(opened ? element.dataset.live : `${element.dataset.live}?age=${Math.ceil(performance.now() / 1000)}`);
  const parts = [...document.querySelectorAll("[data-live-on]")];
  const names = new Set(parts.flatMap((part) => part.dataset.liveOn.split(" ")).concat((element.dataset.liveEvents ?? "").split(" ").filter(Boolean)));
  const hear = (name, detail) => {
    document.dispatchEvent(new CustomEvent(`live:${name}`, { detail }));
    for (const part of parts) if (part.dataset.liveOn.split(" ").includes(name)) renewTwice(part);
  };
  source.addEventListener("open", () => {
    show("open");
    pause = PAUSE.first;
    if (opened) hear("reload", null);
    opened = true;
    element.dataset.liveOpened = "yes";
  });
  source.addEventListener("error", () => {
    show("lost");
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(() => connect(element, Math.min(pause * 2, PAUSE.most)), pause * (0.5 + Math.random()));
    }
  });
  for (const name of names) source.addEventListener(name, (event) => hear(name, event.data ? JSON.parse(event.data) : null));
  addEventListener("pagehide", () => source.close(), { once: true });
}

function show(state) {
  for (const place of document.querySelectorAll("[data-live-state]")) place.dataset.liveState = state;
}

/** The wall clock: the program's time (it may stand elsewhere than the machine's), ticking from what the page was sent with. */
function tick(element) {
  const offset = new Date(element.dateTime) - Date.now();
  const styles = { date: { dateStyle: "full" }, time: { timeStyle: "medium", hourCycle: "h23" } };
  const style = styles[element.dataset.clock] ?? { ...styles.date, ...styles.time };
  const words = new Intl.DateTimeFormat(document.documentElement.lang, { ...style, timeZone: element.dataset.zone });
  const say = () => { element.textContent = words.format(Date.now() + offset); };
  say();
  setInterval(say, 1000);
}

const waiting = new WeakMap();
const later = new WeakMap();
const renewed = new WeakMap();

function renewTwice(part) {
  renew(part);
  if (!part.dataset.liveAgain) return;
  clearTimeout(later.get(part));
  later.set(part, setTimeout(() => renew(part), part.dataset.liveAgain * 1000));
}

/** Fetch a part's HTML again: at once, then at most once in a while; one request at a time. */
function renew(part) {
  const known = waiting.get(part);
  if (known) {
    known.again = true;
    return;
  }
  const work = { again: false };
  waiting.set(part, work);
  const rest = Math.max(0, (renewed.get(part) ?? -GATHER) + GATHER - performance.now());
  setTimeout(async () => {
    try {
      const answer = await fetch(part.dataset.liveGet, { headers: { "HX-Request": "true" } });
      if (answer.status === 401) location.reload(); // the session is over: the page asks to sign in
      if (answer.ok) {
        part.innerHTML = await answer.text();
        part.dispatchEvent(new CustomEvent("live:renewed", { bubbles: true }));
      }
    } catch {
      show("lost");
    } finally {
      waiting.delete(part);
      renewed.set(part, performance.now());
      if (work.again) renew(part);
    }
  }, rest);
}
