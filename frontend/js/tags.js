// Tags and long lists: Tom Select stands in for them when there are any; its code is fetched only then.
import { forEach, word } from "./dom.js";

/** Text as an element: Tom Select takes elements, and nothing of ours is ever parsed as HTML. */
function text(className, words) {
  const element = document.createElement("div");
  element.className = className;
  element.textContent = words;
  return element;
}

function settings(select, isMany) {
  const canCreate = "create" in select.dataset;
  return {
    plugins: isMany ? { remove_button: { title: word("remove"), label: "×" } } : {},
    create: canCreate,
    createOnBlur: canCreate,
    allowEmptyOption: !isMany, // "All", "The company’s": an empty value can be a choice
    persist: false,
    refreshThrottle: 0, // Enter right after the last letter takes what was typed
    maxOptions: null,
    hidePlaceholder: true,
    placeholder: select.dataset.placeholder,
    selectOnTab: true,
    render: {
      option_create: (data) => text("create", word("add").replace("%s", data.input)),
      no_results: () => text("no-results", word("noMore")),
    },
  };
}

forEach("select[data-tags], select[data-search]", async (select) => {
  const { default: TomSelect } = await import("./tom-select.js");
  const chooser = new TomSelect(select, settings(select, select.multiple));
  // The list is only what the form sends now; people and their screen readers use the field.
  select.setAttribute("aria-hidden", "true");
  // What was tied to the list is tied to the field one types into.
  for (const name of ["aria-describedby", "aria-invalid"]) {
    const value = select.getAttribute(name);
    if (value) chooser.control_input.setAttribute(name, value);
  }
});
