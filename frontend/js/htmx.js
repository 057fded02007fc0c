// htmx 4 as the pages use it: CSRF on every request, errors as toasts, no history cache, nothing evaluated.
import htmx from "htmx.org";
import { word } from "./dom.js";
import { toast } from "./toasts.js";

htmx.config.history = "reload"; // Back loads the page: its modules run again
htmx.config.defaultSettleDelay = 0;

const SAFE = /^(GET|HEAD)$/;
const SHOWN = new Set([409, 422]); // a form that comes back with its problems

document.addEventListener("htmx:config:request", (event) => {
  const { request } = event.detail.ctx;
  const token = document.querySelector('meta[name="csrf-token"]')?.content;
  if (token && !SAFE.test(request.method)) request.headers["X-CSRFToken"] = token;
});

/** An error page never replaces a part of the page: unless the server says where it goes, it becomes a toast. */
document.addEventListener("htmx:before:swap", (event) => {
  const { response, hx } = event.detail.ctx;
  if (!response || response.status < 400 || SHOWN.has(response.status) || hx?.retarget) return;
  event.preventDefault();
  const kind = { 401: "signedOut", 403: "forbidden" }[response.status] ?? "failed";
  toast(word(kind), "bad", word(`${kind}Fix`));
});

// What is about to change says so; a part that asks for itself (a progress bar) stays calm.
document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = event.detail;
  if (ctx.target === ctx.sourceElement) return;
  ctx.waiting = ctx.target; // the answer may send itself elsewhere
  ctx.waiting?.setAttribute("aria-busy", "true");
});
document.addEventListener("htmx:finally:request", (event) => {
  event.detail.ctx.waiting?.removeAttribute("aria-busy");
});

/** No answer at all: the network, or a server that is away. */
document.addEventListener("htmx:error", (event) => {
  if (event.detail.ctx?.status?.startsWith?.("error"))
    toast(word("offline"), "bad", word("offlineFix"));
});

export default htmx;
