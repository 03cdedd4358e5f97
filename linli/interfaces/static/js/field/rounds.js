/** My rounds: set out, meet checkpoints by what they show, come back. The phone keeps what was read and when; the server says what counts. */
import { button, h, icon, named, now, t, told, when } from "./dom.js";
import { empty } from "./lists.js";
import { canRead, canScan, letters, placed, readTag, scan } from "./proof.js";

const NEVER = { starts_at: 0, ends_at: 0, grace: 0 };
const SHOWN = { sheet: "scan_it", display: "scan_it", nfc: "hold_it", position: "" };

export const roundId = (beat) => `${beat.stand}:${beat.route}`;
const graceOf = (beat) => new Date(beat.ends_at).getTime() + beat.grace * 60e3;
const begun = (beat) => new Date(beat.starts_at) <= now();
const within = (beat, at) => new Date(beat.starts_at) <= new Date(at) && new Date(at) < graceOf(beat);

/** The slot that an instant lies in; a rest belongs to the last one. */
const slotAt = (beat, at) => Math.max(0, Math.min(Math.floor((new Date(at) - new Date(beat.starts_at)) / (beat.minutes * 60e3)), beat.slots - 1));
const slotEnds = (beat, slot) => (slot === beat.slots - 1 ? beat.ends_at : new Date(new Date(beat.starts_at).getTime() + (slot + 1) * beat.minutes * 60e3));

/** What waits of a beat's route. Each check-in is a subject of its own: one that is refused holds up none of the others. */
const itemsOf = (app, beat) => app.outbox.items.filter((item) => item.kind === "rounds" && item.subject.startsWith(beat.route));

/** A beat as it stands on this phone: whether one walks it, what was met in the slot that runs, and what was read and not yet judged. */
function standing(app, beat) {
  const round = app.rounds.round;
  const found = { walking: round && round.route === beat.route && round.stand === beat.stand ? round.started_at : null, slot: slotAt(beat, now()), met: new Map(), read: [] };
  for (const one of beat.met) if (one.slot === found.slot) found.met.set(one.spot, { at: one.at });
  for (const item of itemsOf(app, beat)) {
    if (item.status !== "waiting" || !within(beat, item.at)) continue;
    if (item.verb === "start") found.walking ??= item.at;
    if (item.verb === "finish") found.walking = null;
    if (item.verb !== "check_in") continue;
    found.walking ??= item.at;
    if (slotAt(beat, item.at) !== found.slot) continue;
    if (item.spot) { if (!found.met.has(item.spot)) found.met.set(item.spot, { at: item.at, waits: true }); } else found.read.push(item);
  }
  return found;
}

/** When one set out on a round of this shift, as far as this phone alone knows: whoever sets out has come. */
export function setOutAt(app, shift) {
  const routes = new Map(app.rounds.beats.filter((beat) => beat.stand === shift).map((beat) => [beat.route, beat]));
  const out = app.outbox.items.filter((item) => item.kind === "rounds" && item.status === "waiting" && item.verb !== "finish" && within(routes.get(item.subject.split(":")[0]) ?? NEVER, item.at));
  return out.map((item) => item.at).sort()[0] ?? null;
}

/** On my day: the beats of today, each leads to its round. */
export function roundCards(app) {
  const beats = app.rounds.beats.filter((beat) => graceOf(beat) > now());
  if (!beats.length) return null;
  return h("section.group", {}, h("h2.group__title", {}, t("my_rounds"), h("span.group__count", {}, beats.length)), h("ul.cards", {}, beats.map((beat) => {
    const found = standing(app, beat);
    const asks = itemsOf(app, beat).some((item) => item.status !== "waiting");
    return h("li", {}, h("a.card.ticket-card", { href: `#r/${roundId(beat)}` },
      h("span.ticket-card__top", {}, icon("route"), h("strong", {}, named(beat.names)), found.walking && h("span.badge.badge--brand", {}, icon("play"), t("on_round"))),
      h("span", {}, `${named(beat.of)} · ${when(beat.starts_at)} – ${when(beat.ends_at)}`),
      begun(beat) && h("span.ticket-card__who", {}, icon("circle-check"), t("n_of_met", { n: found.met.size, all: beat.spots.length })),
      asks && h("span.badge.badge--overdue", {}, icon("triangle-alert"), t("asks_here"))));
  })));
}

