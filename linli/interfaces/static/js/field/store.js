/**
 * What the phone keeps, in IndexedDB, one database a person: what was fetched, what waits to be sent, drafts, photos.
 * Nobody's database is opened for anybody else. What it holds is data; the words are the page's.
 */
import { deleteDB, openDB } from "../../vendor/idb/idb.js";

const PREFIX = "linli-field:";
const BEARER = "linli-field-bearer"; // localStorage: whose database is opened when there is no signal to ask the server
const STALE = 7 * 24 * 3600e3; // what was fetched longer ago is not kept: a lost phone forgets

export class Store {
  /** The database of one person. */
  static async open(who) {
    const database = await openDB(PREFIX + who, 1, {
      upgrade(db) {
        db.createObjectStore("kept"); // "snapshot" → the server's answer
        db.createObjectStore("outbox", { keyPath: "key" }).createIndex("seq", "seq");
        db.createObjectStore("photos"); // "<key>:<n>" and "<key>:signature" of an action, "draft:…" of a draft, "file:<id>" of a fetched one → Blob
        db.createObjectStore("drafts"); // "<kind>:<subject>:<verb>"
        db.createObjectStore("sent", { keyPath: "key" });
      },
    });
    return new Store(who, database);
  }

  /** The store of whoever used this phone last, for opening without signal; null where nobody did. */
  static async last() {
    const who = localStorage.getItem(BEARER);
    return who ? Store.open(who) : null;
  }

  constructor(who, database) {
    this.who = who;
    this.db = database;
    database.onversionchange = () => database.close(); // erased from elsewhere
  }

  /** The server knows nobody here any more: without signal, too, nothing is shown until somebody signs in. */
  async lock() {
    localStorage.removeItem(BEARER);
    await this.forgetFetched();
  }

  remember() { localStorage.setItem(BEARER, this.who); }

  async snapshot() {
    const held = await this.db.get("kept", "snapshot");
    if (held && Date.now() - held.fetched > STALE) {
      await this.forgetFetched();
      return null;
    }
    return held ?? null;
  }

  keep(snapshot) { return this.db.put("kept", snapshot, "snapshot"); }

  async forgetFetched() {
    await this.db.delete("kept", "snapshot");
    for (const key of await this.db.getAllKeys("photos")) if (key.startsWith("file:")) await this.db.delete("photos", key);
  }

  outbox() { return this.db.getAllFromIndex("outbox", "seq"); }
  sent() { return this.db.getAll("sent"); }
  draft(name) { return this.db.get("drafts", name); }
  keepDraft(name, draft) { return this.db.put("drafts", draft, name); }
  dropDraft(name) { return this.db.delete("drafts", name); }
  photo(name) { return this.db.get("photos", name); }
  keepPhoto(name, blob) { return this.db.put("photos", blob, name); }
  photoNames() { return this.db.getAllKeys("photos"); }

  async dropPhotos(names) {
    const change = this.db.transaction("photos", "readwrite");
    for (const name of names) change.store.delete(name);
    await change.done;
  }

  /** The files of an action that waits. */
  async filesOf({ key, photos, signed }) {
    const found = [];
    for (let n = 0; n < photos; n++) found.push(await this.photo(`${key}:${n}`));
    return { photos: found, signature: signed ? await this.photo(`${key}:signature`) : null };
  }

  /** Put an action into the outbox with its files, and take its draft away: all or nothing. */
  async enqueue(action, { photos, signature }, draft) {
    const change = this.db.transaction(["outbox", "photos", "drafts"], "readwrite");
    change.objectStore("outbox").put(action);
    photos.forEach((blob, n) => change.objectStore("photos").put(blob, `${action.key}:${n}`));
    if (signature) change.objectStore("photos").put(signature, `${action.key}:signature`);
    if (draft) change.objectStore("drafts").delete(draft);
    await change.done;
  }

