/**
 * The command screen. A wall is looked at, not scrolled: what does not fit into its panel is left out as a whole line
 * (data-fit, on the list; data-fit="3": never more than so many), and comes back when there is room.
 * select[data-heat-of="<id of a map>"] chooses what that map shows; the address keeps it, so that a wall keeps its view.
 */
const wide = matchMedia("(min-width: 80.01rem)");

function fit(list) {
  const lines = [...list.children];
  const most = Number(list.dataset.fit) || Infinity;
  for (const line of lines) line.hidden = false;
  if (!wide.matches) return;
  const room = list.closest(".panel");
  const bottom = room.getBoundingClientRect().bottom - parseFloat(getComputedStyle(room).paddingBottom) + 1;
  lines.forEach((line, at) => { line.hidden = at > 0 && (at >= most || line.getBoundingClientRect().bottom > bottom); });
}

const fitAll = () => document.querySelectorAll("[data-fit]").forEach(fit);
new ResizeObserver(fitAll).observe(document.querySelector(".wall"));
document.addEventListener("live:renewed", fitAll);
document.fonts?.ready.then(fitAll);
fitAll();

for (const select of document.querySelectorAll("select[data-heat-of]")) {
  const map = document.getElementById(select.dataset.heatOf);
  const show = () => {
    map.dispatchEvent(new CustomEvent("map:heat", { detail: select.value ? { class: select.value === "all" ? "" : select.value } : null }));
    const address = new URL(location.href);
    if (select.value) address.searchParams.set("heat", select.value);
    else address.searchParams.delete("heat");
    history.replaceState(null, "", address);
  };
  select.addEventListener("change", show);
  map.addEventListener("map:heated", ({ detail }) => {
    for (const legend of document.querySelectorAll("[data-legend]")) legend.hidden = (legend.dataset.legend === "heat") !== Boolean(detail);
    if (detail) document.querySelector("[data-heat-most]").textContent = detail.most.toLocaleString(document.documentElement.lang);
  });
  if (select.value) whenMounted(map, show);
  setInterval(() => select.value && show(), 300_000); // counts of weeks need no live news
}

/** The map's island starts on its own; until it listens, it is looked for again. */
function whenMounted(map, then) {
  if (map.linliMap) then();
  else if (!map.hidden) setTimeout(() => whenMounted(map, then), 100);
}
