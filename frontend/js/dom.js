// What the other modules share: words from the page, calls on elements that are there now or come later.

const words = document.getElementById("words")?.dataset ?? {};

/** The translated words that the page hands to scripts (parts/words.html). */
export const word = (name) => words[name] ?? "";

/** Calls `act(element, event)` for a click on, or inside, anything that matches. */
export function onClick(selector, act) {
  document.addEventListener("click", (event) => {
    const element = event.target.closest?.(selector);
    if (element) act(element, event);
  });
}

/** Calls `act(element)` once for each matching element, now and whenever htmx brings new ones. */
export function forEach(selector, act) {
  const seen = new WeakSet();
  const look = (root) => {
    const found = [...root.querySelectorAll(selector)];
    if (root.matches?.(selector)) found.unshift(root);
    for (const element of found) {
      if (!seen.has(element)) {
        seen.add(element);
        act(element);
      }
    }
  };
  look(document.body);
  document.addEventListener("htmx:after:swap", () => look(document.body));
}

/** Says something to screen readers without showing it. */
export function say(text) {
  const live = document.getElementById("live");
  if (!live) return;
  live.textContent = "";
  // A region that changes twice in one turn is read once, or not at all.
  setTimeout(() => {
    live.textContent = text;
  }, 50);
}

/** Makes an icon from the sprite that the page already uses. */
export function icon(name, size = 16) {
  const space = "http://www.w3.org/2000/svg";
  const sprite = document.querySelector("svg.icon use")?.getAttribute("href").split("#")[0];
  const svg = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  for (const [key, value] of Object.entries({
    class: "icon",
    width: size,
    height: size,
    viewBox: "0 0 24 24",
  })) {
    svg.setAttribute(key, value);
  }
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

const FIELDS =
  "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable], [data-typing]";

/** True while a person types, so that a letter is a letter. */
export const isTyping = (target) =>
  Boolean(target?.closest?.(FIELDS)) && !target.closest("dialog:not([open])");
