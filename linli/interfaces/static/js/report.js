/**
 * The report form with script: classes suggested while one writes, the place told by the device or found by its name, what is
 * near shown before sending. The server does the same in steps where there is no script.
 */
const PAUSE = 300;
const form = document.querySelector("form[data-report]");
if (form) start();

function start() {
  const part = (name) => form.querySelector(`[data-${name}]`);
  const lon = document.getElementById("lon");
  const lat = document.getElementById("lat");
  const text = form.elements.text;
  const chosen = form.elements.class_code;
  const address = form.elements.address;
  const map = document.getElementById("map");

  const fill = async (place, address, params) => {
    place.asked?.abort();
    place.asked = new AbortController();
    try {
      const answer = await fetch(`${address}?${new URLSearchParams(params)}`, { signal: place.asked.signal });
      if (answer.ok) place.innerHTML = await answer.text();
    } catch (error) {
      if (error.name !== "AbortError") console.warn("Help of the form:", error);
    }
  };

  // What: words → suggestions → class → what it asks further.
  const suggest = later(() => !chosen.value && (text.value.trim().length > 1 || lon.value) && fill(part("suggested"), form.dataset.suggestions, { q: text.value, lon: lon.value, lat: lat.value }));
  text.addEventListener("input", suggest);
  form.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-choose-class]");
    if (!chip) return;
    event.preventDefault();
    choose(chip.dataset.chooseClass);
    part("suggested").replaceChildren();
  });
  const choose = (code) => {
    chosen.value = code;
    chosen.removeAttribute("aria-invalid");
    classChosen();
  };
  const classChosen = () => {
    if (chosen.value) fill(part("class-told"), form.dataset.classMore, { class_code: chosen.value }).then(() => form.querySelector(".call")?.scrollIntoView({ block: "center" }));
    else part("class-told").replaceChildren();
    whereIs();
    progress();
  };
  chosen.addEventListener("change", classChosen);

  // Where: the device, the map or a name.
  const whereIs = () => {
    if (lon.value && lat.value) {
      fill(part("where-told"), form.dataset.where, { lon: lon.value, lat: lat.value, class_code: chosen.value });
      suggest();
    }
    progress();
  };
  const pin = (at) => {
    lon.value = at.lon;
    lat.value = at.lat;
    map?.dispatchEvent(new CustomEvent("map:put", { detail: { lon: Number(at.lon), lat: Number(at.lat) } }));
    whereIs();
  };
  form.addEventListener("map:picked", () => {
    part("photo-told").hidden = true;
    form.querySelector("[name='place']:checked")?.removeAttribute("checked");
    part("places-found").replaceChildren();
    whereIs();
  });
  const here = part("here");
  here.hidden = !navigator.geolocation;
  here.addEventListener("click", () => {
    here.setAttribute("aria-busy", "true");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => { here.removeAttribute("aria-busy"); pin({ lon: coords.longitude.toFixed(6), lat: coords.latitude.toFixed(6) }); },
      async () => {
        here.removeAttribute("aria-busy");
        const { toast } = await import("./form.js");
        toast(here.dataset.failed);
      },
      { enableHighAccuracy: true, timeout: 10000, maximumAge: 30000 },
    );
  });
  // A photo: its place is read here and offered as the pin; a large one is made smaller before it is sent.
  for (const input of form.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", async () => {
      const { placeOf, smaller } = await import("./photos.js");
      if (!lon.value && !address.value.trim()) {
        const at = await placeOf(input.files);
        if (at && !lon.value) {
          pin(at);
          part("photo-told").hidden = false;
        }
      }
      await smaller(input);
    });
  }
  const find = () => address.value.trim().length > 1 && fill(part("places-found"), form.dataset.places, { q: address.value });
  address.addEventListener("input", later(find));
  address.addEventListener("input", progress);
  address.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    find();
  });
  form.querySelector("[data-find]").addEventListener("click", (event) => {
    event.preventDefault();
    find();
  });
  form.addEventListener("change", (event) => {
    const { lon: east, lat: north } = event.target.dataset;
    if (event.target.name === "place" && east) pin({ lon: east, lat: north });
    if (event.target.name === "place" && !east) { lon.value = ""; lat.value = ""; part("where-told").replaceChildren(); }
    progress();
  });

  // The head tells what is there already.
  function progress() {
    const have = {
      photo: form.elements.kept.value || [...form.querySelectorAll("input[type=file]")].some((input) => input.files.length),
      place: (lon.value && lat.value) || address.value.trim() || form.querySelector("[name='place']:checked"),
      what: chosen.value,
    };
    for (const step of document.querySelectorAll("[data-step]")) step.classList.toggle("is-done", Boolean(have[step.dataset.step]));
  }
  text.addEventListener("input", progress);
  addEventListener("pageshow", progress);
  whereIs();
}

/** The function, called once the reader has paused. */
function later(call) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(call, PAUSE);
  };
}
