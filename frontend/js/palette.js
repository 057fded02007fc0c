// Command palette: what the page knows (navigation, actions) is filtered here; the server adds what it finds.
import { forEach, icon, say } from "./dom.js";
import { fit } from "./likeness.js";

const WAIT = 160; // milliseconds after the last letter before the server is asked
const MOST = 40;
const RECENT = 5;
const LEAST = 2; // letters before the server is asked

function part(kind, text) {
  const span = document.createElement("span");
  span.className = kind;
  span.textContent = text;
  return span;
}

function chip({ label, hue, icon: name }) {
  const box = part(`chip${hue ? ` chip-${hue}` : ""}`, "");
  box.append(icon(name, 13), part("", label));
  return box;
}

function option(item, index) {
  const row = document.createElement("div");
  row.className = "palette-option";
  row.id = `palette-option-${index}`;
  row.setAttribute("role", "option");
  row.item = item;
  row.append(icon(item.icon ?? "arrow-right"), part("palette-text", item.label));
  if (item.detail) row.append(part("palette-detail", item.detail));
  if (item.state) row.append(chip(item.state));
  for (const key of (item.keys ?? "").split(" ").filter(Boolean)) {
    const hint = document.createElement("kbd");
    hint.textContent = key;
    row.append(hint);
  }
  return row;
}

/** Shows items by group, in the order in which the groups come. */
function show(list, items) {
  const groups = new Map();
  for (const item of items) groups.set(item.group, [...(groups.get(item.group) ?? []), item]);
  list.replaceChildren();
  let index = 0;
  for (const [name, members] of groups) {
    const box = document.createElement("div");
    const head = part("palette-group", name);
    box.setAttribute("role", "group");
    head.id = `palette-group-${index}`;
    box.setAttribute("aria-labelledby", head.id);
    box.append(head, ...members.map((item) => option(item, index++)));
    list.append(box);
  }
}

async function ask(source, query, signal) {
  const url = new URL(source, location.href);
  url.searchParams.set("q", query);
  const answer = await fetch(url, { headers: { Accept: "application/json" }, signal });
  if (!answer.ok) throw new Error(`${answer.status}`);
  const { groups, missing = [] } = await answer.json();
  const items = groups.flatMap(({ label, items }) =>
    items.map((item) => ({ ...item, group: label })),
  );
  return { items, missing };
}

/** What was chosen last, in this tab and this company: names of people are not left behind in the browser. */
function memory(key) {
  const name = `lux.recent.${key}`;
  const all = () => {
    try {
      return JSON.parse(sessionStorage.getItem(name)) ?? [];
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return []; // written by another version
    }
  };
  const add = ({ label, url, icon: picture, detail }) => {
    const others = all().filter((one) => one.url !== url);
    const kept = [{ label, url, icon: picture, detail }, ...others].slice(0, RECENT);
    sessionStorage.setItem(name, JSON.stringify(kept));
  };
  return { all, add };
}

forEach("[data-palette]", (dialog) => {
  const input = dialog.querySelector("input");
  const list = dialog.querySelector("[role=listbox]");
  const none = dialog.querySelector(".palette-none");
  const problem = dialog.querySelector("[data-palette-problem]");
  const { words } = dialog.dataset;
  const source = dialog.dataset.source;
  const recent = memory(dialog.dataset.recentKey ?? "");
  const own = [...dialog.querySelector("[data-palette-items]").content.querySelectorAll("a")].map(
    (link) => ({
      label: link.textContent.trim(),
      url: link.getAttribute("href"),
      group: link.dataset.group,
      keys: link.dataset.keys,
      words: link.dataset.words ?? "",
      icon: link.querySelector("use")?.getAttribute("href").split("#")[1],
    }),
  );
  let wait;
  let asked;
  let found = [];
  let goesOnArrival = false;

  const options = () => [...list.querySelectorAll("[role=option]")];
  const choose = (row) => {
    for (const one of options()) one.setAttribute("aria-selected", String(one === row));
    if (row) input.setAttribute("aria-activedescendant", row.id);
    else input.removeAttribute("aria-activedescendant");
    row?.scrollIntoView({ block: "nearest" });
  };
  const rows = (query) => {
    if (!query) {
      const last = recent.all().map((item) => ({ ...item, group: dialog.dataset.recent }));
      return [...last, ...own];
    }
    const mine = own
      .map((item) => ({ ...item, score: fit(item.label, query) || fit(item.words, query) / 2 }))
      .filter((item) => item.score)
      .sort((a, b) => b.score - a.score);
    const everything = new URL(dialog.dataset.all || "/", location.href);
    everything.searchParams.set("q", query);
    const last = dialog.dataset.all && {
      label: `${words} “${query}”`,
      url: everything.pathname + everything.search,
      group: dialog.dataset.allLabel,
      icon: "search",
      isLast: true,
    };
    return [...mine, ...found].slice(0, MOST).concat(last || []);
  };
  const fill = () => {
    const items = rows(input.value.trim());
    show(list, items);
    none.hidden = items.some((item) => !item.isLast);
    choose(options()[0]);
  };
  const settle = (query, answer) => {
    list.removeAttribute("aria-busy");
    problem.hidden = !answer || answer.missing.length === 0;
    found = answer?.items ?? [];
    fill();
    if (!answer) problem.hidden = false;
    say(none.hidden ? `${dialog.dataset.count} ${options().length}` : none.textContent);
    if (goesOnArrival) go(options()[0]);
  };
  const search = () => {
    clearTimeout(wait);
    asked?.abort();
    goesOnArrival = false;
    problem.hidden = true;
    const query = input.value.trim();
    // what was found stays until the next answer, as far as it still fits: rows do not flicker
    found = query ? found.filter((item) => fit(`${item.label} ${item.detail ?? ""}`, query)) : [];
    fill();
    list.removeAttribute("aria-busy");
    if (!source || query.length < LEAST) return;
    list.setAttribute("aria-busy", "true");
    none.hidden = true;
    wait = setTimeout(async () => {
      asked = new AbortController();
      try {
        settle(query, await ask(source, query, asked.signal));
      } catch (error) {
        if (error.name !== "AbortError") settle(query, null);
      }
    }, WAIT);
  };
  const go = (row, isNewTab = false) => {
    if (!row) return;
    if (!row.item.isLast) recent.add(row.item);
    if (isNewTab) {
      window.open(row.item.url, "_blank", "noopener");
      return;
    }
    dialog.close();
    location.assign(row.item.url);
  };

  input.addEventListener("input", search);
  input.addEventListener("keydown", (event) => {
    const all = options();
    const here = all.findIndex((row) => row.getAttribute("aria-selected") === "true");
    const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      const isWaiting = list.hasAttribute("aria-busy") && all[here]?.item.isLast;
      if (isWaiting) goesOnArrival = true;
      else go(all[here], event.ctrlKey || event.metaKey);
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
  list.addEventListener("click", (event) => {
    go(event.target.closest(".palette-option"), event.ctrlKey || event.metaKey);
  });
  list.addEventListener("auxclick", (event) => {
    if (event.button === 1) go(event.target.closest(".palette-option"), true);
  });
  new MutationObserver(() => {
    if (!dialog.open) {
      asked?.abort();
      clearTimeout(wait);
      return;
    }
    input.value = "";
    found = [];
    problem.hidden = true;
    fill();
    input.focus();
  }).observe(dialog, { attributeFilter: ["open"] });
  fill();
});
