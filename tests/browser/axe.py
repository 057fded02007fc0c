"""axe-core in the page under test: what breaks WCAG 2.2 AA, in words a failing test can print."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCRIPT = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa")

# Every rule looks at every element; left out is only the describing of what is right, which takes longer than looking.
TOLD = {"resultTypes": ["violations", "incomplete"], "selectors": False}
RUN = "([within, options, told]) => axe.run(within ?? document, options).then(found => found[told])"


@cache
def _script() -> str:
    return SCRIPT.read_text(encoding="utf-8")


def _run(page: Page, within: str | None, told: str) -> list[dict[str, Any]]:
    page.evaluate(_script() + ";undefined")
    found: list[dict[str, Any]] = page.evaluate(RUN, [within, {"runOnly": list(RULES), **TOLD}, told])
    return found


def _words(results: list[dict[str, Any]]) -> list[str]:
    words = []
    for result in results:
        for node in result["nodes"]:
            why = "; ".join(part["message"] for part in node["any"] + node["all"])
            words.append(f"{result['id']}: {node['html'][:160]} ({why[:200]})")
    return words


def violations(page: Page, within: str | None = None) -> list[str]:
    """Return each violation with its element."""
    return _words(_run(page, within, "violations"))


def undecided(page: Page, within: str | None = None) -> list[str]:
    """Return what axe could not decide: a person, or a more exact test, has to."""
    return _words(_run(page, within, "incomplete"))
