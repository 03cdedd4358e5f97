/**
 * Maps. The ground is the community's own outlines (no foreign tiles needed); a base map is a setting (map-ground.js).
 *
 * <div class="map" data-map
 *   data-bounds="west,south,east,north"  what is shown first
 *   data-areas="/…"      GeoJSON of areas: properties name, level (1 = largest), optionally value (0–1: how dark)
 *   data-points="/…"     asked with ?bbox=w,s,e,n&zoom=z: GeoJSON points; properties count, or code, title, url; state (ok|soon|overdue|suspended|done)
 *   data-pick="id,id"    inputs that receive longitude and latitude: the reader puts a pin
 *   data-heat="/…"       GeoJSON polygons (value 0–1, title, url) that are shown instead of the points while the element's
 *                        `map:heat` event asks for it (detail: words of the query, or null for the points)
 *   data-map-live-on="event" points are asked again when document gets live:<event>
 * >
 * A list of the same matters, or an address field, always stands beside a map. Where the map cannot run (no WebGL, no
 * network) it goes, and the element with data-map-instead="<its id>" is shown.
 */
import * as maplibre from "../vendor/maplibre/maplibre-gl.mjs";
import { groundLayers, groundOf } from "./map-ground.js";
import { colour } from "./theme.js";

maplibre.setWorkerUrl(new URL("../vendor/maplibre/maplibre-gl-worker.mjs", import.meta.url).href);

const EMPTY = { type: "FeatureCollection", features: [] };
const FONT = ["sans-serif"];
const MOVE_PAUSE = 120;

export async function start(root) {
  const ground = await groundOf(maplibre).catch((error) => { console.warn("The base map cannot be read:", error); });
  for (const element of root.querySelectorAll("[data-map]")) {
    try {
      mount(element, ground);
    } catch (error) {
      giveUp(element, error);
    }
  }
}

function giveUp(element, error) {
  console.warn("The map cannot be shown:", error);
  element.hidden = true;
  const instead = document.querySelector(`[data-map-instead="${element.id}"]`);
  if (instead) instead.hidden = false;
}

function mount(element, ground) {
  const data = element.dataset;
  styleSheet();
  const [west, south, east, north] = data.bounds.split(",").map(Number);
  const map = new maplibre.Map({
    container: element,
    style: style(element, ground),
    bounds: [[west, south], [east, north]],
    fitBoundsOptions: { padding: 16 },
    attributionControl: ground?.attribution ? { compact: false } : false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    fadeDuration: 0,
    locale: JSON.parse(data.words ?? "{}"),
  });
  map.touchZoomRotate.disableRotation();
  if (data.controls !== "no") map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
  map.getCanvas().setAttribute("aria-label", data.label ?? "");
  element.linliMap = map;
  document.addEventListener("themechange", () => map.setStyle(style(element, ground)));
  map.on("idle", () => { if (!data.points || element.linliPoints) data.ready = "yes"; });
  if (data.pick) pick(map, element);
  if (data.points) points(map, element);
  if (data.heat) heat(map, element);
  return map;
}

/** The library's own style sheet, loaded only with a map. */
function styleSheet() {
  if (document.querySelector("link[data-maplibre]")) return;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.dataset.maplibre = "";
  link.href = new URL("../vendor/maplibre/maplibre-gl.css", import.meta.url).href;
  document.head.append(link);
}

