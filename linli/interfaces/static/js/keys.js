/**
 * The keyboard of a list: j and k move, Enter opens, / goes to the search. The list works without it; the keys rest while
 * somebody types.
 */
const rows = () => [...document.querySelectorAll("table[data-keys] tbody tr")];
let at = -1;

function choose(next) {
  const all = rows();
  if (!all.length) return;
  at = Math.max(0, Math.min(all.length - 1, next));
  for (const row of all) row.classList.toggle("is-chosen", row === all[at]);
  all[at].scrollIntoView({ block: "nearest" });
  all[at].querySelector("a")?.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
  if (event.key === "j") choose(at + 1);
  else if (event.key === "k") choose(at - 1);
  else if (event.key === "Enter" && at >= 0 && !event.target.closest("a, button, summary")) rows()[at]?.querySelector("a")?.click();
  else if (event.key === "/") document.querySelector("[data-find], input[type='search']")?.focus();
  else return;
  event.preventDefault();
});
