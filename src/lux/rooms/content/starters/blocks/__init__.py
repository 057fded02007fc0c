"""The blocks LUX brings along, as MJML files beside this module."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class ReadyMade:
    """One of them; taken into a company's library it is the company's own."""

    key: str
    label: Callable[[], str]
    words: Callable[[], str]

    @cached_property
    def source(self) -> str:
        """Return the MJML."""
        return (FOLDER / f"{self.key}.mjml").read_text(encoding="utf-8").strip()


READY_MADE = (
    ReadyMade("header", lambda: _("Header"), lambda: _("Your name, and the way to the web view.")),
    ReadyMade("button-row", lambda: _("Button row"), lambda: _("Two ways to go on, side by side.")),
    ReadyMade("two-columns", lambda: _("Two columns"), lambda: _("Two short stories; one below the other on phones.")),
    ReadyMade("product-card", lambda: _("Product card"), lambda: _("Name, price, two sentences, one button.")),
    ReadyMade("footer", lambda: _("Footer"), lambda: _("Address, unsubscribe link, and why they get this.")),
)


def ready_made(key: str) -> ReadyMade:
    """Return a ready-made block by its key; raises NotFound."""
    for found in READY_MADE:
        if found.key == key:
            return found
    raise NotFound(_("There is no such block."))
