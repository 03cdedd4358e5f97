/** One duty: what, for whom (a pseudonym), where, until when; what it serves besides; and what to do about it, under the thumb. */
import { away, button, h, icon, named, now, spoken, t, told, when } from "./dom.js";
import { KINDS, nextTry, standing, times, toDo, tries } from "./day.js";
import { distanceTo, empty } from "./lists.js";
import { openFill } from "./fill.js";
import { ledgerCard, leavesLeft, leavesOf, showLeft } from "./ledger.js";

export const VERBS = { take: "user-check", start: "play", arrive: "map-pin", finish: "circle-check", not_home: "circle-pause", refuse: "hand-helping", explain: "message-circle", note: "file-text" };
const PLACED = ["arrive", "finish", "not_home"]; // position is taken at these check-ins, where the person allows it

export function dutyPage(app, id) {
  const duty = app.duties.items.find((one) => one.id === id);
  if (!duty) return [empty("badge-check", t("duty_gone"))];
  const found = standing(app, duty);
  const distance = duty.exact ? distanceTo(app, duty) : null;
  const others = together(app, duty);
  const { left, here } = leavesLeft(app, duty);
  const asked = duty.needs.filter((what) => what !== "arrival" || !found.arrived_at);
  return [
    h("h1.what", {}, icon(KINDS[duty.kind] ?? "clipboard-list", "l"), named(duty.names)),
    times(found),
    h("p.where", {}, icon("tag"), h("b", {}, duty.label)),
    h("p.where", {}, icon("map-pin"), h("span", {}, named(duty.area), distance !== null && h("b", {}, ` · ${away(distance)}`))),
    duty.exact && h("a.button.button--wide", { href: `geo:${duty.lat},${duty.lon}?q=${duty.lat},${duty.lon}` }, icon("route"), h("span", {}, t("directions"))),
    app.outbox.of(id).map((item) => h(`a.note${item.status === "waiting" ? "" : ".note--error"}`, { href: "#queue" }, icon(item.status === "waiting" ? "send" : "triangle-alert"),
      h("span.note__text", {}, item.status === "waiting" ? t("waits_here", { what: t(`duty_${item.verb}`) }) : t("asks_here")))),
    duty.state === "missed" && h("p.note.note--warning", {}, icon("triangle-alert"), h("span.note__text", {}, t(found.explained_at ? "explained_more" : "missed_more"))),
    duty.level > 0 && duty.mine && h("p.note", {}, icon("forward"), h("span.note__text", {}, t("handed_on_more", { post: named(duty.post) }))),
    !duty.mine && h("p.note", {}, icon("user"), h("span.note__text", {}, t("others", { post: named(duty.post) }))),
    left.length > here.length && found.begun && !found.over ? h("div.note.note--warning", {}, icon("triangle-alert"), h("div.note__text", {}, t("leaves_left", { leaves: left.map(named).join(spoken() === "en" ? ", " : "、") }), " ", h("a", { href: `${told.duty}/${id}` }, t("to_ledger")))) : null,
    found.attempts > 0 && duty.state !== "missed" && h("p.where", {}, icon("circle-pause"), h("span", {}, tries(found))),
    others.length ? h("section.card.stack", {}, h("h2", {}, t("one_visit")), h("p.quiet", {}, t("one_visit_more")), h("div.choices", {}, others.map((other) => h("label.choice", {},
      h("input", { type: "checkbox", checked: chosen(app, duty, other), onchange: (event) => choose(app, duty, other, event.target.checked) }), h("span", {}, icon(KINDS[other.kind]), ` ${named(other.names)} · ${t("due", { when: when(other.due_at) })}`))))) : null,
    found.begun && ledgerCard(app, duty),
    asked.length && !found.over && found.begun ? h("section.card", {}, h("h2", {}, t("asked_for")), h("ul.plain-list", {}, asked.map((what) => h("li", {}, icon("circle"), ` ${t(`needs_${what}`)}`)))) : null,
    h("section.card", {}, h("p", {}, `${t("holder")}: ${named(duty.post)}`),
      h("p.faint", {}, found.started_at ? `${t("duty_told_start")} ${when(found.started_at)}` : `${t("day_from", { when: when(duty.opens_at) })} · ${t("due", { when: when(duty.due_at) })}`, found.arrived_at && ` · ${t("duty_told_arrive")} ${when(found.arrived_at)}`)),
  ];
}

// -- one visit for several duties ----------------------------------------------------------------------------------------

/** The other duties of the same subject that are open at the same time. */
const together = (app, duty) => (toDo(app, duty) ? app.duties.items.filter((one) => one.id !== duty.id && one.subject === duty.subject && toDo(app, one)) : []);

