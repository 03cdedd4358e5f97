/** On the page that signs out: what the field app keeps on this phone is erased with it, and said before. */
import { erase, waiting } from "./store.js";

const form = document.querySelector("[data-sign-out]");
const note = document.querySelector("[data-sign-out-waits]");
waiting().then((count) => { note.hidden = count === 0; }, () => {});
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  await erase().catch((error) => console.warn("Could not be erased:", error));
  form.submit();
}, { once: true });
