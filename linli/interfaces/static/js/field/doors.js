/** My doors: staircases of running campaigns, whom to try now and whom later, and how it went at each door by one tap. */
import { button, dayOf, h, icon, named, now, onDay, t, told, when } from "./dom.js";
import { empty } from "./lists.js";

const FINAL = ["done", "refused", "leaflet"];
const GROUPS = ["now", "later", "ended"];

/** A door as it stands on this phone: what the server said, and what was tapped since. */
function standing(app, list, door) {
  const found = { ...door };
  for (const item of app.outbox.of(door.id)) {
    if (item.status !== "waiting") continue;
    if (item.verb === "take_back") { Object.assign(found, { result: "", mine: false, tries: Math.max(0, found.tries - 1), advice: "any_time", part: null, not_before: null }); continue; }
    if (FINAL.includes(item.verb)) { found.result = item.verb; continue; }
    Object.assign(found, { tries: found.tries + 1, last_try: item.at, part: null }, found.tries + 1 >= list.retries
      ? { advice: "leaflet", not_before: null }
      : { advice: "then", not_before: new Date(new Date(item.at).getTime() + list.retry_hours * 3600e3).toISOString() }); // rested; the server says which part of the day then
  }
  return found;
}

const isLater = (door) => Boolean(door.not_before) && new Date(door.not_before) > now();
const groupOf = (door) => (door.result ? "ended" : isLater(door) ? "later" : "now");
const leftOf = (app, list) => list.doors.map((door) => standing(app, list, door)).filter((door) => !door.result && (!isLater(door) || dayOf(door.not_before) === dayOf(now()))).length;

/** How many doors can still be tried today. */
export const countDoors = (app) => app.doors.lists.reduce((sum, list) => sum + leftOf(app, list), 0);

/** On my day: one card that leads to my doors, with how many are left today. */
export function doorsCard(app) {
  if (!app.doors.lists.length) return null;
  const left = countDoors(app);
  return h("a.card.ticket-card", { href: "#doors" },
    h("span.ticket-card__top", {}, icon("house"), h("strong", {}, t("my_doors")), h(`span.badge.badge--${left ? "brand" : "ok"}`, {}, icon(left ? "circle-dot" : "circle-check"), left ? t("doors_today", { n: left }) : t("no_doors_today"))),
    h("span.ticket-card__who", {}, icon("list"), [...new Set(app.doors.lists.map((list) => named(list.names)))].join(" · ")));
}

export function doorsPage(app) {
  const { lists, left_out: more } = app.doors;
  if (!lists.length) return [empty("house", t("no_doors"))];
  const campaigns = new Map();
  for (const list of lists) campaigns.set(named(list.names), [...(campaigns.get(named(list.names)) ?? []), list]);
  return [
    h("h1.what", {}, icon("house", "l"), t("my_doors")),
    [...campaigns].map(([name, stairs]) => h("section.group", {},
      h("h2.group__title", {}, `${name} · ${t("due", { when: onDay(stairs[0].last_on) })}`),
      h("ul.cards", {}, stairs.map((list) => stairCard(app, list))))),
    more > 0 && h("p.quiet", {}, t("left_out", { n: more })),
  ];
}

const titled = (list) => list.title || named(list.area);

function stairCard(app, list) {
  const doors = list.doors.map((door) => standing(app, list, door));
  const left = leftOf(app, list);
  const ended = doors.filter((door) => door.result).length;
  const asks = list.doors.some((door) => app.outbox.of(door.id).some((item) => item.status !== "waiting"));
  return h("li", {}, h("a.card.ticket-card", { href: `#s/${list.id}` },
    h("span.ticket-card__top", {}, h("strong", {}, titled(list)), asks && h("span.badge.badge--overdue", {}, icon("triangle-alert"), t("asks_here"))),
    h("span.ticket-card__where", {}, icon(left ? "circle-dot" : "circle-check"), left ? t("doors_today", { n: left }) : t("no_doors_today"), h("b", {}, t("n_of_ended", { n: ended, all: doors.length })))));
}

/** One staircase. A door that was answered stays where it is until the page is left: the next one is where the thumb expects it. */
export function stairPage(app, id) {
  const list = app.doors.lists.find((one) => one.id === id);
  if (!list) return [empty("badge-check", t("stair_gone"))];
  if (app.stair?.id !== id) app.stair = { id, places: new Map() };
  const groups = { now: [], later: [], ended: [] };
  for (const door of list.doors) {
    const found = standing(app, list, door);
    if (!app.stair.places.has(door.id)) app.stair.places.set(door.id, groupOf(found));
    groups[app.stair.places.get(door.id)].push(found);
  }
  groups.later.sort((a, b) => (a.not_before ?? "").localeCompare(b.not_before ?? ""));
  return [
    h("h1.what", {}, icon("house", "l"), titled(list)),
    h("p.where", {}, icon("megaphone"), h("span", {}, `${named(list.names)} · ${t("due", { when: onDay(list.last_on) })}`)),
    !groups.now.length && h("p.note", {}, icon("circle-check"), h("span.note__text", {}, t("no_doors_now"))),
    GROUPS.filter((name) => groups[name].length).map((name) => h("section.group", {},
      h("h2.group__title", {}, t(`doors_${name}`), h("span.group__count", {}, groups[name].length)),
      h("ul.doorlist", {}, groups[name].map((door) => row(app, list, door))))),
  ];
}

