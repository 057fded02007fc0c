// The keyboard: Ctrl/⌘ K, `/`, `g` + letter, `c`, `j`/`k`, `x`, `a`, `r`, `?`. Letters rest while someone types,
// and where someone has switched them off.
import { open } from "./dialogs.js";
import { forEach, isTyping, onClick } from "./dom.js";

const SWITCH = "lux.single-keys";
const WAIT = 1200; // milliseconds in which the letter after `g` counts

const areOn = () =>
  localStorage.getItem(SWITCH) !== "off" && document.documentElement.dataset.singleKeys !== "off";

const isShown = (element) =>
  element.checkVisibility?.({ visibilityProperty: true }) ?? element.offsetParent !== null;

/** Presses, or goes into, the first shown control that asks for this key; inside the chosen row first. */
function press(key) {
  const row = document.activeElement?.closest?.("[data-row]");
  const wanted = `[data-key="${CSS.escape(key)}"]`;
  const found = [
    ...(row?.querySelectorAll(wanted) ?? []),
    ...document.querySelectorAll(wanted),
  ].find((element) => isShown(element) && !element.disabled);
  if (!found) return false;
  if (found.matches("input:not([type=checkbox], [type=submit]), textarea, select")) {
    found.focus();
    found.select?.();
  } else {
    found.focus();
    found.click();
  }
  return true;
}

function step(by) {
  const rows = [...document.querySelectorAll("[data-row]")].filter(isShown);
  if (!rows.length) return false;
  const here = rows.indexOf(document.activeElement?.closest?.("[data-row]"));
  const to =
    rows[
      here < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, here + by))
    ];
  const link = to.querySelector(".row-link") ?? to.querySelector("a, button, input");
  (link ?? to).focus();
  to.scrollIntoView({ block: "nearest" });
  return true;
}

function go(letter) {
  const link = document.querySelector(`[data-go="${CSS.escape(letter)}"]`);
  link?.click();
  return Boolean(link);
}

const palette = () => {
  open(document.getElementById("palette"));
  return true;
};

const ACTS = {
  "/": () => press("/") || palette(),
  "?": () => {
    open(document.getElementById("keys"));
    return true;
  },
  j: () => step(1),
  k: () => step(-1),
  x: () => {
    const box = document.activeElement?.closest?.("[data-row]")?.querySelector("[data-select-row]");
    box?.click();
    return Boolean(box);
  },
};

let sinceG = 0;

document.addEventListener("keydown", (event) => {
  if ((event.metaKey || event.ctrlKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    palette();
    return;
  }
  if (event.metaKey || event.ctrlKey || event.altKey || event.isComposing || event.repeat) return;
  if (event.key.length !== 1 || isTyping(event.target) || !areOn()) return;
  if (document.querySelector("dialog[open], .menu:popover-open")) return;
  const afterG = event.timeStamp - sinceG < WAIT && sinceG > 0;
  sinceG = 0;
  if (afterG && go(event.key)) event.preventDefault();
  else if (event.key === "g") sinceG = event.timeStamp;
  else if ((ACTS[event.key] ?? (() => press(event.key)))()) event.preventDefault();
});

// The switch on the sheet.
forEach("[data-single-keys]", (box) => {
  box.checked = areOn();
  // Switched off in the account, for every browser: that is where it is switched on again.
  box.disabled = document.documentElement.dataset.singleKeys === "off";
});
onClick("[data-single-keys]", (box) => localStorage.setItem(SWITCH, box.checked ? "on" : "off"));

// A form that came back begins at what has to be put right.
forEach("[data-focus]", (summary) => summary.focus());
onClick(".error-summary a", (link, event) => {
  const target = document.getElementById(link.hash.slice(1));
  if (!target) return;
  event.preventDefault();
  const control = target.matches("fieldset")
    ? target.querySelector("input, select, textarea")
    : target;
  (control.tomselect ?? control).focus();
  target.scrollIntoView({ block: "center" });
});