function style(element, ground) {
  const data = element.dataset;
  const c = (name) => colour(name, element);
  const states = ["match", ["get", "state"], "overdue", c("--overdue"), "soon", c("--soon"), "suspended", c("--suspended"), "done", c("--ok"), c("--brand")];
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const size = Math.max(12, rem * 0.8);
  const px = (pixels) => pixels * Math.max(1, rem / 18); // a wall's marks grow with the wall
  const sources = {
    areas: { type: "geojson", data: data.areas ?? EMPTY },
    points: { type: "geojson", data: element.linliPoints ?? EMPTY },
    heat: { type: "geojson", data: element.linliHeat ?? EMPTY },
  };
  const layers = [{ id: "ground", type: "background", paint: { "background-color": c("--sunken") } }];
  if (ground) {
    ground.sources.forEach((source, at) => { sources[`ground-${at}`] = source; });
    layers.push(...groundLayers(ground, c));
  }
  const shown = { visibility: element.linliHeat ? "none" : "visible" };
  const value = ["coalesce", ["get", "value"], 0];
  layers.push(
    { id: "area", type: "fill", source: "areas", paint: { "fill-color": ["interpolate", ["linear"], value, 0, c("--surface"), 1, c("--series-3")], "fill-opacity": ground ? 0.12 : 1, "fill-antialias": false } }, // the outlines are drawn as lines
    ...(data.heat ? [{ id: "heat", type: "fill", source: "heat", paint: { "fill-color": ["interpolate", ["linear"], ["get", "value"], 0.1, c("--heat-1"), 0.5, c("--heat-2"), 1, c("--heat-3")], "fill-opacity": 0.85, "fill-antialias": false } }] : []),
    { id: "outline", type: "line", source: "areas", paint: { "line-color": c("--line-strong"), "line-opacity": ["match", ["get", "level"], 1, 0.9, 2, 0.6, 0.3], "line-width": ["match", ["get", "level"], 1, px(2), 2, px(1.2), px(0.7)] } },
    { id: "name", type: "symbol", source: "areas", layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": size, "text-max-width": 7, "text-padding": 8 }, paint: { "text-color": c("--ink-2"), "text-halo-color": c("--surface"), "text-halo-width": 1.5 } },
    { id: "group", type: "circle", source: "points", filter: [">", ["coalesce", ["get", "count"], 1], 1], layout: shown, paint: { "circle-color": states, "circle-opacity": 0.9, "circle-radius": ["interpolate", ["linear"], ["log10", ["get", "count"]], 0, px(10), 1, px(14), 2, px(18), 4, px(28)], "circle-stroke-width": 2, "circle-stroke-color": c("--surface") } },
    { id: "group-count", type: "symbol", source: "points", filter: [">", ["coalesce", ["get", "count"], 1], 1], layout: { ...shown, "text-field": ["to-string", ["get", "count"]], "text-font": FONT, "text-size": size, "text-allow-overlap": true, "text-ignore-placement": true }, paint: { "text-color": c("--on-brand") } },
    // Overdue is larger and ringed, so that it is told without its colour.
    { id: "point", type: "circle", source: "points", filter: ["<=", ["coalesce", ["get", "count"], 1], 1], layout: shown, paint: { "circle-color": states, "circle-radius": ["match", ["get", "state"], "overdue", px(8), px(6)], "circle-stroke-width": ["match", ["get", "state"], "overdue", 3, 2], "circle-stroke-color": ["match", ["get", "state"], "overdue", c("--ink"), c("--surface")] } },
  );
  return { version: 8, sources, layers };
}

/** Heat instead of points, while `map:heat` asks for it. */
function heat(map, element) {
  const loaded = new Promise((done) => { if (map.loaded()) done(); else map.once("load", done); });
  let asked = 0;
  element.addEventListener("map:heat", async (event) => {
    const mine = ++asked;
    let found = null;
    if (event.detail !== null) {
      const answer = await fetch(`${element.dataset.heat}&${new URLSearchParams(event.detail)}`);
      if (!answer.ok) return;
      found = await answer.json();
    }
    await loaded;
    if (mine !== asked) return; // another one was asked for meanwhile
    element.linliHeat = found;
    map.getSource("heat").setData(found ?? EMPTY);
    for (const layer of ["group", "group-count", "point"]) map.setLayoutProperty(layer, "visibility", found ? "none" : "visible");
    element.dispatchEvent(new CustomEvent("map:heated", { bubbles: true, detail: found }));
  });
  map.on("click", "heat", (event) => tell(map, event));
  point(map, "heat");
}

function point(map, layer) {
  map.on("mouseenter", layer, () => { map.getCanvas().style.cursor = "pointer"; });
  map.on("mouseleave", layer, () => { map.getCanvas().style.cursor = ""; });
}

/** What was pressed, by its name; a link where it leads to its records. */
function tell(map, event) {
  const { url, title, code } = event.features[0].properties;
  const link = document.createElement(url ? "a" : "span");
  if (url) link.href = url;
  link.textContent = title ?? code;
  new maplibre.Popup({ closeButton: false, offset: 10 }).setLngLat(event.lngLat).setDOMContent(link).addTo(map);
}

function pick(map, element) {
  const [lon, lat] = element.dataset.pick.split(",").map((id) => document.getElementById(id));
  const pin = document.createElement("div");
  pin.className = "map__pin";
  pin.innerHTML = document.querySelector("template[data-pin]")?.innerHTML ?? "";
  const marker = new maplibre.Marker({ element: pin, anchor: "bottom", draggable: true });
  const put = (at, move = false) => {
    marker.setLngLat(at).addTo(map);
    lon.value = at.lng.toFixed(6);
    lat.value = at.lat.toFixed(6);
    if (move) map.easeTo({ center: at, zoom: Math.max(map.getZoom(), 15), duration: 300 });
  };
  const picked = (at, move) => { // by the person; what the page puts itself is told to nobody
    put(at, move);
    element.dispatchEvent(new CustomEvent("map:picked", { bubbles: true, detail: { lon: at.lng, lat: at.lat } }));
  };
  if (lon.value && lat.value) put(new maplibre.LngLat(Number(lon.value), Number(lat.value)));
  map.on("click", (event) => picked(event.lngLat));
  marker.on("dragend", () => picked(marker.getLngLat()));
  map.getCanvas().addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      picked(map.getCenter());
    }
  });
  element.addEventListener("map:put", (event) => put(new maplibre.LngLat(event.detail.lon, event.detail.lat), true));
  for (const button of document.querySelectorAll(`[data-locate="${element.id}"]`)) locate(button, (at) => picked(new maplibre.LngLat(at.longitude, at.latitude), true));
}

