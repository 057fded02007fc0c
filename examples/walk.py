"""What one step of the walk leaves for the next, and how a step waits for what happens in the background."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from examples.browser import Browser
from examples.letters import Letter, letters
from examples.page import Element, Page, PageError
from examples.server import Server

PATIENCE: Final = 60.0  # seconds for background work


class StepFailed(Exception):
    """A step did not do what it says; the message says which, and why."""


@dataclass
class Walk:
    """What one step leaves for the next."""

    server: Server
    say: Callable[[str], None] = print
    browser: Browser = field(init=False)
    company: str = ""
    email: str = ""
    password: str = ""
    campaign: str = ""  # path of its page
    approval: str = ""
    recipients: int = 0
    did: dict[str, int] = field(default_factory=dict)  # key of a figure → how many recipients the walk made it for
    number: int = 0

    def __post_init__(self) -> None:
        """Take a fresh browser."""
        self.browser = Browser(self.server.url)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announce a step; whatever goes wrong in it names it."""
        self.number += 1
        self.say(f"\n{self.number:2}  {title}")
        try:
            yield
        except PageError as error:
            raise StepFailed(f"Step {self.number} ({title}) failed: {error}") from error

    def tell(self, words: str, place: str = "") -> None:
        """Say what happened, and where to look."""
        self.say(f"    {words}")
        if place:
            self.say(f"    → {self.browser.url(place)}")

    def wait(self, place: str, is_done: Callable[[Page], bool], what: str) -> Page:
        """Load a page again and again until something is so; raises PageError when it takes too long."""
        end_at = time.monotonic() + PATIENCE
        while True:
            page = self.browser.open(place)
            if is_done(page):
                return page
            if time.monotonic() > end_at:
                raise page.lacks(f"{what} took longer than {PATIENCE:.0f} seconds; nothing about it")
            time.sleep(0.3)

    def letter_to(self, address: str) -> Letter:
        """Wait for the newest letter to an address; raises PageError when none comes."""
        end_at = time.monotonic() + PATIENCE
        while time.monotonic() < end_at:
            found = next((one for one in letters(self.browser) if one.to == address), None)
            if found is not None:
                return found
            time.sleep(0.3)
        raise PageError(f"no mail to {address} came into the mailbox within {PATIENCE:.0f} seconds")


def part(page: Page, name: str) -> Element:
    """Return the part of a page with this id; raises PageError."""
    found = page.by_id(name)
    if found is None:
        raise page.lacks(f"no part “{name}”")
    return found


def is_at_rest(page: Page, name: str) -> bool:
    """Say whether a part of a page no longer asks the server for news by itself."""
    return not part(page, name).has("hx-get")
