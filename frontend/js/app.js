// Loaded on every page behind the sign-in. Each module listens on the document, so that what htmx swaps in works at once.
import "./htmx.js";
import "./bell.js";
import "./conditions.js";
import "./copy.js";
import "./dialogs.js";
import "./files.js";
import "./keys.js";
import "./menus.js";
import "./navigation.js";
import "./palette.js";
import "./passwords.js";
import "./progress.js";
import "./selection.js";
import "./submit.js";
import "./tags.js";
import "./toasts.js";
import "./zones.js";

document.documentElement.dataset.ready = "true";
