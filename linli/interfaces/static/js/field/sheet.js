/**
 * One thing done about a matter: a sheet from below with ready words, a field to speak into, the camera, and one big button.
 * What was begun is kept as it is typed: the phone may close the page while the camera is open.
 */
import { button, h, icon, named, now, spoken, t } from "./dom.js";

export const ACTS = {
  solve: { icon: "circle-check", field: "text", photos: true },
  escalate: { icon: "arrow-up-right", field: "reason", photos: true },
  whistle: { icon: "siren", field: "reason", units: true },
  ask_reporter: { icon: "circle-help", field: "text" },
  note: { icon: "eye", field: "text", photos: true },
};
const LONGEST = 1600; // pixels of a photo's longer side as it is sent
const MOST = 4;

export async function openSheet({ app, matter, verb }) {
  const { store, outbox } = app;
  const act = ACTS[verb];
  const draftName = `matters:${matter.code}:${verb}`;
  const held = await store.draft(draftName);
  const photos = (await Promise.all((held?.photos ?? []).map((name) => store.photo(name)))).map((blob, n) => ({ name: held.photos[n], blob })).filter((one) => one.blob);
  const field = h("textarea", { id: "words", rows: 3, maxLength: 1000, value: held?.words ?? "", placeholder: t("say_hint"), oninput: keep });
  const problem = h("p.field__error", { hidden: true, role: "alert", tabIndex: -1 });
  const pictures = h("div.shots");
  const units = act.units ? app.kind.units.map((unit) => h("label.choice", {}, h("input", { type: "checkbox", value: unit.id, checked: held?.units?.includes(unit.id), onchange: keep }), h("span", {}, named(unit.names)))) : [];
  const camera = h("input.sr", { type: "file", accept: "image/*", capture: "environment", id: "camera", onchange: shoot });
  const confirm = button(t("confirm"), { icon: "check", kind: "primary big grow", onclick: done });
  const dialog = h(
    "dialog.sheet", { "aria-labelledby": "sheet-title", onclose: () => dialog.remove() },
    h("div.sheet__body", {},
      h("h2.sheet__title", { id: "sheet-title" }, icon(act.icon), t(`do_${verb}`)),
      h("p.sheet__about", {}, `${named(matter.names)} · ${matter.address || named(matter.area)}`),
      held && h("p.sheet__draft", {}, icon("file-text"), t("draft")),
      act.photos && h("div.shoot", {}, pictures, camera, h("label.button.button--big.button--wide.shoot__button", { htmlFor: "camera" }, icon("camera"), h("span", {}, t("photo")))),
      units.length ? h("fieldset", {}, h("legend", {}, t("whom")), h("div.choices", {}, units)) : null,
      h("p.sheet__hint", { id: "words-hint" }, t(`hint_${verb}`)),
      h("div.ready", {}, ready(app, verb).map((words) => h("button.ready__one", { type: "button", onclick: () => take(words) }, words))),
      h("div.field", {}, h("label.field__label", { htmlFor: "words" }, t("say")), field, problem),
    ),
    h("div.sheet__foot", {}, button(t("back"), { icon: "arrow-left", kind: "big", onclick: () => dialog.close() }), confirm),
  );
  field.setAttribute("aria-describedby", "words-hint");
  document.body.append(dialog);
  draw();
  dialog.showModal();
  dialog.querySelector(".sheet__title").scrollIntoView();

  function chosen() { return units.map((one) => one.firstChild).filter((box) => box.checked).map((box) => box.value); }

  function keep() { return store.keepDraft(draftName, { words: field.value, units: chosen(), photos: photos.map((one) => one.name) }); }

  function take(words) {
    const typed = field.value.trim();
    if (!typed.includes(words)) field.value = typed ? `${typed}${spoken() === "en" ? " " : ""}${words}` : words;
    problem.hidden = true;
    keep();
  }

  async function shoot() {
    const file = camera.files[0];
    camera.value = "";
    if (!file) return;
    let blob;
    try {
      blob = await smaller(file);
    } catch {
      return say(t("photo_bad"));
    }
    const name = `draft:${draftName}:${Date.now()}`;
    photos.push({ name, blob });
    try {
      await store.keepPhoto(name, blob);
      await keep();
    } catch {
      photos.pop();
      say(t("full"));
    }
    draw();
  }

  function draw() {
    pictures.replaceChildren(...photos.map((one, n) => h("figure.shot", {},
      h("img", { src: URL.createObjectURL(one.blob), alt: "", onload: (event) => URL.revokeObjectURL(event.target.src) }),
      h("button.shot__off", { type: "button", title: t("photo_off"), "aria-label": t("photo_off"), onclick: async () => { photos.splice(n, 1); await keep(); await store.dropPhotos([one.name]); draw(); } }, icon("x")),
    )));
    const label = dialog.querySelector(".shoot__button");
    if (!label) return;
    label.hidden = photos.length >= MOST;
    label.lastChild.textContent = t(photos.length ? "photo_more" : "photo");
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
      await outbox.add(given, photos.map((one) => one.blob), draftName);
    } catch (error) {
      console.warn("Could not be kept:", error);
      confirm.disabled = false;
      return say(t("full"));
    }
    await store.dropPhotos(photos.map((one) => one.name));
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

/** The photo as it is sent: at most 1600 pixels, made anew, so without the place that the camera wrote into it. */
async function smaller(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const canvas = h("canvas", { width: Math.round(picture.width * scale), height: Math.round(picture.height * scale) });
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((made, failed) => canvas.toBlob((blob) => (blob ? made(blob) : failed(new Error("no picture"))), "image/jpeg", 0.82));
}
