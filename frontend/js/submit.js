// A form is sent once: a second press while the first is on its way does nothing. Coming back to the page frees it.
const FREED = 5000; // milliseconds; an answer that is a download leaves the page where it is

const free = (form) => {
  delete form.dataset.sent;
  form.removeAttribute("aria-busy");
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  // htmx sends its forms itself and queues them; a dialog's own form goes nowhere.
  if (event.defaultPrevented || form.method === "dialog" || form.matches("[hx-get], [hx-post]"))
    return;
  // What goes into a frame (a preview) leaves the page and its form where they are.
  if (event.submitter?.formTarget) return;
  if ("sent" in form.dataset) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "";
  form.setAttribute("aria-busy", "true");
  setTimeout(free, FREED, form);
});

addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.querySelectorAll("form[data-sent]")) free(form);
});
