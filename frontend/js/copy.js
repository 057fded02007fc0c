// Copy buttons: [data-copy] holds what is copied.
import { icon, onClick, say, word } from "./dom.js";
import { toast } from "./toasts.js";

const SHOWN = 1600; // milliseconds

onClick("[data-copy]", async (button) => {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    toast(word("copyFailed"), "warn");
    return;
  }
  say(word("copied"));
  const before = [...button.childNodes];
  button.replaceChildren(icon("check", 15));
  button.classList.add("is-copied");
  setTimeout(() => {
    button.replaceChildren(...before);
    button.classList.remove("is-copied");
  }, SHOWN);
});
