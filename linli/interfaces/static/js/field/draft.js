/**
 * What was begun in a sheet and not yet confirmed: its words, answers, photos, signature. It is kept on the phone as it grows, since
 * the phone may close the page while the camera is open; a line says when it is.
 */
import { h, icon, t } from "./dom.js";

const SIGNATURE = "signature";

export class Draft {
  /** What is kept under this name, or an empty one. */
  static async open(store, name) {
    const held = await store.draft(name);
    const photos = [];
    for (const key of held?.photos ?? []) {
      const blob = await store.photo(key);
      if (blob) photos.push({ key, blob });
    }
    return new Draft(store, name, held, photos, held?.signed ? await store.photo(`draft:${name}:${SIGNATURE}`) : null);
  }

  constructor(store, name, held, photos, signature) {
    Object.assign(this, { store, name, held: held ?? null, photos, signature: signature ?? null, turn: 0, values: () => ({}) });
    this.line = h("p.sheet__kept", {}, icon("check"), t("draft_kept"));
  }

  /** Keep it as it stands now; the line says so when it is. */
  async keep() {
    const turn = ++this.turn;
    this.line.dataset.kept = "no";
    await this.store.keepDraft(this.name, { ...this.values(), photos: this.photos.map((one) => one.key), signed: Boolean(this.signature) });
    if (turn === this.turn) this.line.dataset.kept = "yes";
  }

  /** Keep one more photo. Throws where the phone has no room: then nothing of it is kept. */
  async addPhoto(blob) {
    const photo = { key: `draft:${this.name}:${Date.now()}`, blob };
    this.photos.push(photo);
    try {
      await this.store.keepPhoto(photo.key, blob);
      await this.keep();
    } catch (error) {
      this.photos.splice(this.photos.indexOf(photo), 1);
      throw error;
    }
  }

  async dropPhoto(photo) {
    this.photos.splice(this.photos.indexOf(photo), 1);
    await this.keep();
    await this.store.dropPhotos([photo.key]);
  }

  /** Keep the signature, or take it away. */
  async sign(blob) {
    this.signature = blob;
    if (blob) await this.store.keepPhoto(`draft:${this.name}:${SIGNATURE}`, blob);
    await this.keep();
    if (!blob) await this.store.dropPhotos([`draft:${this.name}:${SIGNATURE}`]);
  }

  /** It was handed over, so nothing of it is kept under its own name. */
  handed() { return this.store.dropPhotos([...this.photos.map((one) => one.key), `draft:${this.name}:${SIGNATURE}`]); }
}
