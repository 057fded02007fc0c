// The content editor: a preview that follows the typing, fields put where the cursor is, lines to jump to.
import { enhance } from "../code-editor.js";
import { forEach } from "../dom.js";

const PAUSE = 600; // ms without a key before the preview is made again
const editors = new Map(); // text area → the code editor over it

forEach("textarea[data-code]", (field) => editors.set(field, enhance(field)));
forEach("#content-findings", (findings) => {
  for (const [field, code] of editors) {
    const own = [...findings.querySelectorAll(`[data-of="${field.name}"]`)];
    code.mark(
      own.map((one) => ({
        line: Number(one.dataset.line),
        severity: one.dataset.severity,
        message: [...one.closest(".finding").querySelectorAll(".finding-text p")]
          .map((line) => line.textContent.trim())
          .join("\n"),
      })),
    );
  }
});

forEach("[data-editor]", (editor) => {
  const form = editor.closest("form");
  const show = editor.querySelector("[data-preview]");
  const frames = editor.querySelector("[data-frames]");
  const source = editor.querySelector("[data-source]");
  let timer = 0;
  let count = 0; // previews made
  let last = source; // where a merge field goes

  /** Posts the form into a fresh frame behind the present one: no flicker, no entry in the history. */
  function refresh() {
    clearTimeout(timer);
    const present = frames.firstElementChild;
    for (const waiting of [...frames.children].slice(1)) waiting.remove();
    const next = present.cloneNode();
    next.removeAttribute("src");
    // A frame keeps the name it was born with, so each has its own.
    count += 1;
    next.name = `content-preview-${count}`;
    show.formTarget = next.name;
    frames.append(next);
    next.addEventListener("load", () => {
      if (!next.isConnected) return;
      present.remove();
    });
    // The frame's own first, empty page is loaded by now; the next load is the preview.
    form.requestSubmit(show);
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(refresh, PAUSE);
  }

  editor.addEventListener("focusin", ({ target }) => {
    const coded = [...editors].find(([, code]) => code.host === target);
    if (coded) last = coded[0];
    else if (target.matches("[data-takes-fields]")) last = target;
  });
  editor.addEventListener("input", ({ target }) => {
    if (target.matches("[data-takes-fields]")) later();
  });
  editor.addEventListener("change", ({ target }) => {
    if (target.matches("[data-refresh], [name=format]")) refresh();
  });
  editor.addEventListener("click", ({ target }) => {
    const field = target.closest("[data-insert]");
    if (field) insert(last, field.dataset.insert);
    const jump = target.closest("[data-line]");
    if (jump) goTo(form.elements[jump.dataset.of], Number(jump.dataset.line));
    const fill = target.closest("[data-fill]");
    if (fill) replace(form.elements[fill.dataset.fill], fill.dataset.with);
    const view = target.closest("[data-view]");
    if (view) look(view.dataset.view);
  });

  function look(view) {
    const buttons = [...editor.querySelectorAll("[data-view]")];
    const button = buttons.find((one) => one.dataset.view === view);
    const press = (one, isOn) => one.setAttribute("aria-pressed", String(isOn));
    if (view === "dark") {
      press(button, frames.classList.toggle("is-dark"));
      return;
    }
    frames.classList.toggle("is-phone", view === "phone");
    for (const one of buttons) if (one.dataset.view !== "dark") press(one, one === button);
  }
});

/** Puts text at the cursor, as if typed, so that undo knows it. */
function insert(field, text) {
  if (editors.has(field)) {
    editors.get(field).insert(text);
    return;
  }
  field.focus();
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Gives a field another value, and says so. */
function replace(field, text) {
  field.value = text;
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Selects a line of a text area and brings it into view. */
function goTo(field, line) {
  if (editors.has(field)) {
    editors.get(field).goTo(line);
    return;
  }
  const lines = field.value.split("\n");
  const before = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  field.closest("details")?.setAttribute("open", "");
  field.focus();
  field.setSelectionRange(before, before + (lines[line - 1] ?? "").length);
  field.scrollTop = (field.scrollHeight / lines.length) * Math.max(0, line - 6);
}