export function roundPage(app, id) {
  const beat = app.rounds.beats.find((one) => roundId(one) === id);
  if (!beat) return [empty("badge-check", t("round_gone"))];
  const found = standing(app, beat);
  const waiting = itemsOf(app, beat).filter((item) => item.status !== "waiting");
  const runs = begun(beat) && graceOf(beat) > now();
  return [
    h("h1.what", {}, icon("route", "l"), named(beat.names)),
    h("p.where", {}, icon("timer"), h("span", {}, `${named(beat.of)} · ${when(beat.starts_at)} – ${when(beat.ends_at)}`)),
    waiting.length ? h("a.note.note--error", { href: "#queue" }, icon("triangle-alert"), h("span.note__text", {}, t("asks_here"))) : null,
    app.rounds.watch && alone(app),
    runs && h("p.where", {}, icon("clock"), h("span", {}, t("slot_of", { n: found.slot + 1, all: beat.slots, when: when(slotEnds(beat, found.slot)) }), " · ", h("b", {}, t("n_of_met", { n: found.met.size, all: beat.spots.length })))),
    h("section.card", {}, h("ol.spots", {}, beat.spots.map((spot) => spotLine(app, beat, spot, found, runs)))),
    found.read.map((item) => h("p.note", {}, icon("send"), h("span.note__text", {}, t("read_unjudged", { what: shownCode(item), when: when(item.at) })))),
    runs && found.walking && h("section.card.stack", {}, canScan && button(t("scan"), { icon: "qr-code", kind: "big wide", onclick: () => scan({ app, took: (proof) => meet(app, beat, proof) }) }),
      canRead && beat.spots.some((spot) => spot.shown === "nfc") && button(t("read_tag"), { icon: "smartphone", kind: "big wide", onclick: () => readTag({ app, took: (proof) => meet(app, beat, proof) }) }),
      button(t("type_letters"), { icon: "pencil", kind: "big wide", onclick: () => letters({ took: (proof) => meet(app, beat, proof) }) })),
    !app.rounds.watch && alone(app),
    h("p.faint", {}, t("round_keeps")),
  ];
}

const shownCode = (item) => (item.form.tag ? t("a_tag") : item.form.code.length < 12 ? item.form.code : t("a_code"));

/** Whoever walks alone is waited for by the server: without signal nobody hears a sign. Said as it is. */
function alone(app) {
  const { watch } = app.rounds;
  return h(`div.note${watch ? ".note--warning" : ""}`, {}, icon("shield-check"), h("div.note__text", {}, watch ? t("sign_by", { when: when(watch.well_by) }) : t("alone_more"), " ", t("alone_signal"), " ", h("a", { href: told.patrol }, t("alone_page"))));
}

function spotLine(app, beat, spot, found, runs) {
  const met = found.met.get(spot.id);
  const here = runs && found.walking && !met && spot.shown === "position";
  return h(`li.spots__one${met ? ".spots__one--met" : ""}`, { "data-spot": spot.id },
    icon(met ? (met.waits ? "send" : "circle-check") : "circle"), h("span.spots__name", {}, named(spot.names)),
    met ? h("small.quiet", {}, met.waits ? t("read_at", { when: when(met.at) }) : when(met.at))
      : here ? button(t("i_am_here"), { icon: "map-pin", kind: "primary", onclick: (event) => meet(app, beat, { spot: spot.id }, event.currentTarget) })
        : SHOWN[spot.shown] && h("small.quiet", {}, t(SHOWN[spot.shown])));
}

