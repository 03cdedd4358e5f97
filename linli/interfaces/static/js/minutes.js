/** Minutes are saved as they are typed: two seconds after the last key. Without script there is the button. */
const form = document.querySelector("form[data-minutes]");
const said = form.querySelector("[data-saved]");
let waiting = 0;
let sending = null;

form.addEventListener("input", (event) => {
  if (event.target.closest(".minutes__action, .act__form")) return; // not minutes yet: a button adds them
  clearTimeout(waiting);
  waiting = setTimeout(start, 2000);
});
form.addEventListener("submit", (event) => {
  clearTimeout(waiting);
  if (!sending) return;
  event.preventDefault(); // what is on its way changes the version that is sent along
  event.stopImmediatePropagation();
  const button = event.submitter;
  sending.then(() => { sending = null; form.requestSubmit(button); });
}, { capture: true });

async function start() {
  if (form.dataset.sent) return;
  if (sending) await sending;
  sending = save();
  await sending;
  sending = null;
}

async function save() {
  const body = new FormData(form);
  body.set("do", "save");
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Autosave": "1", Accept: "application/json" } });
    const told = await answer.json();
    said.textContent = told.said ?? told.message;
    if (told.version) form.elements.version.value = told.version;
  } catch {
    said.textContent = form.dataset.offline;
  }
}
