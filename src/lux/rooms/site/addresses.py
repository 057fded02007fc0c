"""What is kept of a page's address: host, path without what looks like a secret or a person, and utm_ parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

LONGEST_PATH: Final = 200
HIDDEN: Final = "…"
_UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_WORDS: Final = re.compile(r"[\W_]+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class Page:
    """Where something happened."""

    host: str = ""
    path: str = ""
    utm: dict[str, str] = field(default_factory=dict)  # without the prefix

    @property
    def name(self) -> str:
        """Return host and path."""
        return f"{self.host}{self.path}"


def clean(text: str, most: int) -> str:
    """Return one line of text that every database holds, cut to a length."""
    return " ".join(_CONTROL.sub(" ", text).split())[:most]


def host_of(url: str) -> str:
    """Return the host of a web address, lower case; "" when there is none."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    return clean(host, 253) if parts.scheme in {"http", "https"} else ""


def read_page(url: str) -> Page:
    """Return what is kept of a page's address."""
    host = host_of(url)
    if not host:
        return Page()
    parts = urlsplit(url)
    given = dict(parse_qsl(parts.query[:2000], max_num_fields=50))
    utm = {name.removeprefix("utm_"): clean(given[name], 100) for name in _UTM if clean(given.get(name, ""), 100)}
    return Page(host=host, path=_path(parts.path), utm=utm)


def covering(host: str, domains: Iterable[str]) -> str:
    """Return the domain that a host is or lies below, the longest one; "" when there is none."""
    fitting = [one for one in domains if host == one or host.endswith(f".{one}")]
    return max(fitting, key=len, default="")


def _path(path: str) -> str:
    parts = [_part(clean(unquote(part), 200)) for part in path.split("/")]
    return ("/".join(parts) or "/")[:LONGEST_PATH]


def _part(part: str) -> str:
    """Hide e-mail addresses and what is a token rather than words: addresses of pages may hold both."""
    if "@" in part:
        return HIDDEN
    longest = max((len(word) for word in _WORDS.split(part) if any(sign.isdigit() for sign in word)), default=0)
    return HIDDEN if longest >= 20 else part