/** A checkpoint is met now: first the time, then the place where the phone tells it, then it is kept. */
async function meet(app, beat, proof, pressed) {
  const at = new Date(now()).toISOString();
  const { known, ...shown } = proof; // what a code names is for the phone's own page; the server reads it from the code
  const checkpoint = proof.spot ?? known;
  if (checkpoint && !beat.spots.some((one) => one.id === checkpoint)) return app.toast(t("other_round"));
  pressed?.setAttribute("aria-busy", "true");
  const position = await placed({ needed: Boolean(proof.spot) });
  pressed?.removeAttribute("aria-busy");
  if (proof.spot && !position) return app.toast(t("where_failed"));
  await hand(app, beat, { verb: "check_in", at, spot: checkpoint ?? null, form: { ...shown, ...(position ? { accuracy: position.accuracy } : {}) }, lon: position?.lon ?? null, lat: position?.lat ?? null });
}

async function hand(app, beat, { verb, at = new Date(now()).toISOString(), spot = null, form = null, lon = null, lat = null }) {
  const where = beat.spots.find((one) => one.id === spot);
  try {
    await app.outbox.add({
      kind: "rounds", subject: verb === "check_in" ? `${beat.route}:${new Date(at).getTime()}` : beat.route, names: beat.names, address: where ? named(where.names) : named(beat.of), verb, version: 0, spot, at, text: "", reason: "", units: [], also: [], form, lon, lat,
    }, {}, "");
    app.toast(t("kept"));
  } catch (error) {
    console.warn("Could not be kept:", error);
    app.toast(t("full"));
  }
}

export function roundBar(app, id) {
  const beat = app.rounds.beats.find((one) => roundId(one) === id);
  const back = h("a.button.button--big.bar-back", { href: "#day", title: t("back"), "aria-label": t("back") }, icon("arrow-left"));
  if (!beat) return [back];
  const found = standing(app, beat);
  if (!begun(beat)) return [back, h("p.bar-word", {}, t("not_yet"))];
  if (graceOf(beat) <= now()) return [back, h("p.bar-word", {}, t("round_over"))];
  if (found.walking) return [back, button(t("round_finish"), { icon: "flag", kind: "primary big grow", "data-verb": "finish", onclick: () => hand(app, beat, { verb: "finish" }) })];
  const elsewhere = app.rounds.beats.find((one) => one !== beat && standing(app, one).walking);
  if (elsewhere) return [back, h("a.bar-word", { href: `#r/${roundId(elsewhere)}` }, t("round_elsewhere", { name: named(elsewhere.names) }))];
  return [back, button(t("round_start"), { icon: "route", kind: "primary big grow", "data-verb": "start", onclick: () => hand(app, beat, { verb: "start" }) })];
}

// -- when it does not count ----------------------------------------------------------------------------------------------

/** Why it does not count, and what was met meanwhile. A refused code stays refused: it can be tried again as it is, or thrown away. */
export function roundAsks(app, item, tools) {
  const { present, code, message } = item.problem ?? {};
  const slot = present && slotAt(present, item.at);
  const met = present?.met.filter((one) => one.slot === slot) ?? [];
  const name = (id) => named(present.spots.find((one) => one.id === id)?.names);
  const final = ["patrols.met_already", "patrols.code_expired", "patrols.not_a_code", "patrols.read_before", "patrols.bad_tag", "patrols.not_there"].includes(code);
  return [
    h("p", {}, message),
    code === "patrols.met_already" && met.length ? [h("h2", {}, t("met_in_slot")), h("ul.plain-list", {}, met.map((one) => h("li", {}, icon("circle-check"), ` ${name(one.spot)} · ${when(one.at)}`)))] : null,
    tools.yours,
    h("p.decide", {}, t("decide")),
    !final && button(t("again"), { icon: "check", kind: "primary big wide", onclick: () => app.outbox.again(item, {}) }),
    tools.drop,
  ];
}
