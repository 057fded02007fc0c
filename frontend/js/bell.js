// The bell's count, asked for now and then while the page is looked at; silent when the server is away or one is signed out.
import { forEach } from "./dom.js";

const EVERY = 60_000; // milliseconds

forEach("[data-bell]", (bell) => {
  const badge = bell.querySelector("[data-bell-count]");
  const look = async () => {
    if (document.hidden) return;
    const answer = await fetch(bell.dataset.bell, {
      headers: { Accept: "application/json" },
      redirect: "manual", // signed out: the sign-in is no count
    }).catch(() => null); // no network: asked again in a minute
    if (!answer?.ok) return;
    const { count, label } = await answer.json();
    badge.textContent = count < 100 ? count : "99+";
    badge.hidden = count === 0;
    bell.setAttribute("aria-label", label);
  };
  setInterval(look, EVERY);
  bell.addEventListener("lux:look", look);
});
