/** What is to do, by clock and then by distance; and what is near, by distance alone. */
import { away, button, clock, clockOf, h, icon, metres, named, t } from "./dom.js";

export function mine(app) {
  const found = app.matters.filter((matter) => matter.mine);
  if (!app.snapshot) return [empty("inbox", t("nothing_kept"))];
  const groups = { overdue: [], soon: [], ok: [], suspended: [], waits: [] };
  for (const matter of found) groups[finished(app, matter) ? "waits" : clockOf(matter, app.kind.soon)].push(matter);
  const shown = Object.entries(groups).filter(([, matters]) => matters.length).map(([name, matters]) => h(
    "section.group", {},
    h(`h2.group__title.group__title--${name}`, {}, t(name === "waits" ? "waiting" : name), h("span.group__count", {}, matters.length)),
    h("ul.cards", {}, byDistance(app, matters, byClock).map((matter) => card(app, matter))),
  ));
  return [place(app), shown.length ? shown : empty("circle-check", t("nothing_mine")), more(app)];
}

export function near(app) {
  if (!app.snapshot) return [empty("inbox", t("nothing_kept"))];
  const found = byDistance(app, app.matters.filter((matter) => !finished(app, matter)), byClock);
  return [place(app), found.length ? h("ul.cards", {}, found.map((matter) => card(app, matter, true))) : empty("map-pin", t("nothing_near")), more(app)];
}

/** Solved or sent up on this phone already: it is no longer to do, it waits to be sent. */
export const finished = (app, matter) => app.outbox.of(matter.code).some((item) => item.status === "waiting" && (item.verb === "solve" || item.verb === "escalate"));

const byClock = (a, b) => a.level_due_at.localeCompare(b.level_due_at);

export function distanceTo(app, matter) {
  return app.position && matter.lon !== null ? metres(app.position, matter) : null;
}

function byDistance(app, matters, otherwise) {
  const far = new Map(matters.map((matter) => [matter, distanceTo(app, matter) ?? Infinity]));
  return [...matters].sort((a, b) => (far.get(a) === far.get(b) ? otherwise(a, b) : far.get(a) - far.get(b)));
}

function card(app, matter, others = false) {
  const distance = distanceTo(app, matter);
  const items = app.outbox.of(matter.code);
  const asks = items.find((item) => item.status !== "waiting");
  return h("li", {}, h(
    "a.card.ticket-card", { href: `#m/${matter.code}` },
    h("span.ticket-card__top", {}, h("strong", {}, named(matter.names)), matter.urgent && h("span.badge.badge--warm", {}, icon("zap"), t("urgent"))),
    clock(matter, app.kind.soon),
    matter.words[0] && h("span.ticket-card__words", {}, matter.words[0].text),
    h("span.ticket-card__where", {}, icon("map-pin"), matter.address || named(matter.area), distance !== null && h("b", {}, away(distance))),
    others && !matter.mine && h("span.ticket-card__who", {}, icon("user"), t("others", { post: named(matter.post) })),
    asks ? h("span.badge.badge--overdue", {}, icon("triangle-alert"), t("asks_here"))
      : items.length ? h("span.badge.badge--brand", {}, icon("send"), t("waits_here", { what: t(`do_${items.at(-1).verb}`) })) : null,
  ));
}

export function place(app) {
  if (app.position) return null;
  return button(t("where_am_i"), { icon: "locate-fixed", kind: "wide", onclick: () => app.locate() });
}

const more = (app) => app.kind.left_out > 0 && h("p.quiet", {}, t("left_out", { n: app.kind.left_out }));

export function empty(name, text) {
  return h("div.empty", {}, icon(name, "xl"), h("p.empty__title", {}, text));
}
