// Show and hide a password.
import { icon, onClick, word } from "./dom.js";

onClick("[data-reveal]", (button) => {
  const field = document.getElementById(button.dataset.reveal);
  const shown = field.type === "password";
  field.type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", String(shown));
  button.setAttribute("aria-label", word(shown ? "hide" : "show"));
  button.replaceChildren(icon(shown ? "eye-off" : "eye", 15));
  field.focus();
});
