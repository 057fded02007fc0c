// Native dialogs: opened by [data-dialog], closed by [data-dialog-close] or a press beside them; focus goes back.
import { forEach, onClick } from "./dom.js";

const openers = new WeakMap();

/** Opens a dialog and remembers who asked for it. */
export function open(dialog, opener = document.activeElement) {
  if (!dialog || dialog.open) return;
  // A menu closes when one of its items opens a dialog; its button then gets the focus back.
  const menu = opener?.closest?.("[popover]");
  const home = menu ? document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`) : opener;
  menu?.hidePopover();
  openers.set(dialog, home);
  dialog.showModal();
  const first = dialog.querySelector(
    "[autofocus], [aria-invalid=true], .dialog-body :is(input:not([type=hidden]), select, textarea)",
  );
  first?.focus();
}

function goBack(dialog) {
  const home = openers.get(dialog);
  openers.delete(dialog);
  const target = home?.isConnected ? home : document.getElementById("main");
  target?.focus();
}

onClick("[data-dialog]", (opener, event) => {
  const dialog = document.getElementById(opener.dataset.dialog);
  if (!dialog) return;
  event.preventDefault();
  open(dialog, opener);
});
onClick("[data-dialog-close]", (button) => button.closest("dialog")?.close());
onClick("dialog", (dialog, event) => {
  if (event.target !== dialog) return;
  const box = dialog.getBoundingClientRect();
  const inside =
    event.clientX >= box.left &&
    event.clientX <= box.right &&
    event.clientY >= box.top &&
    event.clientY <= box.bottom;
  // A dialog with something typed into it is not closed by a slip of the pointer.
  const typed = [...dialog.querySelectorAll("input:not([type=hidden]), textarea")].some(
    (field) => field.value !== field.defaultValue,
  );
  if (!inside && (event.clientX || event.clientY) && !typed) dialog.close();
});

forEach("dialog", (dialog) => {
  dialog.addEventListener("close", () => goBack(dialog));
  if ("open" in dialog.dataset) open(dialog, document.getElementById("main"));
});

// A link that opens a dialog is a button to those who hear the page.
forEach("a[data-dialog]", (link) => {
  link.setAttribute("role", "button");
  link.setAttribute("aria-haspopup", "dialog");
  link.addEventListener("keydown", (event) => {
    if (event.key === " ") {
      event.preventDefault();
      link.click();
    }
  });
});

// What can't be undone is typed: its button wakes when the word is there. The server compares it again.
const digits = (text) => text.replace(/[\s.,'’]/g, "");

/** Numbers may be typed with their separators; names are compared as they are. */
const matches = (typed, wanted) =>
  /^\d+$/.test(wanted) ? digits(typed) === wanted : typed.trim() === wanted;

forEach("form[data-typed]", (form) => {
  const field = form.elements.confirmation;
  const submit = form.querySelector("[type=submit]");
  const same = () => {
    submit.disabled = !matches(field.value, form.dataset.typed);
  };
  field.addEventListener("input", same);
  form.closest("dialog")?.addEventListener("close", () => {
    form.reset();
    same();
  });
  same();
});
