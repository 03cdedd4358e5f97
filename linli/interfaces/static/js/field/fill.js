/**
 * What is filled in: a sheet from below with the fields that JSON Schemas ask for, ready words, a field to speak into, and the photo and
 * signature that are wanted. What several forms ask is asked once.
 */
import { camera } from "./camera.js";
import { button, h, icon, spoken, t } from "./dom.js";
import { Draft } from "./draft.js";
import { signature } from "./signature.js";

const MOST_WORDS = 1900;

/**
 * `draft`: the name under which what was begun is kept. `forms`: `{ schema, asked }` each; `given`: what stands in their fields at first.
 * `needs`: photo, signature. `words`: `{ must, ready }`, or null where nothing is to be said. `done(given, files, draft)` takes it.
 */
export async function openFill({ app, draft: name, title, icon: picture, about, hints = [], forms = [], given = {}, needs = [], words: speech = null, done }) {
  const draft = await Draft.open(app.store, name);
  const { held } = draft;
  const keep = () => draft.keep();
  const fields = fieldsOf(forms, held?.form ?? given, keep);
  const shown = evidence(needs, draft);
  const words = speech && h("textarea", { id: "words", rows: 3, maxLength: MOST_WORDS, value: held?.words ?? "", placeholder: t("say_hint"), oninput: keep, "aria-describedby": "words-problem" });
  const problem = h("p.field__error", { id: "words-problem", hidden: true, role: "alert" });
  const confirm = button(t("confirm"), { icon: "check", kind: "primary big grow", onclick: hand });
  const dialog = h(
    "dialog.sheet", { "aria-labelledby": "sheet-title", onclose: () => dialog.remove() },
    h("div.sheet__body", {},
      h("h2.sheet__title", { id: "sheet-title" }, icon(picture), title),
      h("p.sheet__about", {}, about),
      held && h("p.sheet__draft", {}, icon("file-text"), t("draft")),
      hints,
      fields.map((field) => field.element),
      shown.map((one) => one.element),
      speech?.ready.length ? h("div.ready", {}, speech.ready.map((said) => h("button.ready__one", { type: "button", onclick: () => take(said) }, said))) : null,
      h("div.field", {}, speech && h("label.field__label", { htmlFor: "words" }, t(speech.must ? "say" : "say_if")), words, problem, draft.line),
    ),
    h("div.sheet__foot", {}, button(t("back"), { icon: "arrow-left", kind: "big", onclick: () => dialog.close() }), confirm),
  );
  document.body.append(dialog);
  dialog.showModal();
  for (const one of shown) one.begin?.();
  dialog.querySelector(".sheet__title").scrollIntoView();
  draft.values = () => ({ words: words?.value ?? "", form: answers() });

  function answers() { return Object.fromEntries(fields.map((field) => [field.name, field.value()]).filter(([, value]) => value !== undefined)); }

  function take(said) {
    const typed = words.value.trim();
    if (!typed.includes(said)) words.value = typed ? `${typed}${spoken() === "en" ? " " : ""}${said}` : said;
    problem.hidden = true;
    keep();
  }

  async function hand() {
    const given = answers();
    const filled = Object.keys(given).length > 0;
    for (const field of fields) field.say("");
    const wrong = fields.map((field) => [field, field.wrong(filled)]).find(([, why]) => why);
    if (wrong) return wrong[0].say(wrong[1]);
    const missing = shown.find((one) => !one.given());
    if (missing) return missing.say(t("needs_this"));
    const text = words?.value.trim() ?? "";
    problem.hidden = !(speech?.must && !text);
    if (!problem.hidden) {
      problem.textContent = t("needs_words");
      words.focus();
      return problem.scrollIntoView({ block: "center" });
    }
    confirm.disabled = true;
    try {
      await done({ text, form: filled ? given : null }, { photos: draft.photos.map((one) => one.blob), signature: draft.signature }, draft.name);
      await draft.handed();
    } catch (error) {
      console.warn("Could not be kept:", error);
      confirm.disabled = false;
      problem.hidden = false;
      problem.textContent = t("full");
      return;
    }
    dialog.close();
  }
}

// -- what shows that it was done --------------------------------------------------------------------------------------------

/** The photos and the signature that are wanted. */
function evidence(needs, draft) {
  return [
    needs.includes("photo") && proof("photo", camera, draft, () => draft.photos.length > 0),
    needs.includes("signature") && proof("signature", signature, draft, () => draft.signature !== null),
  ].filter(Boolean);
}

function proof(what, make, draft, given) {
  const problem = h("p.field__error", { id: `${what}-problem`, hidden: true, role: "alert" });
  const clear = () => { problem.hidden = true; };
  const part = make(draft, { say, taken: clear, signed: clear });
  const element = h("fieldset.field", { "aria-describedby": problem.id }, h("legend.field__label", {}, t(`needs_${what}`)), what === "signature" && h("p.quiet", {}, t("sign_whose")), part.element, problem);
  return { element, given, say, begin: part.begin };

  function say(words) {
    problem.textContent = words;
    problem.hidden = false;
    part.focus();
    element.scrollIntoView({ block: "center" });
  }
}

