"""Secrets that tests plant, to find them where they must not be: in pages, logs, rows, files."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from tests.factories import Firm, Installation

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


# Where LUX writes words down that somebody reads later: no secret that a test has made may stand there afterwards.
READ_LATER = ("error_group", "error_log", "job", "notification", "approval_audit_log", "audit_words")
# Whatever writes words for a model (a prompt, a tool's answer) is named here by whoever builds it, as a function of
# (installation, company) that yields (name, bytes): tests/house/test_canaries.py then looks into each of them.
PROMPT_WRITERS: tuple[Callable[[Installation, Firm], Iterable[tuple[str, bytes]]], ...] = ()


def left_in(lux: Installation) -> list[str]:
    """Return the tables in which a secret stands that was made since the last test ended."""
    from sqlalchemy import select

    from lux.kit.db import ALL_COMPANIES, Base

    values, found = made(), []
    with lux.db.read(ALL_COMPANIES) as session:
        for name in READ_LATER:
            rows = session.execute(select(Base.metadata.tables[name])).all()
            text = " ".join(str(tuple(row)) for row in rows)
            found += [f"{name}: …{value[-4:]}" for value in found_in(text, values)]
    return found
