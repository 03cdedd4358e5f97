/**
 * Charts. The figures come from a table of the page (data-chart="<id of the table>"), so what is drawn can also be read;
 * kind: line | bar | bar-across (data-kind), stacked (data-stacked), whole numbers only on the axis (data-whole). First
 * column: names; others: one series each; a head with data-kind="line" is drawn as a line over the bars. A row's data-href
 * is where a click on it leads.
 */
import * as echarts from "../vendor/echarts/echarts.esm.min.mjs";
import { colour } from "./theme.js";

export function start(root) {
  for (const element of root.querySelectorAll("[data-chart]")) mount(element);
}

function mount(element) {
  const table = () => document.getElementById(element.dataset.chart); // a live part brings a new one
  element.setAttribute("aria-hidden", "true");
  let chart = echarts.init(element, null, { renderer: "canvas" });
  const draw = () => chart.setOption(options(read(table()), element), { notMerge: true });
  draw();
  chart.on("click", ({ dataIndex }) => {
    const address = table().tBodies[0].rows[dataIndex]?.dataset.href;
    if (address) location.assign(address);
  });
  new ResizeObserver(() => chart.resize()).observe(element);
  document.addEventListener("themechange", draw);
  document.addEventListener("live:renewed", (event) => event.target.contains(table()) && draw());
}

/** A table's heads, names and numbers; data-value carries the plain number where the cell shows a formatted one. */
export function read(table) {
  const heads = [...table.tHead.rows[0].cells].slice(1);
  const rows = [...table.tBodies[0].rows];
  return {
    names: rows.map((row) => row.cells[0].textContent.trim()),
    series: heads.map((head, at) => ({
      name: head.textContent.trim(),
      as: head.dataset.kind,
      values: rows.map((row) => {
        const cell = row.cells[at + 1];
        const text = cell.dataset.value ?? cell.textContent.replace(/[,\s%]/g, "");
        return text === "" ? null : Number(text);
      }),
    })),
  };
}

function options({ names, series }, element) {
  const { kind = "line", stacked, whole, unit = "" } = element.dataset;
  const ink = colour("--ink-2", element);
  const line = colour("--line", element);
  const size = parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.8;
  const across = kind === "bar-across";
  const axis = { axisLine: { lineStyle: { color: line } }, axisTick: { show: false }, axisLabel: { color: ink, fontSize: size, hideOverlap: true }, splitLine: { lineStyle: { color: line } } };
  const category = { type: "category", data: names, ...axis, splitLine: { show: false }, inverse: across };
  const value = { type: "value", ...axis, axisLine: { show: false }, minInterval: whole === undefined ? undefined : 1 };
  return {
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    animationDuration: 300,
    textStyle: { fontFamily: getComputedStyle(element).fontFamily },
    color: [1, 2, 3, 4, 5].map((n) => colour(`--series-${n}`, element)),
    grid: { left: 8, right: 12, top: series.length > 1 ? size * 3 : size, bottom: 4, containLabel: true },
    legend: series.length > 1 ? { top: 0, left: 0, itemWidth: size, itemHeight: size * 0.7, icon: "roundRect", textStyle: { color: ink, fontSize: size } } : undefined,
    tooltip: { trigger: "axis", backgroundColor: colour("--raised", element), borderColor: line, textStyle: { color: colour("--ink", element) }, valueFormatter: (v) => (v == null ? "–" : `${v.toLocaleString(document.documentElement.lang)}${unit}`), renderMode: "richText" },
    xAxis: across ? value : category,
    yAxis: across ? category : value,
    series: series.map(({ name, values, as = kind === "line" ? "line" : "bar" }) => ({
      name,
      data: values,
      type: as,
      stack: stacked === undefined ? undefined : "all",
      smooth: false,
      showSymbol: kind === "line" && values.length < 15,
      symbolSize: 7,
      lineStyle: { width: size / 6 },
      barMaxWidth: size * 2,
      itemStyle: as === "line" ? undefined : { borderRadius: across ? [0, 4, 4, 0] : [4, 4, 0, 0] },
    })),
  };
}
