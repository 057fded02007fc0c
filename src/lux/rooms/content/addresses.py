"""Where the library's pictures are: their addresses in messages, and their keys in the file store."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Final

from lux.render.pictures import NAME

FOLDER: Final = "media"  # of the file store

# A picture as content names it: from the root (so that moving house breaks nothing), or with an address before it.
_FOUND: Final = re.compile(
    r"""(?:(?P<host>https?://[^/\s"'<>()]+)|(?<![\w./-]))(?P<path>/m/(?P<id>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})"""
    rf"/(?P<name>{NAME.pattern}))"
)


def path_of(public_id: uuid.UUID, name: str) -> str:
    """Return the address of a file, from the root."""
    return f"/m/{public_id}/{name}"


def key_of(public_id: uuid.UUID, name: str) -> str:
    """Return the key of a file in the store."""
    return f"{FOLDER}/{public_id}/{name}"


def named_in(text: str, base_url: str = "") -> Iterator[tuple[uuid.UUID, str]]:
    """Yield each picture a text names, once: public id and file name; those of other servers are not ours."""
    seen: set[tuple[uuid.UUID, str]] = set()
    for found in _FOUND.finditer(text):
        one = (uuid.UUID(found["id"]), found["name"])
        if one not in seen and found["host"] in {None, base_url.rstrip("/")}:
            seen.add(one)
            yield one


def absolute(text: str, base_url: str) -> str:
    """Return the text with our pictures' whole addresses, as mails need them."""
    base = base_url.rstrip("/")
    return _FOUND.sub(lambda found: found[0] if found["host"] else base + found["path"], text) if base else text