/** Chosen by the person; else those of the same kind, since one door is knocked at once. */
const chosen = (app, duty, other) => app.together.get(`${duty.id}:${other.id}`) ?? other.kind === duty.kind;
const choose = (app, duty, other, yes) => app.together.set(`${duty.id}:${other.id}`, yes);
const served = (app, duty) => [duty, ...together(app, duty).filter((other) => chosen(app, duty, other))];

// -- what stands under the thumb -----------------------------------------------------------------------------------------

export function dutyBar(app, id) {
  const duty = app.duties.items.find((one) => one.id === id);
  const back = h("a.button.button--big.bar-back", { href: `#${app.from}`, title: t("back"), "aria-label": t("back") }, icon("arrow-left"));
  if (!duty || !duty.acts) return [back, duty && h("p.bar-word", {}, t("cannot"))];
  const found = standing(app, duty);
  const verbs = possible(app, duty, found);
  if (!verbs.length) return [back, h("p.bar-word", {}, t(found.over ? "kept_here" : !found.begun ? "not_yet" : "cannot"))];
  const [first, ...rest] = verbs;
  const leaves = served(app, duty).flatMap((one) => leavesLeft(app, one).here).length;
  return [
    back,
    first === "finish" && leaves ? button(t("leaves_n", { n: leaves }), { icon: "file-text", kind: "primary big grow", "data-verb": "ledger", onclick: showLeft }) : button(t(`duty_${first}`), { icon: VERBS[first], kind: "primary big grow", "data-verb": first, onclick: () => press(app, duty, first) }),
    rest.length ? button(t("more"), { icon: "menu", kind: "big", onclick: () => more(app, duty, rest) }) : null,
  ];
}

/** What can be done now, the next step first: set out, arrive where that is asked for, done. */
function possible(app, duty, found) {
  if (!found.begun || found.over) return [];
  const missing = arrivalMissing(app, duty);
  const steps = [missing ? "arrive" : "finish"];
  if (duty.state === "missed") return [...(found.explained_at ? [] : ["explain"]), ...steps, "note"];
  if (!found.started_at) steps.unshift("start");
  if (!missing && !found.arrived_at) steps.push("arrive");
  return [...steps, "not_home", "refuse", ...(duty.level > 0 || found.started_at ? [] : ["take"]), "note"];
}

const arrivalMissing = (app, duty) => served(app, duty).some((one) => one.needs.includes("arrival") && !standing(app, one).arrived_at);

function more(app, duty, verbs) {
  const dialog = h("dialog.sheet", { "aria-label": t("more"), onclose: () => dialog.remove() },
    h("div.sheet__body", {}, verbs.map((verb) => button(t(`duty_${verb}`), { icon: VERBS[verb], kind: "big wide", "data-verb": verb, onclick: () => { dialog.close(); press(app, duty, verb); } }))),
    h("div.sheet__foot", {}, button(t("back"), { icon: "arrow-left", kind: "big wide", onclick: () => dialog.close() })));
  document.body.append(dialog);
  dialog.showModal();
}

/** The second tap: at once where nothing is to be said, else a sheet. */
async function press(app, duty, verb) {
  const duties = verb === "explain" || verb === "note" ? [duty] : served(app, duty);
  const asks = ["not_home", "refuse", "explain", "note"].includes(verb) || (verb === "finish" && duties.some((one) => one.form || one.needs.some((what) => what !== "arrival")));
  if (asks) return fill(app, duties, verb);
  try {
    await hand(app, duties, verb, {}, {}, "");
  } catch (error) {
    console.warn("Could not be kept:", error);
    app.toast(t("full"));
  }
}

/** The sheet of what is to be said about duties that one visit serves: their forms, and what they want to see, only where it is the finish. */
function fill(app, duties, verb) {
  const [duty] = duties;
  const finishes = verb === "finish";
  const next = verb === "not_home" ? nextTry(duty, standing(app, duty).attempts + 1, new Date(now())) : null;
  const wants = (what) => duties.some((one) => one.needs.includes(what));
  return openFill({
    app, draft: `duties:${duty.id}:${verb}`, title: t(`duty_${verb}`), icon: VERBS[verb], about: `${duties.map((one) => named(one.names)).join(" + ")} · ${duty.label}`,
    hints: [
      verb === "not_home" && h("p.note", {}, icon("calendar-clock"), h("span.note__text", {}, next ? t("next_try", { when: when(next) }) : t("tried_enough"))),
      verb === "refuse" && h("p.quiet", {}, t("refuse_more")),
      duties.some((one) => one.confided) && h("p.quiet", {}, icon("shield-check"), ` ${t(verb === "explain" ? "explain_confided" : "confided_more")}`),
    ],
    forms: finishes ? duties.map((one) => ({ schema: app.duties.forms[one.form], asked: one.needs.includes("form") })) : [],
    needs: finishes ? ["photo", "signature"].filter(wants) : [],
    words: { must: verb === "explain" || verb === "note" || (finishes && wants("note")), ready: ready(verb, duty.kind) },
    done: (given, files, draft) => hand(app, duties, verb, given, files, draft),
  });
}

