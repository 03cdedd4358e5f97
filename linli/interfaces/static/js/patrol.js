/** A form with data-place asks the phone where it is, once, before it is sent; it is sent without where the phone does not say. */
const PATIENCE = 8000;

for (const form of document.querySelectorAll("form[data-place]")) {
  let asked = !navigator.geolocation;
  form.addEventListener("submit", (event) => {
    if (asked) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const button = event.submitter;
    if (button?.getAttribute("aria-busy")) return;
    button?.setAttribute("aria-busy", "true");
    const send = () => {
      asked = true;
      button?.removeAttribute("aria-busy");
      form.requestSubmit(button);
    };
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        form.elements.lon.value = coords.longitude.toFixed(6);
        form.elements.lat.value = coords.latitude.toFixed(6);
        form.elements.accuracy.value = Math.ceil(coords.accuracy);
        send();
      },
      send,
      { enableHighAccuracy: true, timeout: PATIENCE, maximumAge: 15000 },
    );
  }, true);
}
