/** My shifts: who else is in them, "I am here" and "Finished", each one tap; kept with its time, sent when there is signal. */
import { button, h, icon, named, now, sure, t, when } from "./dom.js";
import { empty } from "./lists.js";
import { setOutAt } from "./rounds.js";

const time = (at) => new Date(at).getTime();
const opens = (shift) => time(shift.starts_at) - shift.margin * 60e3;
const closes = (shift) => time(shift.ends_at) + shift.margin * 60e3;

/** A shift as it stands on this phone: what the server said and what was tapped since. The earliest coming counts, and the latest going. */
function standing(app, shift) {
  const came = [shift.arrived_at, setOutAt(app, shift.id)];
  const went = [shift.left_at];
  for (const item of app.outbox.of(shift.id)) if (item.status === "waiting") (item.verb === "arrive" ? came : went).push(item.at);
  const found = { arrived: came.filter(Boolean).sort((a, b) => time(a) - time(b))[0] ?? null, left: went.filter(Boolean).sort((a, b) => time(b) - time(a))[0] ?? null };
  const counted = shift.presence === "gone" && !shift.arrived_at; // long ago: the times are forgotten
  found.verb = counted ? null : !found.arrived ? (now() >= opens(shift) && now() < time(shift.ends_at) ? "arrive" : null) : now() >= time(shift.starts_at) && now() <= closes(shift) ? "leave" : null;
  return found;
}

export const shiftsOfToday = (app) => app.shifts.items.filter((shift) => closes(shift) > now() && !(now() > time(shift.ends_at) && standing(app, shift).left));

/** On my day: each shift with the one thing to tap. */
export function shiftCards(app) {
  const own = shiftsOfToday(app);
  if (!own.length) return null;
  return h("section.group", {}, h("h2.group__title", {}, t("my_shifts"), h("span.group__count", {}, own.length)), h("ul.cards", {}, own.map((shift) => {
    const found = standing(app, shift);
    return h("li.card.ticket-card", { "data-shift": shift.id },
      h("span.ticket-card__top", {}, icon("timer"), h("a", { href: `#h/${shift.id}` }, h("strong", {}, named(shift.names))), badge(shift, found)),
      h("span", {}, span(shift)),
      h("span.ticket-card__who", {}, icon("users"), `${named(shift.team)} · ${company(shift)}`),
      alone(shift, found), waits(app, shift), tap(app, shift, found));
  })));
}

export function shiftPage(app, id) {
  const shift = app.shifts.items.find((one) => one.id === id);
  if (!shift) return [empty("badge-check", t("shift_gone"))];
  const found = standing(app, shift);
  return [
    h("h1.what", {}, icon("timer", "l"), named(shift.names)),
    badge(shift, found),
    h("p.where", {}, icon("clock"), h("span", {}, span(shift))),
    h("p.where", {}, icon("users"), h("span", {}, `${named(shift.team)} · ${company(shift)}`)),
    alone(shift, found), waits(app, shift),
    found.arrived && h("section.card", {}, h("p", {}, icon("map-pin"), ` ${t("came_at", { when: when(found.arrived) })}`), found.left && h("p", {}, icon("flag"), ` ${t("went_at", { when: when(found.left) })}`)),
    h("p.faint", {}, t("shift_keeps")),
  ];
}

export function shiftBar(app, id) {
  const shift = app.shifts.items.find((one) => one.id === id);
  const back = h("a.button.button--big.bar-back", { href: "#day", title: t("back"), "aria-label": t("back") }, icon("arrow-left"));
  if (!shift) return [back];
  const found = standing(app, shift);
  return [back, tap(app, shift, found, " grow") ?? h("p.bar-word", {}, t(!begun(shift) ? "not_yet" : "round_over"))];
}

const span = (shift) => `${when(shift.starts_at)} – ${when(shift.ends_at)}`;
const begun = (shift) => now() >= time(shift.starts_at);
const company = (shift) => (shift.colleagues ? t("n_colleagues", { n: shift.colleagues }) + (begun(shift) ? t("n_are_there", { n: shift.there }) : "") : t("only_you"));

/** Nobody stands alone at night: said where one would. Who is there is as of when it was fetched. */
function alone(shift, found) {
  if (!shift.night || found.left) return null;
  const words = !shift.colleagues ? "night_only_you" : found.arrived && begun(shift) && !shift.there ? "night_nobody_yet" : "";
  return words ? h("p.note.note--warning", {}, icon("shield-check"), h("span.note__text", {}, t(words))) : null;
}

function badge(shift, { arrived, left }) {
  if (left) return h("span.badge", {}, icon("flag"), t("went_at", { when: when(left) }));
  if (arrived) return h("span.badge.badge--ok", {}, icon("map-pin"), t("here_since", { when: when(arrived) }));
  if (shift.presence === "gone") return h("span.badge.badge--ok", {}, icon("circle-check"), t("shift_counted"));
  if (now() >= time(shift.missing_from)) return h("span.badge.badge--overdue", {}, icon("alarm-clock"), t("missed_you"));
  return begun(shift) ? h("span.badge.badge--soon", {}, icon("hourglass"), t("expected_now")) : null;
}

function waits(app, shift) {
  const items = app.outbox.of(shift.id);
  if (items.some((item) => item.status !== "waiting")) return h("a.badge.badge--overdue", { href: "#queue" }, icon("triangle-alert"), t("asks_here"));
  return items.length ? h("span.badge.badge--brand", {}, icon("send"), t("waits_here", { what: t(`shift_${items.at(-1).verb}`) })) : null;
}

/** The one thing to tap now. Before the shift ends, *finished* is asked once more: it stands where *I am here* stood. */
function tap(app, shift, { verb, left }, more = " wide") {
  if (!verb) return null;
  if (verb === "arrive") return button(t("shift_arrive"), { icon: "map-pin", kind: `primary big${more}`, "data-verb": verb, onclick: () => hand(app, shift, verb) });
  const early = now() < time(shift.ends_at);
  const press = () => (early ? sure(t("finish_early", { when: when(shift.ends_at) }), t("shift_leave"), () => hand(app, shift, verb), { icon: "flag", kind: "primary" }) : hand(app, shift, verb));
  return button(t(left ? "finish_later" : "shift_leave"), { icon: "flag", kind: `${early || left ? "" : "primary "}big${more}`, "data-verb": verb, onclick: press });
}

async function hand(app, shift, verb) {
  try {
    await app.outbox.add({ kind: "shifts", subject: shift.id, names: shift.names, address: named(shift.team), verb, version: 0, at: new Date(now()).toISOString(), text: "", reason: "", units: [], also: [] }, {}, "");
    app.toast(t("kept"));
  } catch (error) {
    console.warn("Could not be kept:", error);
    app.toast(t("full"));
  }
}

/** Why it does not count. What was too early can be said anew while the shift runs; the rest is for the captain. */
export function shiftAsks(app, item, tools) {
  const { present, message } = item.problem ?? {};
  const anew = present && standing(app, present).verb === item.verb;
  return [
    h("p", {}, message),
    tools.yours,
    h("p.decide", {}, t("decide")),
    anew && button(t("shift_again"), { icon: "check", kind: "primary big wide", onclick: () => app.outbox.again(item, { at: new Date(now()).toISOString() }) }),
    tools.drop,
  ];
}
