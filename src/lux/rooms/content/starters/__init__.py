"""The templates LUX brings along, as MJML files beside this module."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Starter:
    """One of them; its words are the company's to change."""

    key: str
    label: Callable[[], str]
    words: Callable[[], str]  # what it is good for
    subject: Callable[[], str]
    preview_text: Callable[[], str]
    format: str = "mjml"

    @cached_property
    def source(self) -> str:
        """Return the MJML."""
        return (FOLDER / f"{self.key}.mjml").read_text(encoding="utf-8")


STARTERS = (
    Starter(
        key="newsletter",
        label=lambda: _("Newsletter"),
        words=lambda: _("A main story and two more, each with its link."),
        subject=lambda: _("What is new this month"),
        preview_text=lambda: _("The one thing to remember, and two more stories."),
    ),
    Starter(
        key="promotion",
        label=lambda: _("Promotion"),
        words=lambda: _("One large figure in your colour, a code, one button."),
        subject=lambda: _("10 % off your next order"),
        preview_text=lambda: _("Your code is inside; it is valid until the end of the month."),
    ),
    Starter(
        key="welcome",
        label=lambda: _("Welcome"),
        words=lambda: _("A greeting and three first steps."),
        subject=lambda: _("Good to have you here"),
        preview_text=lambda: _("Three small steps, and you have seen the best of it."),
    ),
    Starter(
        key="event",
        label=lambda: _("Event"),
        words=lambda: _("The date at a glance, the facts, the evening, one button."),
        subject=lambda: _("24 March: you are invited"),
        preview_text=lambda: _("When, where, and what you take home."),
    ),
    Starter(
        key="update",
        label=lambda: _("Product update"),
        words=lambda: _("What is new, what is better, what is fixed."),
        subject=lambda: _("The thing you asked for is here"),
        preview_text=lambda: _("What you can do today that you could not do yesterday."),
    ),
    Starter(
        key="minimal",
        label=lambda: _("Minimal"),
        words=lambda: _("A letter: text, one link, your name."),
        subject=lambda: _("A short note"),
        preview_text=lambda: _("Why I write, and what I would like to ask you."),
    ),
)


def starter(key: str) -> Starter:
    """Return a starter by its key; raises NotFound."""
    for found in STARTERS:
        if found.key == key:
            return found
    raise NotFound(_("There is no such starter."))
