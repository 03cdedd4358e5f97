/** One matter, whole: what, where, until when, what was said and done; and what to do about it, under the thumb. */
import { away, button, clock, h, icon, named, t, told, when } from "./dom.js";
import { distanceTo, empty } from "./lists.js";
import { ACTS, openSheet } from "./sheet.js";

const FIRST = "solve";

export function matterPage(app, code) {
  const matter = app.matters.find((one) => one.code === code);
  if (!matter) return [empty("badge-check", t("gone"))];
  const items = app.outbox.of(code);
  const distance = distanceTo(app, matter);
  return [
    h("h1.what", {}, named(matter.names), matter.urgent && h("span.badge.badge--warm", {}, icon("zap"), t("urgent"))),
    clock(matter, app.kind.soon),
    h("p.where", {}, icon("map-pin"), h("span", {}, matter.address || named(matter.area), distance !== null && h("b", {}, ` · ${away(distance)}`))),
    matter.lon !== null && h("a.button.button--wide", { href: `geo:${matter.lat},${matter.lon}?q=${matter.lat},${matter.lon}` }, icon("route"), h("span", {}, t("directions"))),
    items.map((item) => h(`a.note${item.status === "waiting" ? "" : ".note--error"}`, { href: "#queue" }, icon(item.status === "waiting" ? "send" : "triangle-alert"),
      h("span.note__text", {}, item.status === "waiting" ? t("waits_here", { what: t(`do_${item.verb}`) }) : t("asks_here")))),
    h("section.card", {}, h("h2", {}, t("said")), matter.words.length ? matter.words.map((one) => h("blockquote.quote", {}, one.text)) : h("p.quiet", {}, t("no_words")),
      h("p.faint", {}, t("reported", { when: when(matter.reported_at) }), " · ", h("span.code", {}, matter.code))),
    matter.photos.length ? h("section.card", {}, h("h2", {}, t("photos")), h("div.shots", {}, matter.photos.map((photo) => picture(app, photo)))) : null,
    matter.whistles.length ? h("section.card", {}, h("h2", {}, t("called")), h("ul.plain-list", {}, matter.whistles.map((one) => h("li", {}, icon("siren"), ` ${named(one.names)} · ${t("due", { when: when(one.due_at) })}`)))) : null,
    h("section.card", {}, h("h2", {}, t("story")), h("p", {}, `${t("holder")}: ${named(matter.post)}${matter.holder ? ` · ${matter.holder}` : ""}`), story(matter.steps)),
  ];
}

/** The steps, the newest first; `kind`: whose words they are told in. */
export function story(steps, kind = "") {
  return h("ol.timeline", {}, [...steps].reverse().map((step) => h(
    "li.timeline__item", {},
    h("span.timeline__dot", {}, icon(told.words["en"][`${kind}icon_${step.verb}`] ?? "circle-dot")),
    h("div.timeline__head", {}, h("span.timeline__title", {}, t(`${kind}told_${step.verb}`)), h("span.timeline__when", {}, when(step.at))),
    h("div.timeline__who", {}, ["clock", "reporter"].includes(step.who) ? t(step.who) : step.who, step.verb === "escalate" || step.verb === "time_out" ? ` → ${named(step.post)}` : ""),
    step.text && h("p.timeline__body", {}, step.text),
  )));
}

function picture(app, photo) {
  const image = h("img", { alt: "", hidden: true });
  app.store.photo(`file:${photo.id}`).then((blob) => {
    if (!blob) return;
    image.src = URL.createObjectURL(blob);
    image.onload = () => URL.revokeObjectURL(image.src);
    image.hidden = false;
  });
  return h("figure.shot", {}, image);
}

/** What stands under the thumb on a matter's page: back, the first thing to do, and the others. */
export function matterBar(app, code) {
  const matter = app.matters.find((one) => one.code === code);
  const back = h("a.button.button--big.bar-back", { href: `#${app.from}`, title: t("back"), "aria-label": t("back") }, icon("arrow-left"));
  const verbs = matter ? Object.keys(ACTS).filter((verb) => matter.verbs.includes(verb) && (verb !== "whistle" || app.kind.units.length)) : [];
  if (!verbs.length) return [back, matter && h("p.bar-word", {}, t("cannot"))];
  const first = verbs.includes(FIRST) ? FIRST : verbs[0];
  const rest = verbs.filter((verb) => verb !== first);
  return [
    back,
    button(t(`do_${first}`), { icon: ACTS[first].icon, kind: "primary big grow", onclick: () => openSheet({ app, matter, verb: first }) }),
    rest.length ? button(t("more"), { icon: "menu", kind: "big", onclick: () => choose(app, matter, rest) }) : null,
  ];
}

function choose(app, matter, verbs) {
  const dialog = h("dialog.sheet", { "aria-label": t("more"), onclose: () => dialog.remove() },
    h("div.sheet__body", {}, verbs.map((verb) => button(t(`do_${verb}`), { icon: ACTS[verb].icon, kind: "big wide", "data-verb": verb, onclick: () => { dialog.close(); openSheet({ app, matter, verb }); } }))),
    h("div.sheet__foot", {}, button(t("back"), { icon: "arrow-left", kind: "big wide", onclick: () => dialog.close() })));
  document.body.append(dialog);
  dialog.showModal();
}
