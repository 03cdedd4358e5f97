/**
 * One thing done about a matter: a sheet from below with ready words, a field to speak into, the camera, and one big button.
 * What was begun is kept as it is typed: the phone may close the page while the camera is open.
 */
import { camera } from "./camera.js";
import { button, h, icon, named, now, spoken, t } from "./dom.js";
import { Draft } from "./draft.js";

export const ACTS = {
  solve: { icon: "circle-check", field: "text", photos: true },
  escalate: { icon: "arrow-up-right", field: "reason", photos: true },
  whistle: { icon: "siren", field: "reason", units: true },
  ask_reporter: { icon: "circle-help", field: "text" },
  note: { icon: "eye", field: "text", photos: true },
};
export async function openSheet({ app, matter, verb }) {
  const { store, outbox } = app;
  const act = ACTS[verb];
  const draft = await Draft.open(store, `matters:${matter.code}:${verb}`);
  const { held } = draft;
  const keep = () => draft.keep();
  const field = h("textarea", { id: "words", rows: 3, maxLength: 1000, value: held?.words ?? "", placeholder: t("say_hint"), oninput: keep });
  const problem = h("p.field__error", { hidden: true, role: "alert", tabIndex: -1 });
  const units = act.units ? app.kind.units.map((unit) => h("label.choice", {}, h("input", { type: "checkbox", value: unit.id, checked: held?.units?.includes(unit.id), onchange: keep }), h("span", {}, named(unit.names)))) : [];
  draft.values = () => ({ words: field.value, units: chosen() });
  const confirm = button(t("confirm"), { icon: "check", kind: "primary big grow", onclick: done });
  const dialog = h(
    "dialog.sheet", { "aria-labelledby": "sheet-title", onclose: () => dialog.remove() },
    h("div.sheet__body", {},
      h("h2.sheet__title", { id: "sheet-title" }, icon(act.icon), t(`do_${verb}`)),
      h("p.sheet__about", {}, `${named(matter.names)} · ${matter.address || named(matter.area)}`),
      held && h("p.sheet__draft", {}, icon("file-text"), t("draft")),
      act.photos && camera(draft, { say }).element,
      units.length ? h("fieldset", {}, h("legend", {}, t("whom")), h("div.choices", {}, units)) : null,
      h("p.sheet__hint", { id: "words-hint" }, t(`hint_${verb}`)),
      h("div.ready", {}, ready(app, verb).map((words) => h("button.ready__one", { type: "button", onclick: () => take(words) }, words))),
      h("div.field", {}, h("label.field__label", { htmlFor: "words" }, t("say")), field, problem, draft.line),
    ),
    h("div.sheet__foot", {}, button(t("back"), { icon: "arrow-left", kind: "big", onclick: () => dialog.close() }), confirm),
  );
  field.setAttribute("aria-describedby", "words-hint");
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector(".sheet__title").scrollIntoView();

  function chosen() { return units.map((one) => one.firstChild).filter((box) => box.checked).map((box) => box.value); }

  function take(words) {
    const typed = field.value.trim();
    if (!typed.includes(words)) field.value = typed ? `${typed}${spoken() === "en" ? " " : ""}${words}` : words;
    problem.hidden = true;
    keep();
  }

  function say(text) {
    problem.textContent = text;
    problem.hidden = false;
    (text === t("needs_words") ? field : problem).focus();
    problem.scrollIntoView({ block: "center" });
  }

  async function done() {
    const words = field.value.trim();
    if (!words) return say(t("needs_words"));
    if (act.units && !chosen().length) return say(t("needs_units"));
    confirm.disabled = true;
    const given = {
      kind: "matters", subject: matter.code, names: matter.names, address: matter.address, verb, version: matter.version, at: new Date(now()).toISOString(),
      text: act.field === "text" ? words : "", reason: act.field === "reason" ? words : "", units: chosen(),
    };
    try {
      await outbox.add(given, { photos: draft.photos.map((one) => one.blob) }, draft.name);
    } catch (error) {
      console.warn("Could not be kept:", error);
      confirm.disabled = false;
      return say(t("full"));
    }
    await draft.handed();
    dialog.close();
    app.toast(t("kept"));
    app.go(verb === "solve" || verb === "escalate" ? "mine" : `m/${matter.code}`);
  }
}

/** Ready words: the community's own answers for what the reporter reads, plain ones for the rest. */
function ready(app, verb) {
  const language = spoken() === "en" ? "en" : "zh";
  const own = [1, 2, 3].map((n) => `ready_${verb}_${n}`).map((name) => [name, t(name)]).filter(([name, words]) => words !== name).map(([, words]) => words);
  const answers = verb === "ask_reporter" ? app.kind.answers.map((answer) => answer.text[language]).filter((text) => /[?？]/.test(text)) : [];
  return [...own, ...answers].slice(0, 6);
}
