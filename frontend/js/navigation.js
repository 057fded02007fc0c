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

// ⌘ on a Mac, Ctrl elsewhere.
if (/Mac|iPhone|iPad/.test(navigator.platform)) {
  for (const hint of document.querySelectorAll("[data-mod-key]")) hint.textContent = "⌘ K";
}
