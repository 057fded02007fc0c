"""A real Chromium, and pages that fail their test on what a visitor's console would show."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.services import run

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LOCAL_SCHEMES = ("data", "blob", "about")


def executable() -> str | None:
    """Return the path of a Chromium: LUX_BROWSER, else one on PATH."""
    named = os.environ.get("LUX_BROWSER")
    if named:
        return named
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def launched() -> Iterator[Browser]:
    """Run one browser; it is skipped (failed under CI) where none is installed."""
    path = executable()
    if path is None or not Path(path).exists():
        run.missing("no Chromium: apt-get install chromium, or name one in LUX_BROWSER")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS), headless=True)
        yield browser
        browser.close()


class Watch:
    """Collects what must not happen in a page: console errors, exceptions, foreign requests."""

    def __init__(self) -> None:
        """Start with nothing allowed."""
        self.allowed: list[str] = []
        self._faults: list[str] = []

    def allow(self, pattern: str) -> None:
        """Expect faults that match a regular expression, e.g. the 422 of a form with an error."""
        self.allowed.append(pattern)

    def faults(self) -> list[str]:
        """Return what was seen and not allowed."""
        return [fault for fault in self._faults if not any(re.search(pattern, fault) for pattern in self.allowed)]

    def attend(self, context: BrowserContext, host: str) -> None:
        """Listen to every page of a context, also to those opened later."""

        def is_foreign(url: str) -> bool:
            parts = urlsplit(url)
            return parts.scheme not in LOCAL_SCHEMES and parts.netloc != host

        def console(message: ConsoleMessage) -> None:
            place = str(message.location.get("url", ""))
            # A browser fetches the page's picture when it has time for it: perhaps when the test's server has ended.
            is_late = place.endswith("/favicon.svg") and "net::ERR_CONNECTION" in message.text
            if message.type == "error" and not is_late:
                self._faults.append(f"console: {message.text} ({place})")

        context.on("console", console)
        context.on("weberror", lambda error: self._faults.append(f"exception: {error.error}"))
        context.on(
            "request",
            lambda request: self._faults.append(f"foreign request: {request.url}") if is_foreign(request.url) else None,
        )


class Pages:
    """Opens pages of one browser for one test; each context has its own cookies."""

    def __init__(self, browser: Browser) -> None:
        """Start without an open page."""
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.watch = Watch()

    def open(self, base_url: str, **options: Any) -> Page:
        """Return a page in a context of its own: 1440 px wide, no motion, unless told otherwise."""
        settings: dict[str, Any] = {
            "viewport": {"width": 1440, "height": 900},
            "reduced_motion": "reduce",
            "base_url": base_url,
            **options,
        }
        context = self._browser.new_context(**settings)
        context.set_default_timeout(10_000)
        self._contexts.append(context)
        self.watch.attend(context, urlsplit(base_url).netloc)
        return context.new_page()

    def close(self) -> None:
        """Close everything and fail on any fault that was not allowed."""
        for context in self._contexts:
            context.close()
        faults = self.watch.faults()
        assert not faults, "the browser reported:\n" + "\n".join(faults)
