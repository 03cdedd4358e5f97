/** What shows that one stands at a checkpoint: a code before the camera, a tag at the phone's back, where the phone is. Nothing of it is judged here. */
import { button, h, icon, t } from "./dom.js";

const PATIENCE = 8000; // where the place is all that shows that somebody is there
const HURRY = 2000; // where a code shows it: what was read is to be kept before the phone closes the page
const FRESH = 15000;
const CODE = /^[A-Za-z0-9_-]{43}$/;

export const canScan = "BarcodeDetector" in window && Boolean(navigator.mediaDevices?.getUserMedia);
export const canRead = "NDEFReader" in window;

/** What an address of a checkpoint says: a tag, or a code with the checkpoint that it names; null for any other text. */
export function proofOf(text) {
  const tag = /\/volunteer\/tag\/([0-9A-Za-z:-]{8,80})\/?$/.exec(text);
  if (tag) return { tag: tag[1] };
  const last = text.trim().replace(/\/$/, "").split("/").at(-1);
  return CODE.test(last) ? { code: last, known: checkpointOf(last) } : null;
}

/** The checkpoint that a code names stands in its first 16 bytes; whether the code is right only the server can tell. */
function checkpointOf(token) {
  const bytes = atob(`${token.replaceAll("-", "+").replaceAll("_", "/")}=`);
  const hex = [...bytes.slice(0, 16)].map((one) => one.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The camera, until a code of a checkpoint is before it. `took`: is given what it says. */
export async function scan({ app, took }) {
  const video = h("video.scan", { muted: true, playsInline: true, autoplay: true });
  let stream = null;
  const dialog = sheet(t("scan"), "qr-code", [video, h("p.sheet__hint", {}, t("scan_hint"))], null, () => stream?.getTracks().forEach((track) => track.stop()));
  try {
    const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    if (!dialog.isConnected) return stream.getTracks().forEach((track) => track.stop());
    video.srcObject = stream;
    await video.play();
    while (dialog.isConnected) {
      const found = (await detector.detect(video)).map((one) => proofOf(one.rawValue)).find(Boolean);
      if (found && dialog.isConnected) {
        dialog.close();
        return took(found);
      }
      await new Promise((look) => { setTimeout(look, 200); });
    }
  } catch (error) {
    console.warn("No code could be read:", error);
    if (dialog.isConnected) { dialog.close(); app.toast(t("scan_failed")); }
  }
}

/** A tag held to the phone: its address where one is written on it, which may count its readings, else its own number. */
export async function readTag({ app, took }) {
  const ended = new AbortController();
  const dialog = sheet(t("read_tag"), "smartphone", [h("p.sheet__hint", {}, t("tag_hint"))], null, () => ended.abort());
  try {
    const reader = new window.NDEFReader();
    reader.addEventListener("reading", ({ message, serialNumber }) => {
      const written = [...message.records].filter((one) => one.recordType === "url").map((one) => proofOf(new TextDecoder().decode(one.data))).find((one) => one?.tag);
      dialog.close();
      took(written ?? { tag: serialNumber });
    }, { once: true });
    await reader.scan({ signal: ended.signal });
  } catch (error) {
    console.warn("No tag could be read:", error);
    if (dialog.isConnected) { dialog.close(); app.toast(t("scan_failed")); }
  }
}

/** The eight letters below a code, for a camera that cannot: they are judged by when they were typed. */
export function letters({ took }) {
  const problem = h("p.field__error", { hidden: true, role: "alert", id: "letters-problem" });
  const field = h("input.code", { id: "letters", type: "text", autocomplete: "off", autocapitalize: "characters", spellcheck: false, maxLength: 300, oninput: () => { problem.hidden = true; }, "aria-describedby": problem.id });
  const take = (event) => {
    event.preventDefault();
    const code = field.value.trim();
    problem.hidden = code.replace(/[\s-]/g, "").length >= 8;
    problem.textContent = t("no_letters");
    if (!problem.hidden) return field.focus();
    dialog.close();
    took({ code });
  };
  const form = h("form", { id: "letters-form", onsubmit: take }, h("div.field", {}, h("label.field__label", { htmlFor: "letters" }, t("eight_letters")), field, problem));
  const dialog = sheet(t("type_letters"), "pencil", [form], button(t("check_in"), { icon: "check", kind: "primary big grow", onclick: () => form.requestSubmit() }), () => {});
  field.focus();
}

/** Where the phone is and with how many metres it may be wrong; null where it does not say in time. `needed`: nothing else shows it. */
export function placed({ needed }) {
  return new Promise((done) => {
    if (!navigator.geolocation) return done(null);
    navigator.geolocation.getCurrentPosition(({ coords }) => done({ lon: coords.longitude, lat: coords.latitude, accuracy: Math.ceil(coords.accuracy) }), () => done(null), { enableHighAccuracy: true, timeout: needed ? PATIENCE : HURRY, maximumAge: FRESH });
  });
}

function sheet(title, picture, parts, confirm, onclose) {
  const dialog = h("dialog.sheet", { "aria-labelledby": "sheet-title", onclose: () => { dialog.remove(); onclose(); } },
    h("div.sheet__body", {}, h("h2.sheet__title", { id: "sheet-title" }, icon(picture), title), parts),
    h("div.sheet__foot", {}, button(t("back"), { icon: "arrow-left", kind: confirm ? "big" : "big wide", onclick: () => dialog.close() }), confirm));
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
