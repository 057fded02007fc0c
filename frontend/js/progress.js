// Long work: a stream of events moves the bar, polling stands in when it breaks, quarters are read aloud once.
import { forEach, say, word } from "./dom.js";
import htmx from "./htmx.js";

const PAUSE = 2000; // milliseconds between two questions
const told = new Map();

function tell(id, label, share) {
  const quarter = Math.floor(share * 4);
  if (!Number.isFinite(share) || (told.get(id) ?? 0) >= quarter) return;
  told.set(id, quarter);
  say(`${label}: ${quarter * 25} ${word("percentDone")}`);
}

function refresh(block) {
  return htmx.ajax("GET", block.dataset.poll, { target: block, swap: "outerHTML" });
}

function poll(block) {
  const timer = setInterval(() => {
    if (!block.isConnected) clearInterval(timer);
    else refresh(block);
  }, PAUSE);
}

function follow(block) {
  const bar = block.querySelector("progress");
  const stream = new EventSource(block.dataset.stream);
  stream.addEventListener("progress", (event) => {
    if (!block.isConnected) {
      stream.close();
      return;
    }
    const { done, total, count } = JSON.parse(event.data);
    if (total) {
      bar.max = total;
      bar.value = done;
      tell(block.id, block.dataset.label, done / total);
    }
    if (count) block.querySelector(".progress-count").textContent = count;
  });
  stream.addEventListener("end", () => {
    stream.close();
    refresh(block);
  });
  stream.addEventListener("error", () => {
    stream.close();
    poll(block);
  });
}

forEach("[data-progress]", (block) => {
  const bar = block.querySelector("progress");
  tell(block.id, block.dataset.label, bar.position < 0 ? Number.NaN : bar.position);
  if (block.dataset.stream) follow(block);
});
