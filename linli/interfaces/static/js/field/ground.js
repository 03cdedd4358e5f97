/**
 * The map: the outlines of my area, what is open there and where I am, as one drawing that needs no signal and no tiles.
 * Two fingers or the buttons zoom, one finger moves; a point leads to its matter. The list "near me" says the same in words.
 */
import { clockOf, h, icon, named, s, t } from "./dom.js";

const SIZE = 1000; // units of the drawing's width when it shows everything
const MARK = 0.033; // of what is shown, so that points stay as large as a thumb needs at any zoom

export function groundPage(app) {
  const matters = app.matters.filter((matter) => matter.lon !== null);
  const areas = app.snapshot?.areas ?? [];
  const project = projection(areas, matters, app.position);
  if (!project) return [h("p.empty", {}, t("nothing_kept"))];
  const drawing = s("svg", { class: "ground", role: "group", "aria-label": t("map") });
  const outlines = s("g");
  for (const area of [...areas].sort((a, b) => a.own - b.own)) {
    if (area.outline) outlines.append(s("path", { class: area.own ? "ground__own" : "ground__other", d: outline(area.outline, project) }));
  }
  const over = s("g");
  drawing.append(outlines, over);
  const crowd = areas.filter((area) => area.own).length;
  app.view ??= fitted(areas, matters, project);
  const stage = h("div.ground__stage", {}, drawing,
    h("div.ground__tools", {},
      tool("plus", "zoom_in", () => zoom(0.6)), tool("minus", "zoom_out", () => zoom(1 / 0.6)),
      tool("house", "my_area", () => { app.view = fitted(areas, matters, project); draw(); }),
      tool("locate-fixed", "where_am_i", () => app.locate(true))));
  if (app.center && app.position) {
    [app.view.x, app.view.y] = project(app.position.lon, app.position.lat);
    app.view.size = Math.min(app.view.size, SIZE / 4);
    app.center = false;
  }
  draw();
  hands(drawing, stage);
  return [stage];

  function tool(name, label, onclick) {
    return h("button.ground__tool", { type: "button", title: t(label), "aria-label": t(label), onclick }, icon(name));
  }

  function draw() {
    const { x, y, size } = app.view;
    const ratio = stage.clientHeight && stage.clientWidth ? stage.clientHeight / stage.clientWidth : 1.6;
    drawing.setAttribute("viewBox", `${x - size / 2} ${y - (size * ratio) / 2} ${size} ${size * ratio}`);
    const mark = size * MARK;
    const names = areas.filter((area) => area.own && area.centre && crowd > 1).map((area) => {
      const [left, top] = project(...area.centre);
      return text(named(area.names), left, top, size * (crowd > 6 ? 0.032 : 0.042));
    });
    const points = spread(matters, project, mark).map(({ matter, left, top }) => {
      const state = clockOf(matter, app.kind.soon);
      const link = s("a", { href: `#m/${matter.code}`, "aria-label": `${named(matter.names)}, ${t(state)}` },
        s("circle", { class: "ground__reach", cx: left, cy: top, r: mark * 2 }),
        s("circle", { class: `ground__point ground__point--${state}`, cx: left, cy: top, r: mark * (state === "overdue" ? 1.15 : 0.9), "stroke-width": mark * 0.3 }),
        state === "overdue" ? s("path", { class: "ground__bang", d: `M${left} ${top - mark * 0.6}v${mark * 0.7}M${left} ${top + mark * 0.5}v${mark * 0.05}`, "stroke-width": mark * 0.28 }) : null);
      return link;
    });
    const here = app.position && project(app.position.lon, app.position.lat);
    const me = here ? [s("circle", { class: "ground__here-ring", cx: here[0], cy: here[1], r: mark * 1.9 }), s("circle", { class: "ground__here", cx: here[0], cy: here[1], r: mark * 0.8, "stroke-width": mark * 0.3 })] : [];
    over.replaceChildren(...names, ...points, ...me);
  }

  function zoom(by) {
    app.view.size = Math.max(SIZE / 60, Math.min(SIZE * 1.6, app.view.size * by));
    draw();
  }

  /** One finger moves, two zoom, the wheel too. */
  function hands(element, box) {
    const fingers = new Map();
    let moved = 0;
    const gap = () => { const [a, b] = [...fingers.values()]; return Math.hypot(a.x - b.x, a.y - b.y); };
    element.addEventListener("pointerdown", (event) => { fingers.set(event.pointerId, { x: event.clientX, y: event.clientY }); moved = 0; });
    element.addEventListener("pointermove", (event) => {
      const last = fingers.get(event.pointerId);
      if (!last) return;
      const before = fingers.size === 2 ? gap() : 0;
      const scale = app.view.size / box.clientWidth / fingers.size;
      app.view.x -= (event.clientX - last.x) * scale;
      app.view.y -= (event.clientY - last.y) * scale;
      moved += Math.abs(event.clientX - last.x) + Math.abs(event.clientY - last.y);
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (before) zoom(before / Math.max(1, gap()));
      else draw();
    });
    for (const name of ["pointerup", "pointercancel", "pointerleave"]) element.addEventListener(name, (event) => fingers.delete(event.pointerId));
    element.addEventListener("click", (event) => { if (moved > 8) event.preventDefault(); }, true);
    element.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15); }, { passive: false });
    new ResizeObserver(draw).observe(box);
  }
}

