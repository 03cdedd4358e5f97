/** Loaded by every page: the theme switch and the small helps of forms. Islands (map, chart, live) load only where a page has one. */
import { startTheme } from "./theme.js";
import { startForms } from "./form.js";

startTheme();
startForms(document);
document.addEventListener("htmx:load", (event) => startForms(event.target));

const islands = {
  "[data-map]": () => import("./map.js"),
  "[data-chart]": () => import("./chart.js"),
  "[data-live], [data-clock]": () => import("./live.js"),
};
for (const [selector, load] of Object.entries(islands)) {
  if (document.querySelector(selector)) load().then((module) => module.start(document));
}
