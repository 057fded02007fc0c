"""Secrets that tests plant, to find them where they must not be: in pages, logs, rows, files."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest

_LEAST_BYTES = 32  # random tokens of that size are secrets; shorter ones name files and requests
_made: list[str] = []


@contextmanager
def watching() -> Iterator[None]:
    """Remember every random token that is made from now on."""
    real = secrets.token_urlsafe

    def remembered(size: int | None = None) -> str:
        token = real(size)
        if size is None or size >= _LEAST_BYTES:
            _made.append(token)
        return token

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "token_urlsafe", remembered)
        yield


def forget() -> None:
    """Forget what was made before: a test is over, and what it has said was looked at."""
    _made.clear()


def made() -> tuple[str, ...]:
    """Return the tokens made since the last test ended, and what factories hand to everybody."""
    from tests.factories import PASSWORD

    return (PASSWORD, *_made)


def forms(value: str) -> set[str]:
    """Return a secret as it could stand somewhere: plain, in an address, in Base64."""
    encoded = base64.b64encode(value.encode()).decode().rstrip("=")
    return {value, quote(value, safe=""), encoded, encoded.replace("+", "-").replace("/", "_")}


def found_in(text: str, values: Iterable[str]) -> list[str]:
    """Return the values that stand in a text."""
    return [value for value in values if value in text]