// -- fields of a JSON Schema: text, number, yes or no, one of several -----------------------------------------------------

/** One field for each property that any of the schemas names, in their order; asked once where several name it. */
function fieldsOf(forms, given, changed) {
  const fields = new Map();
  for (const { schema, asked } of forms) {
    for (const [name, part] of Object.entries(schema?.properties ?? {})) {
      const known = fields.get(name);
      const must = (schema.required ?? []).includes(name);
      fields.set(name, known ? { ...known, must: known.must || (must && asked), should: known.should || must } : { name, part, must: must && asked, should: must });
    }
  }
  return [...fields.values()].map((field, n) => fieldOf(field, n, given[field.name], changed));
}

function fieldOf({ name, part, must, should }, n, given, changed) {
  const id = `form-${n}`;
  const label = titleOf(part, name);
  const optional = !should && h("small.quiet", {}, ` ${t("optional")}`);
  const problem = h("p.field__error", { id: `${id}-problem`, hidden: true, role: "alert" });
  const choices = choicesOf(part);
  let element;
  let value;
  let focus;
  if (choices) {
    const boxes = choices.map(([one, words]) => [one, h("input", { type: "radio", name: id, checked: one === given, onchange: changed }), words]);
    element = h("fieldset.field", { "aria-describedby": problem.id }, h("legend.field__label", {}, label, optional), h(`div.choices${part.type === "boolean" ? ".choices--pair" : ""}`, {}, boxes.map(([, box, words]) => h("label.choice", {}, box, h("span", {}, words)))), problem);
    value = () => boxes.find(([, box]) => box.checked)?.[0];
    focus = () => boxes[0][1].focus();
  } else {
    const numeric = part.type === "integer" || part.type === "number";
    const given_ = { id, value: given ?? "", oninput: changed, "aria-describedby": problem.id };
    const input = numeric ? h("input", { ...given_, type: "number", inputMode: part.type === "integer" ? "numeric" : "decimal", step: part.type === "integer" ? "1" : "any", min: part.minimum, max: part.maximum })
      : part.format === "date" ? h("input", { ...given_, type: "date" })
        : (part.maxLength ?? 1000) > 80 ? h("textarea", { ...given_, rows: 2, maxLength: part.maxLength ?? 1000 }) : h("input", { ...given_, type: "text", maxLength: part.maxLength });
    element = h("div.field", {}, h("label.field__label", { htmlFor: id }, label, optional), input, problem);
    value = () => (input.value.trim() === "" ? undefined : numeric ? Number(input.value) : input.value.trim());
    focus = () => input.focus();
  }
  return { name, element, value, wrong, say };

  /** Why it cannot be handed in like this; `filled`: something of the form is, so that what the form requires is required. */
  function wrong(filled) {
    const found = value();
    if (found === undefined) return must || (should && filled) ? t("needs_this") : "";
    if (typeof found === "string" && part.pattern && !new RegExp(part.pattern, "u").test(found)) return t("needs_other");
    if (typeof found !== "number") return part.minLength && found.length < part.minLength ? t("needs_this") : "";
    if (Number.isNaN(found) || (part.type === "integer" && !Number.isInteger(found))) return t("needs_number");
    if (part.minimum !== undefined && found < part.minimum) return t("too_small", { n: part.minimum });
    return part.maximum !== undefined && found > part.maximum ? t("too_large", { n: part.maximum }) : "";
  }

  function say(words) {
    problem.textContent = words;
    problem.hidden = !words;
    if (!words) return;
    focus();
    element.scrollIntoView({ block: "center" });
  }
}

/** What can be chosen, each with its words: yes and no, the constants of `oneOf`, or the values of `enum`; null where something is to be written. */
function choicesOf(part) {
  if (part.type === "boolean") return [[true, t("yes")], [false, t("no")]];
  if (part.oneOf) return part.oneOf.filter((one) => "const" in one).map((one) => [one.const, titleOf(one, String(one.const))]);
  const titles = spoken() === "en" ? part.enum_titles : part.enum_titles_zh ?? part.enum_titles;
  return part.enum?.map((one, at) => [one, titles?.[at] ?? String(one)]) ?? null;
}

const titleOf = (part, name) => (spoken() === "en" ? part.title : part.title_zh ?? part.title) ?? name;

/** What was filled in, as it is read: titles and words of the schema; what it does not know stays as it is. */
export function facts(answers, schema) {
  const parts = schema?.properties ?? {};
  const names = [...Object.keys(parts).filter((name) => name in answers), ...Object.keys(answers).filter((name) => !(name in parts))];
  const said = (name) => choicesOf(parts[name] ?? {})?.find(([one]) => one === answers[name])?.[1] ?? (typeof answers[name] === "boolean" ? t(answers[name] ? "yes" : "no") : String(answers[name]));
  return h("dl.facts", {}, names.map((name) => [h("dt", {}, titleOf(parts[name] ?? {}, name)), h("dd", {}, said(name))]));
}
