/**
 * What lies under the outlines: nothing, raster tiles, or a PMTiles file. The page names it in <meta name="linli-basemap">.
 * A vector file is drawn in the colours of the page (schemas of Protomaps and of OpenMapTiles); without glyphs, so without names.
 */
const SCHEMAS = {
  water: ["water"],
  green: ["landuse", "landcover", "park"],
  road: ["roads", "transportation"],
  building: ["buildings", "building"],
};
const GREEN = ["park", "wood", "forest", "grass", "garden", "cemetery", "nature_reserve", "pitch", "golf_course", "grassland", "scrub", "recreation_ground"];

/** Sources and layers of the base map; `ready` resolves when the map library can read it. */
export async function groundOf(maplibre) {
  const told = document.querySelector("meta[name=linli-basemap]")?.content;
  if (!told) return null;
  const { tiles, pmtiles, attribution } = JSON.parse(told);
  if (tiles) return { kind: "raster", attribution, sources: tiles.map((one) => ({ type: "raster", tiles: [one], tileSize: 256, attribution, maxzoom: 18 })) };
  const address = new URL(pmtiles, location.href).href;
  const library = await script(new URL("../vendor/pmtiles/pmtiles.js", import.meta.url).href);
  maplibre.addProtocol("pmtiles", new library.Protocol().tile);
  const header = await new library.PMTiles(address).getHeader();
  const source = { url: `pmtiles://${address}`, attribution };
  const vector = header.tileType === library.TileType.Mvt;
  return { kind: vector ? "vector" : "raster", attribution, sources: [vector ? { type: "vector", ...source } : { type: "raster", tileSize: 256, ...source }] };
}

function script(address) {
  return new Promise((done, failed) => {
    const element = document.createElement("script");
    element.src = address;
    element.onload = () => done(window.pmtiles);
    element.onerror = failed;
    document.head.append(element);
  });
}

/** The layers of a base map in the page's colours (`c` gives one by its name). */
export function groundLayers(ground, c) {
  if (ground.kind === "raster") {
    const dark = getComputedStyle(document.documentElement).colorScheme === "dark";
    const paint = dark ? { "raster-brightness-max": 0.45, "raster-saturation": -0.6 } : { "raster-saturation": -0.2 };
    return ground.sources.map((_, at) => ({ id: `ground-${at}`, type: "raster", source: `ground-${at}`, paint }));
  }
  const layer = (id, type, name, paint, more = {}) => ({ id: `ground-${id}-${name}`, type, source: "ground-0", "source-layer": name, paint, ...more });
  const class_ = ["coalesce", ["get", "kind"], ["get", "subclass"], ["get", "class"], ""];
  return [
    ...SCHEMAS.green.map((name) => layer("green", "fill", name, { "fill-color": c("--ok-soft"), "fill-opacity": 0.6 }, { filter: ["in", class_, ["literal", GREEN]] })),
    ...SCHEMAS.water.map((name) => layer("water", "fill", name, { "fill-color": c("--brand-soft") }, { filter: ["==", ["geometry-type"], "Polygon"] })),
    ...SCHEMAS.building.map((name) => layer("building", "fill", name, { "fill-color": c("--line"), "fill-opacity": 0.7 }, { minzoom: 14 })),
    ...SCHEMAS.road.map((name) => layer("road", "line", name, { "line-color": c("--line-strong"), "line-opacity": 0.5, "line-width": ["interpolate", ["linear"], ["zoom"], 10, 0.4, 16, 3] }, { filter: ["==", ["geometry-type"], "LineString"] })),
  ];
}
