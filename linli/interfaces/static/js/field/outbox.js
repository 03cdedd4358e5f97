/**
 * What waits to be sent: in the order in which it was done, each action once (its key), one sender at a time even with two tabs.
 * An action that was not accepted, or met a change, stays until its person decides; what builds on it waits with it.
 */
const BATCH = 50;
const PHOTOS = 3; // in one request: little enough for a weak signal
const PATIENCE = 60e3;
const PAUSES = [3e3, 10e3, 30e3, 60e3];

export class Outbox {
  /** `tell` is called whenever something changed; `told` are the addresses and names of the page. */
  constructor({ store, told, tell }) {
    Object.assign(this, { store, told, tell, link: navigator.onLine ? "signal" : "none", items: [], failures: 0, sending: false, ended: false });
    this.back = () => { this.link = "signal"; this.failures = 0; this.run(); };
    this.gone = () => { this.link = "none"; this.tell(); };
    addEventListener("online", this.back);
    addEventListener("offline", this.gone);
    this.tabs = new BroadcastChannel(`linli-field:${store.who}`); // whoever has the app open twice sees one queue
    this.tabs.onmessage = ({ data }) => (data === "left" ? location.reload() : this.load().then(() => { this.tell(); if (data === "sent") this.onsent?.(); }).catch(() => {}));
  }

  async load() { this.items = await this.store.outbox(); }

  close() {
    this.ended = true;
    clearTimeout(this.timer);
    this.tabs.close();
    removeEventListener("online", this.back);
    removeEventListener("offline", this.gone);
  }

  of(subject) { return this.items.filter((item) => subjectsOf(item).includes(subject)); }
  get asking() { return this.items.filter((item) => item.status === "conflict" || item.status === "refused"); }

  /**
   * Keep an action with its files and try to send it. `given`: kind, subject, names, version, verb, text, reason, units, at; also, form, lon, lat;
   * `behind`: how the subjects of others begin that have to be done before it, as far as they stand in the queue already.
   */
  async add(given, { photos = [], signature = null }, draft) {
    await this.load(); // another tab may have added to it
    const before = subjectsOf(given).map((subject) => this.of(subject).at(-1)).find(Boolean);
    const seq = (this.items.at(-1)?.seq ?? 0) + 1;
    const action = { ...given, key: crypto.randomUUID?.() ?? randomKey(), seq, after: before?.key ?? "", photos: photos.length, signed: Boolean(signature), status: "waiting" };
    await this.store.enqueue(action, { photos, signature }, draft);
    await this.changed();
    navigator.storage?.persist?.();
    this.run();
  }

  /** Throw an action away, or take it back before it was sent; what built on it stays. False: too late, it is on its way. */
  async drop(action) {
    const dropped = await this.store.drop(action);
    await this.changed();
    this.run();
    return dropped;
  }

  /** Hand a refused action in again, as it is or changed, with its files and what is given besides: a new key, since it is a new decision. */
  async again(action, change, more = {}) {
    const held = await this.store.filesOf(action);
    const files = { photos: [...held.photos, ...more.photos ?? []], signature: more.signature ?? held.signature };
    const { problem, ...plain } = action;
    const next = { ...plain, ...change, photos: files.photos.length, signed: Boolean(files.signature), key: crypto.randomUUID?.() ?? randomKey(), after: "", status: "waiting", tried: false };
    await this.store.enqueue(next, files, "");
    await this.store.drop(action, next.key);
    await this.changed();
    this.run();
  }

  async changed() {
    await this.load();
    this.tell();
    if (!this.ended) this.tabs.postMessage("changed");
  }

  /** Send what can be sent; call it as often as you like. */
  async run() {
    if (this.ended) return;
    this.tell();
    if (!navigator.onLine) { this.link = "none"; this.tell(); return; }
    const alone = navigator.locks ? (work) => navigator.locks.request(`outbox:${this.store.who}`, { ifAvailable: true }, (lock) => (lock ? work() : this.later())) : (work) => work();
    if (this.sending) return;
    this.sending = true;
    let sent = false;
    try {
      await alone(async () => {
        await this.load();
        for (let batch = this.next(); batch.length && !this.ended; batch = this.next()) {
          this.tell();
          if (!await this.hand(batch)) break;
          sent = true;
        }
      });
    } finally {
      this.sending = false;
      this.tell();
    }
    if (sent) {
      this.onsent?.();
      if (!this.ended) this.tabs.postMessage("sent");
    }
  }

  /** The next actions to send: nothing past one on the same subject that waits for a decision, nor before what it is behind. */
  next() {
    const held = new Set();
    const batch = [];
    let photos = 0;
    for (const item of this.items) {
      const subjects = subjectsOf(item);
      if (item.status !== "waiting" || this.isBehind(item) || subjects.some((subject) => held.has(subject))) {
        for (const subject of subjects) held.add(subject);
        continue;
      }
      if (batch.length && (batch.length === BATCH || photos + item.photos > PHOTOS)) break;
      batch.push(item);
      photos += item.photos;
    }
    return batch;
  }

  /** Whether something that has to be done before it is still in the queue. */
  isBehind({ behind = [], seq }) { return this.items.some((one) => one.seq < seq && behind.some((start) => one.subject.startsWith(start))); }

  /** Hand a batch in; whether anything came of it. */
  async hand(planned) {
    const batch = await this.store.tried(planned);
    if (batch.length < planned.length) await this.load();
    if (!batch.length) return true;
    const form = new FormData();
    form.set("who", this.store.who);
    form.set("actions", JSON.stringify(batch.map(parcel)));
    for (const item of batch) {
      const { photos, signature } = await this.store.filesOf(item);
      photos.forEach((photo, n) => form.set(`photo:${item.key}:${n}`, photo, `${n}.jpg`));
      if (signature) form.set(`signature:${item.key}`, signature, "signature.png");
    }
    let answer;
    let told;
    try {
      answer = await fetch(this.told.sync, { method: "POST", body: form, headers: { "X-CSRFToken": cookie(this.told.csrf), Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE) });
      if (answer.ok) told = await answer.json();
    } catch { /* cut on the way: what arrived is known by its key when it is sent again */ }
    if (!told) {
      this.link = answer ? (answer.status === 401 ? "signed-out" : "weak") : navigator.onLine ? "weak" : "none";
      if (answer?.status === 403 && !this.failures) this.onstranger?.(); // another person is signed in, or the token is old: ask who we are
      this.later();
      return false;
    }
    this.link = "signal";
    this.failures = 0;
    const moved = await this.store.answered(told.results);
    await this.load();
    return moved;
  }

  later() {
    clearTimeout(this.timer);
    if (this.ended || this.link === "signed-out") return;
    this.timer = setTimeout(() => this.run(), PAUSES[Math.min(this.failures++, PAUSES.length - 1)]);
  }
}

function parcel({ kind, key, at, happened, subject, version, after, verb, text, reason, units, also, form, lon, lat, photos, signed }) {
  return { kind, key, at, happened: happened ?? null, subject, version, after, verb, text, reason, units, also: also ?? [], form: form ?? null, lon: lon ?? null, lat: lat ?? null, photos, signed: Boolean(signed) };
}

/** Everything that an action is about: its own subject first. */
export const subjectsOf = (item) => [item.subject, ...(item.also ?? []).map((one) => one.subject)];

export function cookie(name) {
  return document.cookie.split("; ").find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
}

/** Without a secure context (a trial in the house's own network) there is no randomUUID. */
function randomKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
