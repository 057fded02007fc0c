// Command palette: what the page knows (navigation, actions) is filtered here; the server adds what it finds.
import { forEach, icon, onClick } from "./dom.js";

const WAIT = 160; // milliseconds after the last letter before the server is asked
const MOST = 40;

/** Letters without case and accents, so that "resume" finds "Résumé". */
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** How well the words fit: 0 not at all, more is better. Each word must begin a word, or stand somewhere inside. */
function fit(label, query) {
  const text = plain(label);
  let score = 1;
  for (const part of plain(query).split(/\s+/).filter(Boolean)) {
    const at = text.indexOf(part);
    if (at < 0) return 0;
    score += at === 0 ? 4 : /\W/.test(text[at - 1]) ? 2 : 1;
  }
  return score;
}

function option(item, index) {
  const row = document.createElement("div");
  const label = document.createElement("span");
  row.className = "palette-option";
  row.id = `palette-option-${index}`;
  row.setAttribute("role", "option");
  row.dataset.url = item.url;
  label.className = "palette-text";
  label.textContent = item.label;
  row.append(item.picture ?? icon(item.icon ?? "arrow-right"), label);
  if (item.detail) {
    const detail = document.createElement("span");
    detail.className = "palette-detail";
    detail.textContent = item.detail;
    row.append(detail);
  }
  for (const key of (item.keys ?? "").split(" ").filter(Boolean)) {
    const hint = document.createElement("kbd");
    hint.textContent = key;
    row.append(hint);
  }
  return row;
}

/** Shows items by group, in the order in which the groups come. */
function show(list, items) {
  const groups = Map.groupBy ? Map.groupBy(items, (item) => item.group) : group(items);
  list.replaceChildren();
  let index = 0;
  for (const [name, members] of groups) {
    const box = document.createElement("div");
    const head = document.createElement("div");
    box.setAttribute("role", "group");
    head.className = "palette-group";
    head.id = `palette-group-${index}`;
    head.textContent = name;
    box.setAttribute("aria-labelledby", head.id);
    box.append(head, ...members.map((item) => option(item, index++)));
    list.append(box);
  }
}

function group(items) {
  const groups = new Map();
  for (const item of items) groups.set(item.group, [...(groups.get(item.group) ?? []), item]);
  return groups;
}

async function ask(source, query, signal) {
  const url = new URL(source, location.href);
  url.searchParams.set("q", query);
  const answer = await fetch(url, { headers: { Accept: "application/json" }, signal });
  if (!answer.ok) return [];
  const { groups } = await answer.json();
  return groups.flatMap(({ label, items }) => items.map((item) => ({ ...item, group: label })));
}

forEach("[data-palette]", (dialog) => {
  const input = dialog.querySelector("input");
  const list = dialog.querySelector("[role=listbox]");
  const none = dialog.querySelector(".palette-none");
  const own = [...dialog.querySelector("[data-palette-items]").content.querySelectorAll("a")].map(
    (link) => ({
      label: link.textContent.trim(),
      url: link.getAttribute("href"),
      group: link.dataset.group,
      keys: link.dataset.keys,
      svg: link.querySelector("svg"),
    }),
  );
  let wait;
  let asked;

  const options = () => [...list.querySelectorAll("[role=option]")];
  const choose = (row) => {
    for (const one of options()) one.setAttribute("aria-selected", String(one === row));
    if (row) input.setAttribute("aria-activedescendant", row.id);
    else input.removeAttribute("aria-activedescendant");
    row?.scrollIntoView({ block: "nearest" });
  };
  const fill = (found = []) => {
    const query = input.value.trim();
    const mine = own
      .map((item) => ({
        ...item,
        picture: item.svg?.cloneNode(true),
        score: fit(item.label, query),
      }))
      .filter((item) => item.score)
      .sort((a, b) => (query ? b.score - a.score : 0));
    const items = [...mine, ...found].slice(0, MOST);
    show(list, items);
    none.hidden = items.length > 0;
    choose(options()[0]);
  };
  const search = () => {
    fill();
    clearTimeout(wait);
    asked?.abort();
    const query = input.value.trim();
    if (!dialog.dataset.source || !query) return;
    wait = setTimeout(async () => {
      asked = new AbortController();
      try {
        fill(await ask(dialog.dataset.source, query, asked.signal));
      } catch (error) {
        if (error.name !== "AbortError") throw error;
      }
    }, WAIT);
  };
  const go = (row) => {
    if (!row) return;
    dialog.close();
    location.assign(row.dataset.url);
  };

  input.addEventListener("input", search);
  input.addEventListener("keydown", (event) => {
    const all = options();
    const here = all.findIndex(
      (row) => row.ariaSelected === "true" || row.getAttribute("aria-selected") === "true",
    );
    const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === "Enter") {
      event.preventDefault();
      go(all[here]);
    } else if (
      to !== undefined &&
      all.length &&
      !((event.key === "Home" || event.key === "End") && input.value)
    ) {
      event.preventDefault();
      choose(all[(to + all.length) % all.length]);
    }
  });
  list.addEventListener("pointermove", (event) => {
    const row = event.target.closest("[role=option]");
    if (row && row.getAttribute("aria-selected") !== "true") choose(row);
  });
  onClick(".palette-option", go);
  new MutationObserver(() => {
    if (!dialog.open) return;
    input.value = "";
    fill();
    input.focus();
  }).observe(dialog, { attributeFilter: ["open"] });
  fill();
});