/** Degrees → units of the drawing, as flat as an area of a few kilometres is; null where nothing has a place. */
function projection(areas, matters, position) {
  const box = bounds([...areas.flatMap((area) => (area.outline ? corners(area.outline) : area.centre ? [area.centre] : [])), ...matters.map((matter) => [matter.lon, matter.lat])]) ?? (position && bounds([[position.lon, position.lat]]));
  if (!box) return null;
  const narrow = Math.cos((((box[1] + box[3]) / 2) * Math.PI) / 180);
  const scale = SIZE / Math.max((box[2] - box[0]) * narrow, box[3] - box[1], 0.002);
  return (lon, lat) => [(lon - box[0]) * narrow * scale, (box[3] - lat) * scale];
}

/** What is shown first: my own areas. */
function fitted(areas, matters, project) {
  const own = areas.filter((area) => area.own && area.outline).flatMap((area) => corners(area.outline));
  const box = bounds((own.length ? own : matters.map((matter) => [matter.lon, matter.lat])).map(([lon, lat]) => project(lon, lat)));
  if (!box) return { x: SIZE / 2, y: SIZE / 2, size: SIZE };
  return { x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2, size: Math.max((box[2] - box[0]) * 1.15, (box[3] - box[1]) * 0.8, SIZE / 20) };
}

function bounds(points) {
  if (!points.length) return null;
  const [xs, ys] = [points.map((one) => one[0]), points.map((one) => one[1])];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

const rings = (shape) => (shape.type === "Polygon" ? shape.coordinates : shape.type === "MultiPolygon" ? shape.coordinates.flat() : []);
const corners = (shape) => rings(shape).flat();
const outline = (shape, project) => rings(shape).map((ring) => `M${ring.map(([lon, lat]) => project(lon, lat).map((n) => n.toFixed(1)).join(" ")).join("L")}Z`).join("");

/** Matters at one spot stand in a small circle around it, so that each can be pressed. */
function spread(matters, project, mark) {
  const spots = new Map();
  for (const matter of matters) {
    const [left, top] = project(matter.lon, matter.lat);
    const spot = `${Math.round(left / mark / 2)},${Math.round(top / mark / 2)}`;
    spots.set(spot, [...(spots.get(spot) ?? []), { matter, left, top }]);
  }
  return [...spots.values()].flatMap((found) => (found.length === 1 ? found : found.map(({ matter, left, top }, n) => {
    const angle = (n / found.length) * 2 * Math.PI;
    const far = mark * Math.max(1.6, found.length * 0.75);
    return { matter, left: left + Math.sin(angle) * far, top: top - Math.cos(angle) * far };
  })));
}

function text(words, left, top, size) {
  const element = s("text", { class: "ground__name", x: left, y: top, "font-size": size });
  element.textContent = words;
  return element;
}
