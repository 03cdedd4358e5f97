/** The ledger of a place on the sheet of a duty: leaf by leaf what is written, said to be still right by one tap, or written anew. Sent before the duty's finish. */
import { button, dateOf, h, icon, named, now, t, when } from "./dom.js";
import { facts, openFill } from "./fill.js";

export const ledgerOf = (app, duty) => app.ledgers.places.find((one) => one.duties.includes(duty.id));
const subjectOf = (ledger, leaf) => `${ledger.id}:${leaf.form}`;

/** Where the leaves of a duty's place lie in the queue: its finish is sent when none of them waits any more. */
export const leavesOf = (app, duty) => { const ledger = ledgerOf(app, duty); return ledger ? `${ledger.id}:` : null; };

/** A leaf as it stands on this phone: what the server said, and what was pressed since. */
function standing(app, ledger, leaf) {
  const found = { ...leaf };
  for (const item of app.outbox.of(subjectOf(ledger, leaf))) {
    if (item.status !== "waiting") continue;
    Object.assign(found, { due: false, item, at: item.at, answers: item.verb === "write" ? item.form : found.answers });
  }
  return found;
}

const canWrite = (ledger, leaf) => ledger.writes && Boolean(leaf.schema);

/** The leaves that a census cannot be finished without, as far as this phone knows; `here`: those of them that can be done on it. */
export function leavesLeft(app, duty) {
  if (!duty.leaves?.length) return { left: [], here: [] };
  const ledger = ledgerOf(app, duty);
  if (!ledger) return { left: duty.leaves, here: [] };
  const due = ledger.leaves.filter((leaf) => leaf.yearly && standing(app, ledger, leaf).due);
  return { left: due.map((leaf) => leaf.names), here: due.filter((leaf) => canWrite(ledger, leaf)) };
}

export function ledgerCard(app, duty) {
  const ledger = ledgerOf(app, duty);
  if (!ledger) return null;
  const left = ledger.leaves.filter((leaf) => leaf.yearly && standing(app, ledger, leaf).due).length;
  return h("section.group", { id: "ledger" },
    h("h2.group__title", {}, icon("file-text"), t("ledger"), left ? h("span.badge.badge--soon", {}, icon("circle-dot"), t("leaves_n", { n: left })) : h("span.badge.badge--ok", {}, icon("circle-check"), t("ledger_whole"))),
    ledger.label !== duty.label && h("p.where", {}, icon("map-pin"), ledger.label),
    h("ul.doorlist", {}, ledger.leaves.map((leaf) => row(app, ledger, leaf))));
}

/** Bring the first leaf that is left under the thumb. */
export function showLeft() {
  const first = document.querySelector("[data-due=yes]");
  first?.scrollIntoView({ block: "center" });
  first?.querySelector("button")?.focus({ preventScroll: true });
}

function row(app, ledger, leaf) {
  const found = standing(app, ledger, leaf);
  const subject = subjectOf(ledger, leaf);
  const asks = app.outbox.of(subject).some((item) => item.status !== "waiting");
  const says = found.answers && facts(found.answers, app.ledgers.forms[leaf.schema]);
  const open = leaf.due || found.item || asks; // what is left, or was done here, is read without a tap; the rest with one
  return h("li.doorlist__one", { "data-leaf": leaf.form, "data-due": found.due && canWrite(ledger, leaf) && !asks ? "yes" : "no" },
    h("div.doorlist__what", {}, h("strong.leaf__name", {}, named(leaf.names)), state(found)),
    !leaf.schema ? h("p.quiet", {}, icon("eye-off"), " ", t("leaf_sealed"))
      : open ? [says, ledger.writes && under(app, ledger, leaf, found, asks)]
        : h("details", { open: app.opened.has(subject), ontoggle: (event) => app.opened[event.target.open ? "add" : "delete"](subject) }, h("summary", {}, t("leaf_says")), says,
          ledger.writes && h("div.doorlist__ways", {}, button(t("leaf_anew"), { icon: "pencil", "data-way": "write", onclick: () => writeLeaf(app, ledger, leaf, found) }))));
}

function state(leaf) {
  if (leaf.item) return h("small", {}, t("done_at", { when: when(leaf.at) }));
  if (!leaf.version) return h("span.badge.badge--soon", {}, icon("circle-alert"), t("leaf_missing"));
  return [h("small", {}, t("leaf_at", { when: dateOf(leaf.at) })), leaf.due && h("span.badge.badge--soon", {}, icon("refresh-cw"), t("leaf_old"))];
}

