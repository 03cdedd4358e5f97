/** Shows a pushed alert, and opens its page when it is pressed. Keeps nothing, and sees no other request of this site. */
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("push", (event) => {
  const told = event.data?.json() ?? {};
  event.waitUntil(self.registration.showNotification(told.title ?? "", { body: told.body ?? "", tag: told.id, data: { url: told.url ?? "/" } }));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const address = new URL(event.notification.data?.url ?? "/", self.location.origin);
  event.waitUntil(self.clients.openWindow(address.origin === self.location.origin ? address.href : "/"));
});
