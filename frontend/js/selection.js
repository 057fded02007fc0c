// Selected rows: all of them at once, a range with Shift, and the bar that says what can be done with them.
import { forEach } from "./dom.js";

const boxes = () => [...document.querySelectorAll("[data-select-row]")];
let last = null;

function update() {
  const all = boxes();
  const chosen = all.filter((box) => box.checked);
  for (const box of all) box.closest("tr")?.classList.toggle("is-selected", box.checked);
  for (const bar of document.querySelectorAll("[data-bulk-bar]")) {
    bar.classList.toggle("is-active", chosen.length > 0);
    for (const count of bar.querySelectorAll("[data-bulk-count]")) {
      count.textContent = chosen.length.toLocaleString(document.documentElement.lang);
    }
  }
  for (const head of document.querySelectorAll("[data-select-all]")) {
    head.checked = all.length > 0 && chosen.length === all.length;
    head.indeterminate = chosen.length > 0 && chosen.length < all.length;
  }
}

document.addEventListener("click", (event) => {
  const box = event.target;
  if (!box.matches?.("[data-select-row]")) return;
  const all = boxes();
  if (event.shiftKey && last?.isConnected) {
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    for (const one of all.slice(from, to + 1)) one.checked = box.checked;
  }
  last = box;
  update();
});
document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-select-all]")) {
    for (const box of boxes()) box.checked = event.target.checked;
  }
  if (event.target.matches?.("[data-select-all], [data-select-row]")) update();
});
forEach("[data-select-all]", update);