/** What can be done with a leaf that is left; once it was, its answer takes the room of the buttons, so that nothing moves. */
function under(app, ledger, leaf, found, asks) {
  if (asks) return h("a.doorlist__noted.doorlist__noted--asks", { href: "#queue" }, icon("triangle-alert"), h("span", {}, t("asks_here")));
  const { item } = found;
  if (item) return h("div.doorlist__noted", {}, icon("circle-check"), h("b", {}, t(`ledger_${item.verb}`)), !item.tried && button(t("take_back"), { kind: "small", onclick: () => takeBack(app, item) }));
  return h("div.doorlist__ways", {},
    leaf.fits && button(t("ledger_confirm"), { icon: "check", kind: "primary", "data-way": "confirm", onclick: () => confirmLeaf(app, ledger, leaf) }),
    button(t(leaf.version ? "leaf_anew" : "leaf_fill"), { icon: "pencil", kind: leaf.fits ? "" : "primary", "data-way": "write", onclick: () => writeLeaf(app, ledger, leaf, found) }));
}

async function confirmLeaf(app, ledger, leaf) {
  try {
    await hand(app, ledger, leaf, { verb: "confirm" });
  } catch (error) {
    console.warn("Could not be kept:", error);
    app.toast(t("full"));
  }
}

function writeLeaf(app, ledger, leaf, found) {
  openFill({
    ...sheetOf(leaf.names, ledger.label), app, draft: `ledgers:${subjectOf(ledger, leaf)}:write`,
    forms: [{ schema: app.ledgers.forms[leaf.schema], asked: true }], given: found.answers ?? {}, needs: leaf.needs ?? [],
    done: ({ form }, files, draft) => hand(app, ledger, leaf, { verb: "write", form: form ?? {} }, files, draft),
  });
}

const sheetOf = (names, label) => ({ title: named(names), icon: "file-text", about: label, hints: [h("p.quiet", {}, t("ledger_counted"))] });

async function hand(app, ledger, leaf, { verb, form = null }, files = {}, draft = "") {
  await app.outbox.add({
    kind: "ledgers", subject: subjectOf(ledger, leaf), names: leaf.names, address: ledger.label, verb, version: leaf.version, at: new Date(now()).toISOString(),
    text: "", reason: "", units: [], also: [], form, lon: null, lat: null,
  }, files, draft);
  app.toast(t("kept"));
}

async function takeBack(app, item) {
  if (!await app.outbox.drop(item)) app.toast(t("too_late"));
}

// -- when it met a change ------------------------------------------------------------------------------------------------

/** Somebody wrote the leaf meanwhile, or it is not taken like this: what stands there now, what is mine, and the ways out. Nothing goes by itself. */
export function ledgerAsks(app, item, tools) {
  const { present, message } = item.problem ?? {};
  const leaf = app.ledgers.places.flatMap((one) => one.leaves.map((leaf) => [subjectOf(one, leaf), leaf])).find(([subject]) => subject === item.subject)?.[1];
  const schema = present?.schema ?? app.ledgers.forms[leaf?.schema];
  const needs = ((present ?? leaf)?.needs ?? []).filter((what) => !(what === "photo" ? item.photos : item.signed)); // what was given already goes along
  const again = (change, files) => app.outbox.again(item, { at: new Date(now()).toISOString(), version: present?.version ?? item.version, ...change }, files);
  const writes = item.verb === "write";
  return [
    h("p", {}, message),
    present?.answers && h("section.stack", {}, h("h2", {}, t("leaf_now")), h("p.faint", {}, `${when(present.at)} · ${present.by}`), facts(present.answers, schema)),
    tools.yours,
    writes && facts(item.form, schema),
    h("p.decide", {}, t("decide")),
    writes ? button(t(present ? "anyway" : "again"), { icon: "check", kind: "primary big wide", onclick: () => again({}) })
      : (!present || present.fits) && button(t(present ? "leaf_still" : "again"), { icon: "check", kind: "primary big wide", onclick: () => again({}) }),
    writes && schema && button(t("leaf_change"), { icon: "pencil", kind: "big wide", onclick: () => openFill({
      ...sheetOf(item.names, item.address), app, draft: `ledgers:${item.subject}:again`, forms: [{ schema, asked: true }], given: item.form, needs, done: ({ form }, files) => again({ form: form ?? {} }, files),
    }) }),
    tools.drop,
  ];
}
