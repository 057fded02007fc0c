// Tags: a plain list becomes Tom Select when there is one on the page; the code is fetched only then.
import { forEach, word } from "./dom.js";

forEach("select[data-tags]", async (select) => {
  const { default: TomSelect } = await import("./tom-select.js");
  const canCreate = "create" in select.dataset;
  const text = (className, words) => {
    const element = document.createElement("div");
    element.className = className;
    element.textContent = words;
    return element;
  };
  const chooser = new TomSelect(select, {
    plugins: { remove_button: { title: word("remove"), label: "×" } },
    create: canCreate,
    createOnBlur: canCreate,
    persist: false,
    refreshThrottle: 0, // Enter right after the last letter takes what was typed
    maxOptions: 200,
    hidePlaceholder: true,
    placeholder: select.dataset.placeholder,
    render: {
      option_create: (data) => text("create", word("add").replace("%s", data.input)),
      no_results: () => text("no-results", word("noMore")),
    },
  });
  // The list is only what the form sends now; people and their screen readers use the field.
  select.setAttribute("aria-hidden", "true");
  // What was tied to the list is tied to the field one types into.
  for (const name of ["aria-describedby", "aria-invalid"]) {
    const value = select.getAttribute(name);
    if (value) chooser.control_input.setAttribute(name, value);
  }
});