/** Ready words for any duty, and for one of this kind. */
const ready = (verb, kind) => [1, 2, 3].flatMap((n) => [`ready_duty_${verb}_${n}`, `ready_${kind}_${verb}_${n}`]).map((name) => [name, t(name)]).filter(([name, said]) => said !== name).map(([, said]) => said);

async function hand(app, duties, verb, { text = "", form = null }, files, draft) {
  const [duty, ...also] = duties;
  const position = PLACED.includes(verb) ? app.position : null;
  await app.outbox.add({
    kind: "duties", subject: duty.id, names: duty.names, address: `${duty.label}${also.length ? ` ${t("and_more", { n: also.length })}` : ""}`, verb, version: duty.version, at: new Date(now()).toISOString(),
    text, reason: "", units: [], also: also.map((one) => ({ subject: one.id, version: one.version })), form, lon: position?.lon ?? null, lat: position?.lat ?? null,
    behind: verb === "finish" ? duties.map((one) => leavesOf(app, one)).filter(Boolean) : [],
  }, files, draft);
  app.toast(t("kept"));
  if (["finish", "refuse", "not_home", "explain"].includes(verb)) app.go(app.from === "d" ? "day" : app.from);
}

// -- when it met a change ------------------------------------------------------------------------------------------------

/** What others did meanwhile with the duties that an action of mine serves, and the ways out of it. Nothing goes by itself. */
export function dutyAsks(app, item, tools) {
  const present = item.problem?.present?.duties ?? [];
  const seen = new Map([[item.subject, item.version], ...(item.also ?? []).map((one) => [one.subject, one.version])]);
  const open = present.filter((one) => one.state === "open" || one.state === "missed");
  const again = (change) => app.outbox.again(item, { ...afresh(item, open), ...change });
  const words = item.text || Object.keys(item.form ?? {}).length;
  return [
    present.map((one) => [
      h("h2", {}, t("meanwhile")), h("p", {}, `${named(one.names)}: `, h("b", {}, t(`duty_state_${one.state}`)), ` · ${named(one.post)}`),
      tools.story(one.steps.filter((step) => step.number > (seen.get(one.id) ?? 0)), "duty_"),
    ]),
    h("p", {}, item.problem?.message),
    tools.yours,
    h("p.decide", {}, t("decide")),
    item.verb === "note" || open.length ? button(t(present.length ? "anyway" : "again"), { icon: "check", kind: "primary big wide", onclick: () => again({}) }) : !present.length && button(t("again"), { icon: "check", kind: "primary big wide", onclick: () => again({}) }),
    present.length && item.verb !== "note" && words ? button(t("as_note"), { icon: "file-text", kind: "big wide", onclick: () => again({ ...asNote(item, present) }) }) : null,
    tools.drop,
  ];
}

/** The same again, of what is still open; when it was done stays, unless others have gone on from there since. */
function afresh(item, open) {
  const first = item.happened ?? item.at;
  const last = Math.max(0, ...open.flatMap((one) => one.steps.map((step) => new Date(step.at).getTime())));
  const before = open.every((one) => new Date(one.opens_at) <= new Date(first));
  const stands = open.length > 0 && before && new Date(first).getTime() >= last && new Date(first) <= now();
  const [one, ...also] = open;
  return {
    at: stands ? first : new Date(now()).toISOString(), happened: stands ? null : first,
    ...(one ? { subject: one.id, version: one.version, also: also.map((duty) => ({ subject: duty.id, version: duty.version })) } : {}),
  };
}

function asNote(item, present) {
  const said = Object.entries(item.form ?? {}).map(([name, value]) => `${name}: ${value === true ? t("yes") : value === false ? t("no") : value}`);
  const text = [item.text, ...said].filter(Boolean).join(spoken() === "en" ? "; " : "；").slice(0, 1900);
  return { verb: "note", text, form: null, subject: present[0].id, version: present[0].version, also: [] };
}
