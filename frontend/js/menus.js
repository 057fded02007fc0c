// Menus are popovers that open by themselves; here they are placed beside their button and walked with the arrows.
const GAP = 4;
const EDGE = 8;

const opener = (menu) => document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`);

function place(menu) {
  const button = opener(menu);
  if (!button) return;
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const { clientWidth: pageWidth } = document.documentElement;
  const wanted = menu.dataset.menu === "start" ? at.left : at.right - width;
  const below = at.bottom + GAP + height <= innerHeight - EDGE || at.top < height + GAP + EDGE;
  menu.classList.add("is-placed");
  menu.style.inset = "auto";
  menu.style.left = `${Math.max(EDGE, Math.min(wanted, pageWidth - width - EDGE))}px`;
  menu.style.top = `${below ? at.bottom + GAP : at.top - GAP - height}px`;
}

const items = (menu) => [...menu.querySelectorAll(".menu-item:not([disabled])")];

document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (!menu.matches?.(".menu[popover]")) return;
    const isOpen = event.newState === "open";
    opener(menu)?.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) return;
    place(menu);
    items(menu)[0]?.focus();
  },
  true,
);

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".menu:popover-open");
  if (!menu) return;
  const all = items(menu);
  const here = all.indexOf(document.activeElement);
  const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: all.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  all[(to + all.length) % all.length]?.focus();
});

// A menu belongs to where its button stands: when that moves away, the menu goes.
addEventListener("resize", () => {
  for (const menu of document.querySelectorAll(".menu:popover-open")) menu.hidePopover();
});
