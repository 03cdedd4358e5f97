/** Photos in a sheet: taken by the camera, made small on the phone, shown, taken away again. */
import { h, icon, t } from "./dom.js";

const LONGEST = 1600; // pixels of a photo's longer side as it is sent
const MOST = 4;

/** `draft` keeps them; `say` is called with what went wrong, `taken` when one more is there. */
export function camera(draft, { say, taken = () => {} }) {
  const pictures = h("div.shots");
  const input = h("input.sr", { type: "file", accept: "image/*", capture: "environment", id: "camera", onchange: shoot });
  const words = h("span");
  const label = h("label.button.button--big.button--wide.shoot__button", { htmlFor: "camera" }, icon("camera"), words);
  draw();
  return { element: h("div.shoot", {}, pictures, input, label), focus: () => input.focus() };

  async function shoot() {
    const file = input.files[0];
    input.value = "";
    if (!file) return;
    let blob;
    try {
      blob = await smaller(file);
    } catch {
      return say(t("photo_bad"));
    }
    try {
      await draft.addPhoto(blob);
      taken();
    } catch {
      say(t("full"));
    }
    draw();
  }

  function draw() {
    pictures.replaceChildren(...draft.photos.map((photo) => h("figure.shot", {},
      h("img", { src: URL.createObjectURL(photo.blob), alt: "", onload: (event) => URL.revokeObjectURL(event.target.src) }),
      h("button.shot__off", { type: "button", title: t("photo_off"), "aria-label": t("photo_off"), onclick: async () => { await draft.dropPhoto(photo); draw(); } }, icon("x")),
    )));
    label.hidden = draft.photos.length >= MOST;
    words.textContent = t(draft.photos.length ? "photo_more" : "photo");
  }
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
