"""What the tests of the front door share: captured mail, and a browser that answers forms."""

from __future__ import annotations

import re
from collections.abc import Callable
from email import message_from_bytes, policy

import pytest

from tests.factories import Installation

Mails = Callable[[Installation], list[str]]


@pytest.fixture
def mails() -> Mails:
    """Return a function that sends what waits and returns the texts of all captured mails, the oldest first."""

    def read(lux: Installation) -> list[str]:
        lux.work()
        files = sorted((lux.settings.home / "mailbox").rglob("*.eml"), key=lambda path: int(path.stem))
        parsed = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]
        bodies = [message.get_body(preferencelist=("plain",)) for message in parsed]
        return [body.get_content() if body else "" for body in bodies]

    return read


@pytest.fixture
def path_in() -> Callable[[str], str]:
    """Return a function that finds the one link in a mail and returns its path."""

    def find(text: str) -> str:
        found = re.search(r"https?://[^/\s]+(/\S+)", text)
        assert found, text
        return found.group(1)

    return find
