/**
 * Keeps the app on the phone: the page and its files, by release (LAID is put before this file by the server). What anybody's
 * work is never passes through here: that is the store's, one a person.
 */
const NAME = `linli-field:${LAID.release}`;

self.addEventListener("install", (event) => event.waitUntil(lay().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(tidy().then(() => self.clients.claim())));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== self.location.origin) return;
  const page = request.mode === "navigate" && address.pathname === LAID.shell;
  if (page) event.respondWith(kept(LAID.shell, request));
  else if (LAID.files.includes(address.pathname)) event.respondWith(kept(address.pathname, request));
});

async function kept(address, request) {
  return await caches.match(address, { cacheName: NAME }) ?? fetch(request);
}

/** All of it or nothing: the page is laid only as itself, never as the sign-in page that a redirect leads to. */
async function lay() {
  const cache = await caches.open(NAME);
  await cache.addAll(LAID.files);
  const page = await fetch(LAID.shell, { redirect: "error", cache: "no-store", credentials: "same-origin" });
  if (!page.ok) throw new Error(`the page answers ${page.status}`);
  await cache.put(LAID.shell, page);
}

async function tidy() {
  for (const name of await caches.keys()) if (name.startsWith("linli-field:") && name !== NAME) await caches.delete(name);
}