function row(app, list, door) {
  const items = app.outbox.of(door.id);
  const asks = items.some((item) => item.status !== "waiting");
  const item = items.at(-1);
  const noted = door.result || (isLater(door) && (item || app.stair.places.get(door.id) === "now") ? "not_home" : "");
  return h("li.doorlist__one", { "data-door": door.id },
    h("div.doorlist__what", {}, h("strong", {}, door.room), h("small", {}, noted ? tried(door) : about(door))),
    asks ? h("a.doorlist__noted.doorlist__noted--asks", { href: "#queue" }, icon("triangle-alert"), h("span", {}, t("asks_here")))
      : noted ? h("div.doorlist__noted", {}, icon(told.words.en[`door_icon_${noted}`]), h("b", {}, t(`door_${noted}`)), noted === "not_home" && h("small.quiet", {}, t("try_again", { when: when(door.not_before) })), undoing(app, list, door, item))
        : h(`div.doorlist__ways${waysOf(list, door).length > 3 ? ".doorlist__ways--four" : ""}`, {}, waysOf(list, door).map((way, n) => button(t(`door_${way}`), { kind: n ? "" : "primary", "data-way": way, onclick: () => note(app, list, door, way) }))));
}

/** What was noted by mistake can be taken back: thrown away here as long as it was not handed in, else by an action of its own. */
function undoing(app, list, door, item) {
  if (item ? item.tried : !door.mine) return null;
  return button(t("take_back"), { kind: "small", "data-undo": "", onclick: () => (item ? takeBack(app, item) : note(app, list, door, "take_back")) });
}

/** What can be noted; a leaflet only where it is the last way left. */
const waysOf = (list, door) => (door.advice === "leaflet" && list.ways.length > 1 ? [...list.ways, "leaflet"] : list.ways);

const tried = (door) => (door.tries ? t("door_tries", { n: door.tries, when: when(door.last_try) }) : door.result ? "" : t("door_untried"));

/** How often it was tried, and when to try again. */
function about(door) {
  if (door.advice === "leaflet") return `${tried(door)} · ${t("door_advice_leaflet")}`;
  if (!door.not_before) return tried(door);
  return `${tried(door)} · ${t("try_again", { when: when(door.not_before) })}${door.part ? t("in_part", { part: t(`part_${door.part}`) }) : ""}`;
}

async function note(app, list, door, way) {
  try {
    await app.outbox.add({
      kind: "doors", subject: door.id, names: list.names, address: `${titled(list)} ${door.room}`, verb: way, version: door.tries,
      at: new Date(now()).toISOString(), text: "", reason: "", units: [], also: [], form: null, lon: null, lat: null,
    }, {}, "");
  } catch (error) {
    console.warn("Could not be kept:", error);
    app.toast(t("full"));
  }
}

async function takeBack(app, item) {
  if (!await app.outbox.drop(item)) app.toast(t("too_late"));
}

export const stairBar = () => [h("a.button.button--big.bar-back.button--grow", { href: "#doors" }, icon("arrow-left"), h("span", {}, t("my_doors")))];
export const doorsBar = () => [h("a.button.button--big.bar-back.button--grow", { href: "#day" }, icon("arrow-left"), h("span", {}, t("day")))];

// -- when it met a change ------------------------------------------------------------------------------------------------

/** Somebody else was there meanwhile, or it cannot be noted like this: what stands there now, and the ways out. Nothing goes by itself. */
export function doorAsks(app, item, tools) {
  const present = item.problem?.present;
  const early = item.problem?.code === "campaigns.leaflet_too_early";
  const ended = present?.door.result;
  const again = (change) => app.outbox.again(item, change);
  return [
    present && h("h2", {}, t("meanwhile")),
    present && h("ul.plain-list", {}, present.tries.map((one) => h("li", {}, icon(told.words.en[`door_icon_${one.outcome}`]), ` ${t(`door_${one.outcome}`)} · ${when(one.at)} · ${t(one.mine ? "by_me" : "by_others")}`))),
    h("p", {}, item.problem?.message),
    ended && h("p", {}, t("door_stands", { what: t(`door_${ended}`) })),
    tools.yours,
    h("p.decide", {}, t("decide")),
    early && !ended && button(t("as_not_home"), { icon: "circle-pause", kind: "primary big wide", onclick: () => again({ verb: "not_home", version: present?.door.tries ?? item.version }) }),
    !early && !ended && !present?.over && item.verb !== "take_back" && button(t("again"), { icon: "check", kind: "primary big wide", onclick: () => again({ version: present?.door.tries ?? item.version }) }),
    tools.drop,
  ];
}
