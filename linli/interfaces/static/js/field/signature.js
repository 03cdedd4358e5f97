/** The signature in a sheet: drawn with a finger, or a name typed, which is written on the same paper. */
import { paper } from "../sign.js";
import { button, h, t } from "./dom.js";

const NAME_MOST = 40;

/** `draft` keeps it; `signed` is called when there is one. `begin` is to be called once it is on the screen. */
export function signature(draft, { signed = () => {} } = {}) {
  const canvas = h("canvas.sign__pad", { "aria-hidden": "true" });
  const typed = h("input", { type: "text", id: "signature", maxLength: NAME_MOST, autocomplete: "off", placeholder: t("sign_typed"), oninput: type });
  const pad = paper(canvas, async () => { typed.value = ""; await keep(); });
  const element = h("div.sign", {}, canvas, h("div.sign__foot", {}, typed, button(t("sign_again"), { kind: "small", onclick: again })));
  return { element, focus: () => typed.focus(), begin };

  async function begin() {
    pad.clear();
    if (draft.signature) await pad.show(draft.signature);
  }

  async function keep() {
    await draft.sign(await pad.picture());
    element.dataset.signed = "yes";
    signed();
  }

  async function again() {
    pad.clear();
    typed.value = "";
    delete element.dataset.signed;
    await draft.sign(null);
  }

  async function type() {
    pad.clear();
    const name = typed.value.trim();
    if (!name) return again();
    pad.write(name);
    await keep();
  }
}
