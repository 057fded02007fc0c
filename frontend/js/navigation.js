// The left navigation remembers whether it shows icons only; the server reads the cookie, so nothing jumps at load.
import { onClick } from "./dom.js";

const YEAR = 365 * 24 * 3600; // seconds

onClick("[data-nav-toggle]", (button) => {
  const root = document.documentElement;
  const iconsOnly = root.dataset.nav !== "icons";
  if (iconsOnly) root.dataset.nav = "icons";
  else delete root.dataset.nav;
  button.setAttribute("aria-pressed", String(iconsOnly));
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not there in every browser we serve
  document.cookie = `lux_nav=${iconsOnly ? "icons" : ""}; path=/; max-age=${iconsOnly ? YEAR : 0}; samesite=lax`;
});

// On a phone a row of tabs is wider than the screen: the present one is brought into it.
for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
  const row = tab.parentElement;
  const { left, width } = tab.getBoundingClientRect();
  row.scrollLeft += left - row.getBoundingClientRect().left - (row.clientWidth - width) / 2;
}

// ⌘ on a Mac, Ctrl elsewhere.
if (/Mac|iPhone|iPad/.test(navigator.platform)) {
  for (const hint of document.querySelectorAll("[data-mod-key]")) hint.textContent = "⌘ K";
}
