// The place to drop a file: the real input lies over it, so that dropping, pressing and the keyboard all work.
import { forEach } from "./dom.js";

const UNITS = ["B", "KB", "MB", "GB"];

function size(bytes) {
  const step = bytes ? Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1) : 0;
  const value = bytes / 1024 ** step;
  return `${value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: step ? 1 : 0 })} ${UNITS[step]}`;
}

forEach("[data-file-drop]", (drop) => {
  const input = drop.querySelector("input[type=file]");
  const name = drop.querySelector(".file-drop-name");
  drop.classList.add("is-enhanced");
  for (const event of ["dragenter", "dragover"])
    drop.addEventListener(event, () => drop.classList.add("is-over"));
  for (const event of ["dragleave", "drop"])
    drop.addEventListener(event, () => drop.classList.remove("is-over"));
  input.addEventListener("change", () => {
    name.textContent = [...input.files]
      .map((file) => `${file.name} (${size(file.size)})`)
      .join(", ");
  });
});
