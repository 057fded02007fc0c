"""What the tests of the newsletter share: the mails that were captured, and the links in them."""

from __future__ import annotations

import email
import email.policy
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.factories import Installation


def mails(lux: Installation) -> list[tuple[str, str]]:
    """Send what waits; return (recipient, text) of all captured mails, the oldest first."""
    lux.work()
    files = sorted((lux.settings.home / "mailbox").rglob("*.eml"), key=lambda path: int(path.stem))
    found = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in files]
    return [(str(one["To"]), one.get_body(("plain",)).get_content()) for one in found]  # type: ignore[union-attr]


def link(text: str) -> str:
    """Return the path of the confirming link in a mail."""
    found = re.search(r"https?://[^/\s]+(/confirm/[\w-]+)", text)
    assert found is not None, text
    return found[1]
