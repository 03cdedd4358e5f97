/**
 * The theme: as the device, light or dark. The choice is a cookie, so the server sends the right colours at once and no
 * page flashes; dark colours are one style sheet whose media query is set here.
 */
const ORDER = ["auto", "light", "dark"];
const MEDIA = { auto: "(prefers-color-scheme: dark)", light: "not all", dark: "all" };

export function startTheme() {
  const button = document.querySelector("[data-theme-switch]");
  if (!button) return;
  button.hidden = false;
  label(button);
  button.addEventListener("click", () => {
    const next = ORDER[(ORDER.indexOf(document.documentElement.dataset.theme) + 1) % ORDER.length];
    document.documentElement.dataset.theme = next;
    document.querySelector("[data-dark-theme]").media = MEDIA[next];
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `theme=${next}; path=/; max-age=31536000; samesite=lax${secure}`;
    label(button);
    document.dispatchEvent(new CustomEvent("themechange"));
  });
  matchMedia(MEDIA.auto).addEventListener("change", () => document.dispatchEvent(new CustomEvent("themechange")));
}

function label(button) {
  const text = button.dataset[`label${document.documentElement.dataset.theme.replace(/^./, (c) => c.toUpperCase())}`];
  button.title = text;
  button.setAttribute("aria-label", text);
}

/** A colour of the design system as it is now, for canvas drawing: `colour("--brand")`. */
export function colour(name, element = document.documentElement) {
  return getComputedStyle(element).getPropertyValue(name).trim();
}