  /** Mark these as handed in: from here on they may have arrived. Returns those that are still there: another tab may have taken some back. */
  async tried(actions) {
    const change = this.db.transaction("outbox", "readwrite");
    const there = [];
    for (const { key } of actions) {
      const found = await change.store.get(key);
      if (found?.status !== "waiting") continue;
      there.push({ ...found, tried: true });
      if (!found.tried) change.store.put(there.at(-1));
    }
    await change.done;
    return there;
  }

  /** What the server said of a batch: what was done leaves the outbox, the rest says why not. Returns whether anything was answered. */
  async answered(results) {
    const change = this.db.transaction(["outbox", "photos", "sent"], "readwrite");
    const held = await inMind(change);
    let moved = false;
    for (const result of results) {
      const item = held.get(result.key);
      if (!item || result.status === "held") continue; // what was held builds on something that was not done, and waits behind it
      moved = true;
      if (result.status === "done") leave(change, held, item, result);
      else put(change, held, { ...item, status: result.status, problem: { message: result.message, code: result.code, present: result.present } });
    }
    await trim(change);
    await change.done;
    return moved;
  }

  /** Throw an action away; false where it was handed in meanwhile: it may have arrived. What builds on it builds on `instead`, if given. */
  async drop(action, instead = null) {
    const change = this.db.transaction(["outbox", "photos", "sent"], "readwrite");
    const held = await inMind(change);
    const item = held.get(action.key);
    const late = item?.status === "waiting" && item.tried;
    if (item && !late) {
      for (const later of held.values()) if (instead && later.after === action.key) put(change, held, { ...later, after: instead });
      leave(change, held, item, null);
    }
    await change.done;
    return !late;
  }

  /** Somebody else signed in: what was fetched goes; what waits stays shut until its own person is back, else all goes. */
  async leave() {
    const waiting = await this.outbox();
    await this.forgetFetched();
    this.db.close();
    if (!waiting.length) await deleteDB(PREFIX + this.who);
  }
}

const inMind = async (change) => new Map((await change.objectStore("outbox").getAll()).map((item) => [item.key, item]));

function put(change, held, item) {
  held.set(item.key, item);
  change.objectStore("outbox").put(item);
}

/** An action is gone from the outbox: done (it is remembered a while), or thrown away. What builds on it builds on what it led to, or on what it built on. */
function leave(change, held, item, receipt) {
  held.delete(item.key);
  change.objectStore("outbox").delete(item.key);
  for (let n = 0; n < item.photos; n++) change.objectStore("photos").delete(`${item.key}:${n}`);
  if (item.signed) change.objectStore("photos").delete(`${item.key}:signature`);
  const versions = receipt ? { [item.subject]: receipt.version, ...receipt.also } : { [item.subject]: item.version };
  for (const later of [...held.values()].filter((one) => one.after === item.key)) {
    const also = later.also?.map((one) => ({ ...one, version: versions[one.subject] ?? one.version }));
    put(change, held, { ...later, after: receipt ? "" : item.after, version: versions[later.subject] ?? later.version, also });
  }
  if (receipt) change.objectStore("sent").put({ key: item.key, kind: item.kind, subject: item.subject, names: item.names, verb: item.verb, sent: Date.now() });
}

async function trim(change) {
  const sent = change.objectStore("sent");
  const before = (await sent.getAll()).sort((a, b) => b.sent - a.sent);
  for (const old of before.slice(20)) sent.delete(old.key);
}

/** How many actions wait on this phone, of whomever; for the page that signs out. */
export async function waiting() {
  const store = await Store.last();
  if (!store) return 0;
  const found = await store.db.count("outbox");
  store.db.close();
  return found;
}

/** Erase what this phone keeps of its last person. */
export async function erase() {
  const who = localStorage.getItem(BEARER);
  localStorage.removeItem(BEARER);
  if (who) await deleteDB(PREFIX + who);
}
