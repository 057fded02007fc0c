// Parts of a form that matter for some answers only: data-shown-when="consent=column,declared".
// Without a script all of them are shown, so each says in its own words when it counts.
import { forEach } from "./dom.js";

function update(form) {
  const answers = new FormData(form);
  for (const part of form.querySelectorAll("[data-shown-when]")) {
    const [name, values] = part.dataset.shownWhen.split("=");
    const chosen = answers.getAll(name);
    part.hidden = !values.split(",").some((value) => chosen.includes(value));
  }
}

forEach("[data-shown-when]", (part) => update(part.closest("form")));
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form?.querySelector("[data-shown-when]")) update(form);
});