/** A button that asks the device where it is; data-failed is said when it does not know. */
function locate(button, found) {
  button.hidden = !navigator.geolocation;
  button.addEventListener("click", () => {
    button.setAttribute("aria-busy", "true");
    navigator.geolocation.getCurrentPosition(
      (position) => { button.removeAttribute("aria-busy"); found(position.coords); },
      async () => {
        button.removeAttribute("aria-busy");
        const { toast } = await import("./form.js");
        toast(button.dataset.failed);
      },
      { enableHighAccuracy: true, timeout: 10000, maximumAge: 30000 },
    );
  });
}

function points(map, element) {
  let asked = null;
  let timer = 0;
  const ask = async () => {
    asked?.abort();
    asked = new AbortController();
    const b = map.getBounds();
    const address = new URL(element.dataset.points, location.href);
    address.searchParams.set("bbox", [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()].map((x) => x.toFixed(5)).join(","));
    address.searchParams.set("zoom", Math.round(map.getZoom()));
    try {
      const answer = await fetch(address, { signal: asked.signal });
      if (!answer.ok) return;
      element.linliPoints = await answer.json();
      map.getSource("points")?.setData(element.linliPoints);
      element.dispatchEvent(new CustomEvent("map:points", { bubbles: true, detail: element.linliPoints }));
    } catch (error) {
      if (error.name !== "AbortError") console.warn("Points of the map:", error);
    }
  };
  const soon = () => { clearTimeout(timer); timer = setTimeout(ask, MOVE_PAUSE); };
  map.on("load", () => { if (element.linliPoints) map.getSource("points").setData(element.linliPoints); });
  ask(); // the window is known at once; the answer travels while the ground is drawn
  map.on("moveend", soon);
  for (const name of (element.dataset.mapLiveOn ?? "").split(" ").filter(Boolean)) document.addEventListener(`live:${name}`, soon);
  // A group that cannot be told apart any further (it has an address of its own) leads to its list; the others open out.
  map.on("click", "group", (event) => {
    if (event.features[0].properties.url) tell(map, event);
    else map.easeTo({ center: event.features[0].geometry.coordinates, zoom: map.getZoom() + 2, duration: 300 });
  });
  map.on("click", "point", (event) => tell(map, event));
  for (const layer of ["group", "point"]) point(map, layer);
}
