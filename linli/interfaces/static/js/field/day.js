/** My day: my shifts, what ends today, what is open, where to try again, what comes; and what was missed and wants a word. */
import { away, clock, dayOf, h, icon, named, now, t, when } from "./dom.js";
import { doorsCard } from "./doors.js";
import { leavesLeft } from "./ledger.js";
import { roundCards } from "./rounds.js";
import { shiftCards } from "./shifts.js";
import { distanceTo, empty, place } from "./lists.js";

export const KINDS = { visit: "house", inspection: "search-check", patrol: "route", meeting: "users", task: "clipboard-list" };
const SOON = 24 * 3600; // seconds, as on the desk
const FIRST = 20; // of a group, when the app opens: what is on the screen is there at once, the rest right after
const ORDER = ["missed", "today", "open", "again", "coming", "waits"];

export function dayPage(app) {
  if (!app.snapshot) return [empty("inbox", t("nothing_kept"))];
  const groups = Object.fromEntries(ORDER.map((name) => [name, []]));
  for (const duty of app.duties.items) {
    const group = groupOf(app, duty);
    if (group) groups[group].push(duty);
  }
  const shown = ORDER.filter((name) => groups[name].length).map((name) => h(
    "section.group", {},
    h(`h2.group__title.group__title--${name === "missed" ? "overdue" : name === "today" ? "soon" : name}`, {}, t(name === "waits" ? "waiting" : `day_${name}`), h("span.group__count", {}, groups[name].length)),
    h("ul.cards", {}, sorted(app, groups[name], name).slice(0, app.whole ? undefined : FIRST).map((duty) => card(app, duty))),
  ));
  const done = app.duties.done_today;
  return [
    shiftCards(app), roundCards(app), doorsCard(app), app.duties.items.some((duty) => duty.exact) && place(app), shown.length || app.shifts.items.length || app.doors.lists.length || app.rounds.beats.length ? shown : empty("circle-check", t("nothing_day")),
    done > 0 && h("p.quiet", {}, icon("circle-check"), " ", t("done_today", { n: done })),
    app.duties.left_out > 0 && h("p.quiet", {}, t("left_out", { n: app.duties.left_out })),
  ];
}

/** A duty as it stands on this phone: what the server said, and what was pressed since. `over`: done or not wanted, as far as the phone knows. */
export function standing(app, duty) {
  const found = { ...duty, over: false, begun: new Date(duty.opens_at) <= now() };
  for (const item of app.outbox.of(duty.id)) {
    if (item.status !== "waiting") continue;
    if (["start", "arrive", "finish", "not_home", "refuse"].includes(item.verb)) found.started_at ??= item.at;
    if (item.verb === "arrive") found.arrived_at ??= item.at;
    if (item.verb === "not_home") Object.assign(found, { attempts: found.attempts + 1, next_try_at: nextTry(found, found.attempts + 1, new Date(item.at)) });
    if (item.verb === "explain") found.explained_at = item.at;
    if (item.verb === "finish" || item.verb === "refuse") found.over = true;
  }
  return found;
}

/** When to try again after nobody was home: after the rule's pause, before the duty's end; nothing where it was tried often enough. */
export function nextTry(duty, attempts, at) {
  if (attempts >= duty.retries) return null;
  return new Date(Math.min(at.getTime() + duty.retry_hours * 3600e3, new Date(duty.due_at).getTime() - 3600e3)).toISOString();
}

/** What can be begun now and is not over: what a visit may serve. */
export const toDo = (app, duty) => {
  const found = standing(app, duty);
  return duty.mine && duty.acts && found.begun && !found.over && duty.state !== "missed";
};

export const countToDo = (app) => app.duties.items.filter((duty) => ["today", "open"].includes(groupOf(app, duty))).length;

function groupOf(app, duty) {
  const found = standing(app, duty);
  if (found.over) return "waits";
  if (duty.state === "missed") return found.explained_at && !duty.mine ? "" : "missed";
  if (!found.begun) return "coming";
  if (found.next_try_at && new Date(found.next_try_at) > now()) return "again";
  return dayOf(new Date(duty.due_at) - 1) <= dayOf(now()) ? "today" : "open"; // until 24:00 is still that day
}

function sorted(app, duties, group) {
  const time = group === "again" ? "next_try_at" : group === "coming" ? "opens_at" : "due_at";
  const key = new Map(duties.map((duty) => [duty, [(group === "again" ? standing(app, duty) : duty)[time], distanceTo(app, duty) ?? 0, duty.label]]));
  return [...duties].sort((a, b) => {
    const [one, two] = [key.get(a), key.get(b)];
    if (group === "today" && one[1] !== two[1]) return one[1] - two[1]; // what ends today is walked by the shortest way
    return one[0].localeCompare(two[0]) || one[1] - two[1] || one[2].localeCompare(two[2]);
  });
}

export function dutyClock(duty) { return clock({ state: "", level_due_at: duty.due_at }, SOON); }

/** Until when, or from when; when to try again. */
export function times(duty) {
  if (duty.state === "missed") return h("span.clock.clock--overdue", {}, h("span.clock__state", {}, icon("alarm-clock"), t("was_missed")), h("span.clock__left", {}, when(duty.due_at)));
  if (!duty.begun) return h("span.clock.clock--suspended", {}, h("span.clock__state", {}, icon("calendar-clock"), t("day_from", { when: when(duty.opens_at) })), h("span.clock__left", {}, t("due", { when: when(duty.due_at) })));
  return dutyClock(duty);
}

function card(app, duty) {
  const found = standing(app, duty);
  const items = app.outbox.of(duty.id);
  const asks = items.find((item) => item.status !== "waiting");
  const distance = duty.exact ? distanceTo(app, duty) : null;
  const left = leavesLeft(app, duty).left.length;
  return h("li", {}, h(
    "a.card.ticket-card", { href: `#d/${duty.id}` },
    h("span.ticket-card__top", {}, icon(KINDS[duty.kind] ?? "clipboard-list"), h("strong", {}, named(duty.names)), duty.level > 0 && duty.mine && h("span.badge.badge--warm", {}, icon("forward"), t("handed_on"))),
    times(found),
    h("span.ticket-card__where", {}, icon("map-pin"), duty.label === named(duty.area) ? duty.label : `${duty.label} · ${named(duty.area)}`, distance !== null && h("b", {}, away(distance))),
    found.attempts > 0 && duty.state !== "missed" && h("span.ticket-card__who", {}, icon("circle-pause"), tries(found)),
    left > 0 && found.begun && !found.over && h("span.ticket-card__who", {}, icon("file-text"), t("leaves_n", { n: left })),
    asks ? h("span.badge.badge--overdue", {}, icon("triangle-alert"), t("asks_here"))
      : items.length ? h("span.badge.badge--brand", {}, icon("send"), t("waits_here", { what: t(`duty_${items.at(-1).verb}`) }))
        : duty.state === "missed" ? h("span.badge.badge--overdue", {}, icon("message-circle"), t(found.explained_at ? "explained" : "wants_why"))
          : found.arrived_at || found.started_at ? h("span.badge.badge--brand", {}, icon(found.arrived_at ? "map-pin" : "play"), t(found.arrived_at ? "is_there" : "on_the_way")) : null,
  ));
}

export function tries(duty) {
  const tried = t("tried", { n: duty.attempts });
  return duty.next_try_at ? `${tried} · ${t("try_again", { when: when(duty.next_try_at) })}` : tried;
}
