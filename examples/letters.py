"""Captured mails as their recipients would hold them, read through the mailbox's pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

from examples.browser import Browser
from examples.page import PageError


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One captured mail."""

    number: int  # in the mailbox
    message: EmailMessage

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers; one that is not there is empty."""
        return _Headers({name: str(value) for name, value in self.message.items()})

    @property
    def to(self) -> str:
        """Return the recipient's address."""
        return str(self.message["To"]).rpartition("<")[2].rstrip(">")

    @property
    def subject(self) -> str:
        """Return the subject."""
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """Return the plain text part."""
        return self._body("plain")

    @property
    def pixel(self) -> str:
        """Return the address of the invisible picture; raises PageError when there is none."""
        return self._first(r'src="([^"]+/o/[^"]+\.gif)"', "no picture that counts opens")

    @property
    def links(self) -> list[str]:
        """Return the addresses of the counted links; raises PageError when there are none."""
        self._first(r'href="([^"]+/c/[^"]+/\d+)"', "no counted link")
        return re.findall(r'href="([^"]+/c/[^"]+/\d+)"', self._body("html"))

    @property
    def unsubscribe(self) -> str:
        """Return the address of the one-click request (RFC 8058); raises PageError when it is not offered."""
        found = re.search(r"<(https?://[^>]+)>", self.headers["List-Unsubscribe"])
        if found is None or self.headers["List-Unsubscribe-Post"] != "List-Unsubscribe=One-Click":
            raise PageError(f"the letter to {self.to} offers no one-click unsubscribe")
        return found.group(1)

    def _first(self, pattern: str, else_say: str) -> str:
        found = re.search(pattern, self._body("html"))
        if found is None:
            raise PageError(f"the letter to {self.to} has {else_say}")
        return found.group(1)

    def _body(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return str(part.get_content()) if part else ""


class _Headers(dict[str, str]):
    """Headers by name."""

    def __missing__(self, _name: str) -> str:
        return ""


def letters(browser: Browser) -> Iterator[Letter]:
    """Yield the letters on the mailbox's first page, newest first."""
    page = browser.open("/mailbox/")
    addresses = [one.get("href") for one in page.root.all("a")]
    numbers = [found.group(1) for address in addresses if (found := re.fullmatch(r"/mailbox/(\d+)", address))]
    for number in dict.fromkeys(numbers):
        source = browser.open(f"/mailbox/{number}/source").body
        yield Letter(number=int(number), message=message_from_bytes(source, policy=policy.default))
