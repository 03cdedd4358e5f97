/**
 * Small helps of forms; every form works without them.
 * data-once          a form that is sent once: its button rests while it is on the way
 * data-count         a text area that says how much room is left (in an element with data-count-for="<its id>")
 * data-preview="id"  a file input that shows what was chosen in the element of that id
 * data-autosubmit    a control that sends its form when it changes (its button is then hidden)
 * data-open="id"     a button that opens a dialog; data-close in it closes it
 * data-copy="text"   a button that copies a text and says so with data-done
 * data-share         a button that shares the page where the device can
 */
export function startForms(root) {
  each(root, "form[data-once]", once);
  each(root, "textarea[data-count]", count);
  each(root, "input[data-preview]", preview);
  each(root, "[data-autosubmit]", autosubmit);
  each(root, "[data-open]", open);
  each(root, "[data-copy]", copy);
  each(root, "[data-share]", share);
  const wrong = root.querySelector?.("[aria-invalid='true'], .field--bad :is(input:not([type=hidden]), select, textarea)"); // choices carry no aria-invalid
  if (wrong) wrong.focus();
}

function each(root, selector, start) {
  for (const element of root.querySelectorAll?.(selector) ?? []) {
    if (element.dataset.started) continue;
    element.dataset.started = "yes";
    start(element);
  }
}

function once(form) {
  form.addEventListener("submit", (event) => {
    const button = event.submitter ?? form.querySelector("button:not([type='button'])");
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    button?.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  });
}

function count(area) {
  const told = document.querySelector(`[data-count-for="${area.id}"]`);
  if (!told || area.maxLength < 0) return;
  const say = () => { told.textContent = `${area.value.length} / ${area.maxLength}`; };
  area.addEventListener("input", say);
  say();
}

function preview(input) {
  const place = document.getElementById(input.dataset.preview);
  input.addEventListener("change", () => {
    for (const image of place.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    place.replaceChildren(...[...input.files].filter((file) => file.type.startsWith("image/")).map((file) => {
      const image = new Image();
      image.src = URL.createObjectURL(file);
      image.alt = file.name;
      return image;
    }));
  });
}

function autosubmit(control) {
  const button = control.form.querySelector("[data-only-without-script]");
  if (button) button.hidden = true;
  control.addEventListener("change", () => control.form.requestSubmit());
}

function open(button) {
  const dialog = document.getElementById(button.dataset.open);
  button.addEventListener("click", () => dialog.showModal());
  for (const close of dialog.querySelectorAll("[data-close]")) close.addEventListener("click", () => dialog.close());
  if (dialog.querySelector("[aria-invalid='true'], .field--bad")) dialog.showModal();
}

function copy(button) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    toast(button.dataset.done);
  });
}

function share(button) {
  button.hidden = !navigator.share;
  button.addEventListener("click", () => navigator.share({ title: document.title, url: location.href }).catch(() => {}));
}

/** Say something in passing; read out by screen readers. */
export function toast(text) {
  const note = document.createElement("div");
  note.className = "toast";
  note.textContent = text;
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), 5000);
}
