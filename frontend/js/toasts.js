// Toasts: read aloud, gone after a while unless they ask for something, never gone while someone reads them.
import { forEach, icon, onClick, word } from "./dom.js";

const STAYS = 8000; // milliseconds
const LEAVES = 200;
const ICONS = { ok: "check-circle", warn: "alert-triangle", bad: "alert-octagon", info: "info" };

const region = document.getElementById("toasts");
const home = region?.parentElement;

/** A modal dialog makes everything outside of it mute: while one is open, the toasts stand inside it. */
function rise() {
  const place = [...document.querySelectorAll("dialog[open]")].at(-1) ?? home;
  if (region && region.parentElement !== place) place.append(region);
}

function leave(element) {
  element.classList.add("is-leaving");
  setTimeout(() => element.remove(), LEAVES);
}

/** Starts the clock of a toast; the pointer or the focus on it stops it. */
function live(element) {
  if (element.dataset.toast !== "go") return;
  let timer;
  const start = () => {
    timer = setTimeout(() => leave(element), STAYS);
  };
  const stop = () => clearTimeout(timer);
  for (const event of ["pointerenter", "focusin"]) element.addEventListener(event, stop);
  for (const event of ["pointerleave", "focusout"]) element.addEventListener(event, start);
  start();
}

/** Shows a toast. `level`: ok, info, warn, bad. */
export function toast(message, level = "info", detail = "") {
  const element = document.createElement("div");
  const text = document.createElement("div");
  const close = document.createElement("button");
  element.className = `toast toast-${level}`;
  element.setAttribute("role", level === "bad" ? "alert" : "status");
  element.dataset.toast = level === "bad" || level === "warn" ? "stay" : "go";
  text.className = "toast-text";
  text.textContent = message;
  if (detail) {
    const more = document.createElement("p");
    more.textContent = detail;
    text.append(more);
  }
  close.className = "icon-btn";
  close.type = "button";
  close.dataset.toastClose = "";
  close.setAttribute("aria-label", word("dismiss"));
  close.append(icon("x", 14));
  element.append(icon(ICONS[level] ?? "info"), text, close);
  rise();
  region?.append(element);
  live(element);
}

onClick("[data-toast-close]", (button) => leave(button.closest(".toast")));
document.addEventListener("lux:toast", (event) => {
  toast(event.detail.message, event.detail.level, event.detail.detail);
});
// What the server flashed was there before anyone listened: putting it in again has it read aloud.
for (const element of region?.querySelectorAll(".toast") ?? []) {
  setTimeout(() => element.isConnected && region.append(element), 100);
}
document.addEventListener("htmx:after:swap", rise);
document.addEventListener("close", rise, true);
forEach(".toast", live);
