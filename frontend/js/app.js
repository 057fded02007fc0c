// Loaded on every page: htmx and the Bootstrap behaviours in use.
import "bootstrap";
import htmx from "htmx.org";

window.htmx = htmx;
