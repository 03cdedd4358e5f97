/**
 * The map: the outlines of my area, what is open there and where I am, as one drawing that needs no signal and no tiles.
 * Two fingers or the buttons zoom, one finger moves; a point leads to its matter. The list "near me" says the same in words.
 */
import { clockOf, h, icon, named, s, t } from "./dom.js";
import { toDo } from "./day.js";

const SIZE = 1000; // units of the drawing's width when it shows everything
const MARK = 0.033; // of what is shown, so that points stay as large as a thumb needs at any zoom

export function groundPage(app) {
  const things = [...mattersOf(app), ...dutiesOf(app)];
  const areas = app.snapshot?.areas ?? [];
  const project = projection(areas, things, app.position);
  if (!project) return [h("p.empty", {}, t("nothing_kept"))];
  const drawing = s("svg", { class: "ground", role: "group", "aria-label": t("map") });
  const outlines = s("g");
  for (const area of [...areas].sort((a, b) => a.own - b.own)) {
    if (area.outline) outlines.append(s("path", { class: area.own ? "ground__own" : "ground__other", d: outline(area.outline, project) }));
  }
  const over = s("g");
  drawing.append(outlines, over);
  const crowd = areas.filter((area) => area.own).length;
  app.view ??= fitted(areas, things, project);
  const stage = h("div.ground__stage", {}, drawing,
    h("div.ground__tools", {},
      tool("plus", "zoom_in", () => zoom(0.6)), tool("minus", "zoom_out", () => zoom(1 / 0.6)),
      tool("house", "my_area", () => { app.view = fitted(areas, things, project); draw(); }),
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
    const points = spread(things, project, mark).map(({ thing, left, top }) => s("a", { href: thing.href, "aria-label": thing.says },
      s("circle", { class: "ground__reach", cx: left, cy: top, r: mark * 2 }), ...shape(thing, left, top, mark)));
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

/** A matter is a round mark, a duty a square one; the duties without a place of their own are one mark of their area, with their number. */
function shape(thing, left, top, mark) {
  const { state } = thing;
  const half = mark * (thing.count ? 1.3 : 0.85);
  const body = thing.duty
    ? s("rect", { class: `ground__point ground__point--${state}`, x: left - half, y: top - half, width: half * 2, height: half * 2, rx: mark * 0.3, "stroke-width": mark * 0.3 })
    : s("circle", { class: `ground__point ground__point--${state}`, cx: left, cy: top, r: mark * (state === "overdue" ? 1.15 : 0.9), "stroke-width": mark * 0.3 });
  if (thing.count) {
    const number = text(String(thing.count), left, top + mark * 0.5, mark * 1.4);
    number.setAttribute("class", "ground__number");
    return [body, number];
  }
  return [body, state === "overdue" ? s("path", { class: "ground__bang", d: `M${left} ${top - mark * 0.6}v${mark * 0.7}M${left} ${top + mark * 0.5}v${mark * 0.05}`, "stroke-width": mark * 0.28 }) : null];
}

const mattersOf = (app) => app.matters.filter((matter) => matter.lon !== null).map((matter) => {
  const state = clockOf(matter, app.kind.soon);
  return { lon: matter.lon, lat: matter.lat, state, href: `#m/${matter.code}`, says: `${named(matter.names)}, ${t(state)}` };
});

function dutiesOf(app) {
  const areas = new Map();
  const found = [];
  for (const duty of app.duties.items) {
    if (duty.lon === null || !toDo(app, duty)) continue;
    const state = clockOf({ state: "", level_due_at: duty.due_at }, 24 * 3600);
    if (duty.exact) found.push({ lon: duty.lon, lat: duty.lat, state, duty: true, href: `#d/${duty.id}`, says: `${named(duty.names)}, ${duty.label}, ${t(state)}` });
    else {
      const key = `${duty.lon},${duty.lat}`;
      const area = areas.get(key) ?? { lon: duty.lon, lat: duty.lat, state: "ok", duty: true, count: 0, href: "#day", names: duty.area };
      areas.set(key, { ...area, count: area.count + 1, state: ["ok", "soon", "overdue"][Math.max(["ok", "soon", "overdue"].indexOf(area.state), ["ok", "soon", "overdue"].indexOf(state))] });
    }
  }
  return [...found, ...[...areas.values()].map((area) => ({ ...area, says: `${named(area.names)}: ${t("n_duties", { n: area.count })}` }))];
}

/** Degrees → units of the drawing, as flat as an area of a few kilometres is; null where nothing has a place. */
function projection(areas, things, position) {
  const box = bounds([...areas.flatMap((area) => (area.outline ? corners(area.outline) : area.centre ? [area.centre] : [])), ...things.map((thing) => [thing.lon, thing.lat])]) ?? (position && bounds([[position.lon, position.lat]]));
  if (!box) return null;
  const narrow = Math.cos((((box[1] + box[3]) / 2) * Math.PI) / 180);
  const scale = SIZE / Math.max((box[2] - box[0]) * narrow, box[3] - box[1], 0.002);
  return (lon, lat) => [(lon - box[0]) * narrow * scale, (box[3] - lat) * scale];
}

/** What is shown first: my own areas. */
function fitted(areas, things, project) {
  const own = areas.filter((area) => area.own && area.outline).flatMap((area) => corners(area.outline));
  const box = bounds((own.length ? own : things.map((thing) => [thing.lon, thing.lat])).map(([lon, lat]) => project(lon, lat)));
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

/** Things at one spot stand in a small circle around it, so that each can be pressed. */
function spread(things, project, mark) {
  const spots = new Map();
  for (const thing of things) {
    const [left, top] = project(thing.lon, thing.lat);
    const spot = `${Math.round(left / mark / 2)},${Math.round(top / mark / 2)}`;
    spots.set(spot, [...(spots.get(spot) ?? []), { thing, left, top }]);
  }
  return [...spots.values()].flatMap((found) => (found.length === 1 ? found : found.map(({ thing, left, top }, n) => {
    const angle = (n / found.length) * 2 * Math.PI;
    const far = mark * Math.max(1.6, found.length * 0.75);
    return { thing, left: left + Math.sin(angle) * far, top: top - Math.cos(angle) * far };
  })));
}

function text(words, left, top, size) {
  const element = s("text", { class: "ground__name", x: left, y: top, "font-size": size });
  element.textContent = words;
  return element;
}
