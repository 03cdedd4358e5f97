/**
 * Alerts in this browser: ask for leave, subscribe with its maker's push service, hand the address to the server; and show
 * what this device is told of already. Without it the page offers e-mail and the feed.
 */
const place = document.querySelector("[data-push]");
const possible = window.isSecureContext && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
if (place && possible) start();

async function start() {
  const button = place.querySelector("[data-push-ask]");
  if (button) {
    place.querySelector("[data-push-instead]").hidden = true;
    button.hidden = false;
    button.addEventListener("click", () => ask(button));
  }
  const held = await navigator.serviceWorker.getRegistration(place.dataset.worker);
  const known = await held?.pushManager.getSubscription();
  if (known) await mine(known);
}

async function ask(button) {
  button.setAttribute("aria-busy", "true");
  try {
    if (await Notification.requestPermission() !== "granted") return await say(place.dataset.denied);
    const registration = await navigator.serviceWorker.register(place.dataset.worker);
    const key = Uint8Array.from(atob(place.dataset.key.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
    const subscription = await registration.pushManager.getSubscription() ?? await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    place.elements.push.value = JSON.stringify(subscription);
    place.submit();
  } catch (error) {
    console.warn("Alerts in this browser:", error);
    await say(place.dataset.failed);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

async function mine(subscription) {
  const body = new URLSearchParams({ push: JSON.stringify(subscription), csrfmiddlewaretoken: place.querySelector("[name=csrfmiddlewaretoken]").value });
  const answer = await fetch(place.dataset.mine, { method: "POST", body });
  if (answer.ok) document.querySelector("[data-push-mine]").innerHTML = await answer.text();
}

async function say(text) {
  const { toast } = await import("./form.js");
  toast(text);
}
