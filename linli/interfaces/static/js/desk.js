/**
 * Helps of the matter's desk and of taking a call; the pages work without them.
 * select[data-answers="text"]   puts the ready answer chosen into the form's field of that name, to be changed
 * form[data-blur="/photo"]      draws rectangles on the photo, in thousandths of its sides, into its field `regions`
 * [data-near="/fragment"]       shows what is open around the pin when the pin moves
 * button[data-put="lon,lat"]    puts the pin there
 */
for (const select of document.querySelectorAll("select[data-answers]")) {
  select.addEventListener("change", () => {
    const area = select.form.elements[select.dataset.answers];
    const text = select.selectedOptions[0]?.dataset.text;
    if (text) {
      area.value = text;
      area.focus();
    }
  });
}

for (const form of document.querySelectorAll("form[data-blur]")) {
  const around = form.closest("details");
  if (around.open) blur(form); // opened before this was read
  else around.addEventListener("toggle", () => blur(form), { once: true });
}

function blur(form) {
  const stage = form.querySelector("[data-blur-stage]");
  const undo = form.querySelector("[data-blur-undo]");
  const boxes = JSON.parse(form.dataset.regions || "[]");
  const image = new Image();
  image.src = form.dataset.blur;
  image.alt = "";
  image.draggable = false;
  stage.replaceChildren(image);
  stage.dataset.started = "yes";
  undo.hidden = false;
  const say = () => {
    for (const old of stage.querySelectorAll(".blur__box")) old.remove();
    for (const [left, top, right, bottom] of boxes) {
      const box = document.createElement("div");
      box.className = "blur__box";
      box.setAttribute("aria-label", form.dataset.label);
      Object.assign(box.style, { left: `${left / 10}%`, top: `${top / 10}%`, width: `${(right - left) / 10}%`, height: `${(bottom - top) / 10}%` });
      stage.append(box);
    }
    form.elements.regions.value = JSON.stringify(boxes);
  };
  const place = (event) => {
    const frame = stage.getBoundingClientRect();
    const share = (value, whole) => Math.round(1000 * Math.max(0, Math.min(1, value / whole)));
    return [share(event.clientX - frame.left, frame.width), share(event.clientY - frame.top, frame.height)];
  };
  let from = null;
  stage.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    stage.setPointerCapture(event.pointerId);
    from = place(event);
    boxes.push([...from, ...from]);
  });
  stage.addEventListener("pointermove", (event) => {
    if (!from) return;
    const to = place(event);
    boxes[boxes.length - 1] = [Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.max(from[0], to[0]), Math.max(from[1], to[1])];
    say();
  });
  const done = () => {
    if (!from) return;
    from = null;
    const [left, top, right, bottom] = boxes[boxes.length - 1];
    if (right - left < 5 || bottom - top < 5) boxes.pop(); // a click, not a rectangle
    say();
  };
  stage.addEventListener("pointerup", done);
  stage.addEventListener("pointercancel", done);
  undo.addEventListener("click", () => { boxes.pop(); say(); });
  say();
}

const near = document.querySelector("[data-near]");
if (near) {
  const look = async (lon, lat) => {
    const answer = await fetch(`${near.dataset.near}?lon=${lon}&lat=${lat}`, { headers: { "HX-Request": "true" } });
    if (answer.ok) near.innerHTML = await answer.text();
  };
  document.addEventListener("map:picked", (event) => look(event.detail.lon, event.detail.lat));
  const east = document.getElementById("lon");
  const north = document.getElementById("lat");
  for (const button of document.querySelectorAll("[data-put]")) {
    button.addEventListener("click", () => {
      [east.value, north.value] = button.dataset.put.split(",");
      document.querySelector("[data-map]")?.dispatchEvent(new CustomEvent("map:put", { detail: { lon: Number(east.value), lat: Number(north.value) } }));
      look(east.value, north.value);
    });
  }
}

/** Somebody else works on this matter: the parts that only show are renewed and marked; what is being written stays. */
const matter = document.querySelector("[data-matter-id]");
if (matter) {
  const renew = async () => {
    const answer = await fetch(location.pathname, { headers: { "HX-Request": "true" } });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const before = document.querySelectorAll("#story [data-step]").length;
    const parts = [...document.querySelectorAll("[data-renew]")];
    const theirs = [...fresh.querySelectorAll("[data-renew]")];
    if (theirs.length !== parts.length || fresh.querySelectorAll("#story [data-step]").length <= before) return;
    parts.forEach((part, place) => part.replaceChildren(...document.adoptNode(theirs[place]).childNodes));
    for (const step of document.querySelectorAll("#story [data-step]")) step.classList.toggle("is-fresh", Number(step.dataset.step) > before);
    document.querySelector("[data-meanwhile]").hidden = false;
  };
  document.addEventListener("live:changes", (event) => {
    if (event.detail?.some((change) => change.id === matter.dataset.matterId)) renew();
  });
  document.addEventListener("live:reload", renew);
}

/** A link to a step opens it. */
const wished = location.hash.startsWith("#do-") ? document.getElementById(location.hash.slice(1)) : null;
if (wished) {
  wished.closest(".act-more")?.setAttribute("open", "");
  wished.open = true;
  wished.scrollIntoView({ block: "nearest" });
}
