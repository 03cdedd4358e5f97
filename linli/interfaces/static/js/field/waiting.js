/** What waits to be sent, what asks for a decision, and what was sent lately; and whose phone this is. */
import { button, clockSkew, h, icon, named, now, spoken, sure, t, told, when } from "./dom.js";
import { story } from "./matter.js";
import { dutyAsks } from "./duty.js";
import { doorAsks } from "./doors.js";
import { ledgerAsks } from "./ledger.js";
import { roundAsks } from "./rounds.js";
import { shiftAsks } from "./shifts.js";
import { empty } from "./lists.js";

export function waitingPage(app) {
  const { outbox } = app;
  const held = new Set();
  const cards = outbox.items.map((item) => {
    const behind = held.has(item.subject) || outbox.isBehind(item);
    if (item.status !== "waiting") held.add(item.subject);
    return item.status === "waiting" ? waits(app, item, behind) : asks(app, item);
  });
  return [
    outbox.link === "signed-out" && h("div.note.note--warning", {}, icon("log-in"), h("div.note__text", {}, t("signed_out"), h("p", {}, h("a.button.button--primary.button--wide", { href: told.sign_in }, t("sign_in"))))),
    outbox.link === "none" && h("p.note", {}, icon("wifi-off"), h("span.note__text", {}, t("no_signal_more"))),
    outbox.link === "weak" && h("p.note.note--warning", {}, icon("refresh-cw"), h("span.note__text", {}, t("weak"))),
    cards.length ? h("ul.cards", {}, cards) : empty("circle-check", t("nothing_waiting")),
    outbox.items.some((item) => item.status === "waiting") && outbox.link !== "none" && button(t("send_now"), { icon: "send", kind: "primary big wide", onclick: () => outbox.run() }),
    app.sent.length ? h("section.card", {}, h("h2", {}, t("lately")), h("ul.plain-list.lately", {}, app.sent.map((one) => h("li", {}, icon("check"), h("span", {}, `${done(one)} · ${named(one.names)} `, h("small.quiet", {}, t("sent_at", { when: when(one.sent + clockSkew()) }))))))) : null,
    whose(app),
  ];
}

const SAID = { matters: "do", duties: "duty", doors: "door", rounds: "round", shifts: "shift", ledgers: "ledger" }; // kind → whose words its verbs are told in
const ASKS = { matters: matterAsks, duties: dutyAsks, doors: doorAsks, rounds: roundAsks, shifts: shiftAsks, ledgers: ledgerAsks };

const done = (item) => t(`${SAID[item.kind]}_${item.verb}`);

function words(item) {
  return [
    h("h2", {}, done(item), " · ", named(item.names)),
    h("p.faint", {}, item.address && `${item.address} · `, t("done_at", { when: when(item.happened ?? item.at) }), item.photos > 0 && ` · ${t("n_photos", { n: item.photos })}`, item.signed && ` · ${t("needs_signature")}`),
    (item.text || item.reason) && h("blockquote.quote", {}, item.text || item.reason),
  ];
}

function waits(app, item, behind) {
  return h("li.card.stack", { "data-key": item.key }, h("span.badge.badge--brand", {}, icon("send"), t(behind ? "held" : app.outbox.sending ? "sending" : "waiting")), words(item),
    !item.tried && !app.outbox.sending && button(t("take_back"), { icon: "corner-up-left", onclick: async () => { if (!await app.outbox.drop(item)) app.toast(t("too_late")); } }));
}

/** It met a change, or was not accepted: what happened meanwhile, and three ways out. Nothing goes by itself. */
function asks(app, item) {
  const card = (...parts) => h("li.card.stack.card--asks", { "data-key": item.key }, h("span.badge.badge--overdue", {}, icon("triangle-alert"), t(item.status)), ...parts);
  const yours = h("section.yours", {}, h("h3.faint", {}, t("yours")), words(item));
  const drop = button(t("drop"), { icon: "trash-2", kind: "big wide", onclick: () => sure(t("drop_sure"), t("drop"), () => app.outbox.drop(item)) });
  return card(ASKS[item.kind](app, item, { story, yours, drop }));
}

function matterAsks(app, item, { yours, drop }) {
  const present = item.problem?.present;
  const fresh = present?.steps.filter((step) => step.number > item.version) ?? [];
  const may = (verb) => !present || present.verbs.includes(verb);
  const again = (change) => app.outbox.again(item, { happened: item.happened ?? item.at, at: new Date(now()).toISOString(), version: present?.version ?? item.version, ...change });
  return [
    present ? [h("h2", {}, t("meanwhile")), h("p", {}, t(`state_${present.state}`), ` · ${named(present.post)}`), story(fresh)] : h("p", {}, item.problem?.message),
    present && !fresh.length && h("p", {}, item.problem.message),
    yours,
    h("p.decide", {}, t("decide")),
    may(item.verb) && button(t(present ? "anyway" : "again"), { icon: "check", kind: "primary big wide", onclick: () => again({}) }),
    present && item.verb !== "note" && may("note") && button(t("as_note"), { icon: "file-text", kind: "big wide", onclick: () => again({ verb: "note", text: item.text || item.reason, reason: "", units: [] }) }),
    drop,
  ];
}

function whose(app) {
  return h("section.card.stack", {}, h("h2", {}, icon("circle-user"), " ", app.snapshot?.who.name || t("me")),
    h("div.row", {}, button(spoken() === "en" ? "中文" : "English", { icon: "languages", onclick: () => app.switchLanguage() }), button(t("fetch"), { icon: "refresh-cw", onclick: () => app.fetch() }), h("a.button", { href: told.portal }, icon("house"), h("span", {}, t("portal")))),
    button(t("sign_out"), { icon: "log-out", kind: "wide", onclick: () => sure(app.outbox.items.length ? t("sign_out_waits", { n: app.outbox.items.length }) : t("sign_out_says"), t("sign_out_sure"), () => app.signOut()) }));
}
