// lux.js: what a company puts into the pages of its own website. Nothing is stored and nobody is named
// before the visitor's yes; without it nothing is sent either. The server hands in `LUX_SITE`:
// u = where to send, m = "banner" | "tool", s = signals count, w = the banner's words.
// docs/howto/site-tracking.md tells what it offers: lux("event" | "conversion" | "page" | "consent" | "ask", …).
// biome-ignore lint/correctness/noUndeclaredVariables: a parameter of the function the server puts around this
const site = LUX_SITE;
const KEY = "lux";
const DAY = 864e5;
const KEPT_DAYS = { yes: 390, no: 180 }; // afterwards the visitor is asked again
const SECRET = /pass|pwd|secret|token|otp|\bpin\b|card|cvc|cvv|iban|ssn/i;

const page = window;
const early = page.lux?.q || [];
const today = Math.floor(Date.now() / DAY);
const hasRefused = site.s && (navigator.globalPrivacyControl || navigator.doNotTrack === "1");

let visitor = ""; // the browser's number, once there is a yes
let answer = ""; // yes | no | "" = not asked
let waiting = []; // in memory alone, until the answer is there
let leaving = [];
let banner;

/** Takes a word of ours out of the address bar, whatever the visitor answers; returns it. */
function taken(name) {
  const found = new RegExp(`([?&#])${name}=([\\w-]+)(&?)`).exec(location.href);
  if (!found) return "";
  const rest = found[3] && found[1] !== "&" ? found[1] : found[3];
  history.replaceState(history.state, "", location.href.replace(found[0], rest));
  return found[2];
}

let identity = taken("lux_id");
const look = taken("lux_check");

function stored(value) {
  try {
    if (value === undefined) return (localStorage.getItem(KEY) || "").split(".");
    if (value) localStorage.setItem(KEY, `${value}.${today}`);
    else localStorage.removeItem(KEY);
  } catch {
    // A browser that keeps nothing: the answer holds for this page.
  }
  return [];
}

function post(body) {
  const text = JSON.stringify(body);
  if (page.Request && "keepalive" in Request.prototype) {
    return fetch(site.u, { method: "POST", body: text, keepalive: true, credentials: "omit" });
  }
  navigator.sendBeacon(site.u, text);
  return Promise.reject();
}

const quietly = () => {};

function flush() {
  while (leaving.length) {
    post({ v: visitor, e: leaving.splice(0, 20), i: identity }).catch(quietly);
    identity = "";
  }
}

/** The page's address without what is not a campaign's: queries hold orders, addresses, keys. */
function address(path) {
  const kept = location.search
    .slice(1)
    .split("&")
    .filter((pair) => pair.startsWith("utm_"));
  return location.origin + (path || location.pathname) + (kept.length ? `?${kept.join("&")}` : "");
}

function note(item, path) {
  if (hasRefused || answer === "no") return;
  item.u = address(path);
  if (answer) {
    if (!leaving.length) setTimeout(flush);
    leaving.push(item);
  } else if (waiting.length < 20) waiting.push(item);
}

function view(path) {
  note({ t: "view", r: document.referrer.split("/", 3).join("/") }, path);
}

function number() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
}

function consent(isGiven) {
  banner?.remove();
  banner = undefined;
  if (isGiven) {
    if (hasRefused || answer === "yes") return;
    answer = "yes";
    visitor = number();
    stored(visitor);
    for (const item of waiting) leaving.push(item);
    flush();
  } else {
    if (visitor) post({ v: visitor, e: [{ t: "withdraw" }] }).catch(quietly);
    answer = "no";
    visitor = identity = "";
    leaving = [];
    stored(site.m === "banner" ? "no" : "");
  }
  waiting = [];
}

function element(name, text, style) {
  const made = document.createElement(name);
  made.textContent = text;
  made.style.cssText = style;
  return made;
}

/** A box at the bottom, in the colours of the visitor's own system. */
function box(text) {
  const made = element(
    "div",
    text,
    "position:fixed;z-index:2147483647;inset:auto 16px 16px;max-width:480px;margin:auto;padding:16px;" +
      "border:1px solid;border-radius:10px;color-scheme:light dark;background:Canvas;color:CanvasText;" +
      "font:15px/1.45 system-ui,sans-serif",
  );
  made.setAttribute("role", "region");
  made.setAttribute("aria-label", site.w.label);
  document.body.append(made);
  return made;
}

function ask() {
  if (banner || hasRefused) return;
  banner = box(`${site.w.text} `);
  if (site.w.url) {
    const more = element("a", site.w.more, "color:LinkText");
    more.href = site.w.url;
    banner.append(more);
  }
  const row = element("div", "", "display:flex;gap:8px;flex-wrap:wrap;margin-top:12px");
  for (const [text, isGiven] of [
    [site.w.no, false],
    [site.w.yes, true],
  ]) {
    const button = element(
      "button",
      text,
      "flex:1;min-height:44px;padding:8px 12px;border:1px solid;border-radius:6px;font:inherit;" +
        "background:ButtonFace;color:ButtonText;cursor:pointer",
    );
    button.type = "button";
    button.onclick = () => consent(isGiven);
    row.append(button);
  }
  banner.append(row);
}

/** What was typed into a form that carries data-lux-form; never passwords, cards, hidden fields, files. */
function submitted(event) {
  const form = event.target;
  const name = form.getAttribute?.("data-lux-form");
  if (name === null || name === undefined) return;
  const fields = {};
  for (const one of form.elements) {
    const key = one.getAttribute("data-lux-field") || one.name;
    if (
      key &&
      one.value &&
      !/^(password|hidden|file|submit|button|reset|image)$/.test(one.type) &&
      !/cc-|password|one-time/.test(one.autocomplete) &&
      !SECRET.test(`${one.name} ${one.id} ${key}`) &&
      !one.closest("[data-lux-ignore]") &&
      (one.checked || !/^(checkbox|radio)$/.test(one.type)) &&
      Object.keys(fields).length < 20
    ) {
      fields[key.slice(0, 100)] = one.value.slice(0, 500);
    }
  }
  note({ t: "form", n: name.slice(0, 100), f: fields });
  flush(); // the page may be left now
}

function lux(verb, name, more) {
  if (verb === "consent") consent(name === true);
  else if (verb === "ask") ask();
  else if (verb === "page") view(name);
  else note({ t: verb, n: String(name), p: more || {} });
}

function begin() {
  const [first, day] = stored();
  const kind = first === "no" ? "no" : "yes";
  if (first && today - day < KEPT_DAYS[kind]) {
    answer = kind;
    if (kind === "yes") visitor = first;
  }
  document.addEventListener("submit", submitted, true);
  if (look) {
    post({ c: look, u: address() })
      .then((told) => told.json())
      .then((told) => setTimeout((shown) => shown.remove(), 9e3, box(told.say || told.message)))
      .catch(quietly);
  }
  view();
  page.lux = lux;
  for (const call of early) lux(...call);
  if (!answer && site.m === "banner") ask();
}

if (document.body) begin();
else document.addEventListener("DOMContentLoaded", begin);
