/** Loaded by every page: the theme switch and the small helps of forms. Islands (map, chart, live) load only where a page has one. */
import { startTheme } from "./theme.js";
import { startForms } from "./form.js";

startTheme();
startForms(document);
document.addEventListener("htmx:load", (event) => startForms(event.target));

const islands = {
  "[data-map]": () => import("./map.js"),
  "[data-chart]": () => import("./chart.js"),
  "[data-sign]": () => import("./sign.js"),
  "[data-live], [data-clock]": () => import("./live.js"),
};
for (const [selector, load] of Object.entries(islands)) {
  const found = [...document.querySelectorAll(selector)];
  if (!found.length) continue;
  const start = () => load().then((module) => module.start(document));
  if (found.every((element) => element.dataset.when === "seen")) whenSeen(found, start);
  else if (found.every((element) => element.dataset.when === "mapped")) whenMapped(start);
  else start();
}

/** Heavy islands below the first screen (data-when="seen") load when the reader comes near them, after the page itself. */
function whenSeen(elements, start) {
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    if (document.readyState === "complete") start();
    else addEventListener("load", start, { once: true });
  }, { rootMargin: "120px" });
  for (const element of elements) watch.observe(element);
}

/** A chart beside a map (data-when="mapped") loads when the map has drawn its first picture, or cannot, or takes too long. */
function whenMapped(start) {
  const map = document.querySelector("[data-map]");
  if (!map) {
    start();
    return;
  }
  const go = () => { watch.disconnect(); clearTimeout(late); start(); };
  const watch = new MutationObserver(go);
  const late = setTimeout(go, 5000);
  watch.observe(map, { attributeFilter: ["data-ready", "hidden"] });
}
