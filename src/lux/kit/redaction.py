"""Takes secrets and personal data out of text before it is kept: by value, by name and by shape."""

from __future__ import annotations

import base64
import json
import re
import threading
import traceback
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, quote_plus

HIDDEN: Final = "[hidden]"
SHORTEST_SECRET: Final = 6  # characters; hiding shorter ones by value would eat ordinary words
LONGEST_TEXT: Final = 4_000  # characters of one logged value
LONGEST_TRACE: Final = 60_000  # characters
DEEPEST: Final = 6  # levels of nested values

_NAMES: Final = (
    r"pass(?:word|wd|phrase)|pwd|secret|token|authori[sz]ation|cookie|api[_-]?key|private[_-]?key|access[_-]?key"
    r"|master[_-]?keys?|credential|bearer|signature"
)
_SENSITIVE_KEY: Final = re.compile(_NAMES, re.IGNORECASE)
_BODY_KEYS: Final = frozenset({"body", "html", "raw", "payload", "content", "message_bytes", "form", "data"})

_SHAPES: Final = (
    (
        re.compile(
            r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}-----|\Z)",
            re.DOTALL,
        ),
        HIDDEN,
    ),
    (
        re.compile(r"\[parameters: [^\n]*"),
        "[parameters hidden]",
    ),  # SQLAlchemy prints what was bound
    (
        re.compile(r"Failing row contains [^\n]*"),
        "Failing row hidden",
    ),  # PostgreSQL prints the whole row
    (re.compile(r"(?P<keep>/)[\w-]{43}(?![\w-])"), rf"\g<keep>{HIDDEN}"),  # an address with a token of 32 bytes in it
    (re.compile(r"(?P<keep>://[^\s/:@]{0,200}:)[^\s/@]{1,500}@"), rf"\g<keep>{HIDDEN}@"),
    (
        re.compile(r"\beyJ[\w-]{5,4000}\.[\w-]{5,8000}(?:\.[\w-]{0,4000})?"),
        HIDDEN,
    ),  # JSON web tokens
    (
        re.compile(r"(?P<keep>\b(?:Bearer|Basic)\s+)[\w.~+/=-]{6,4000}", re.IGNORECASE),
        rf"\g<keep>{HIDDEN}",
    ),
    (
        re.compile(
            rf"(?P<keep>(?:{_NAMES})[\w-]{{0,40}}[\"']?\s{{0,3}}[=:]\s{{0,3}})"
            r"(?:\"[^\"\n]{1,4000}\"|'[^'\n]{1,4000}'|[^\s\"',;&)}\]]{1,4000})",
            re.IGNORECASE,
        ),
        rf"\g<keep>{HIDDEN}",
    ),
    (
        re.compile(r"[\w.!+~%-]{1,64}(?:%40|\\x40|&#64;)(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}", re.IGNORECASE),
        "[e-mail]",
    ),  # in URLs
    (re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}"), "[e-mail]"),
    (re.compile(r"(?<![\w.+-])\+\d[\d ()/-]{6,18}\d\b"), "[phone]"),
    (re.compile(r"%2B(?:\d|%20){8,20}(?!\d)", re.IGNORECASE), "[phone]"),  # in URLs
    (re.compile(r"(?<![\w.:+-])00[1-9][\d ()/-]{6,18}\d\b"), "[phone]"),
)

_lock = threading.Lock()
_secrets: tuple[str, ...] = ()  # longest first, so that no secret hides a part of another


_PEM_FRAME = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]{0,40}-----")


def register_secret(value: str | bytes) -> None:
    """Hide this value wherever it appears from now on; shorter than six characters it is left."""
    global _secrets  # noqa: PLW0603 - one list per process, replaced as a whole under the lock
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if len(text) < SHORTEST_SECRET or text in _secrets:
        return
    # The frame of a PEM key is no secret; hidden, it would hide from the pattern below where another key begins.
    kept = {form for form in _forms(text) if not _PEM_FRAME.fullmatch(form)}
    with _lock:
        _secrets = tuple(sorted({*_secrets, *kept}, key=len, reverse=True))


def redact(text: str) -> str:
    """Return the text without registered secrets and without what looks like one, or an address."""
    for secret in _secrets:
        if secret in text:
            text = text.replace(secret, HIDDEN)
    for pattern, replacement in _SHAPES:
        text = pattern.sub(replacement, text)
    return text


def redact_value(key: str, value: object, depth: int = 0) -> object:
    """Return a named value fit for a log: hidden by its name, else cleaned by its content."""
    if value is None or isinstance(value, bool):
        return value
    if _SENSITIVE_KEY.search(key):
        return HIDDEN
    if isinstance(value, int | float):
        return value
    if key.lower() in _BODY_KEYS or isinstance(value, bytes | bytearray | memoryview):
        return "[left out]"
    return _redact_content(value, depth)


def _redact_content(value: object, depth: int) -> object:
    if depth < DEEPEST and isinstance(value, Mapping):
        return {redact(str(name)): redact_value(str(name), item, depth + 1) for name, item in value.items()}
    if depth < DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [redact_value("", item, depth + 1) for item in value]
    return shorten(redact(value if isinstance(value, str) else str(value)))


def redacted_trace(error: BaseException) -> str:
    """Return the traceback as text, redacted, without local values."""
    lines = traceback.TracebackException.from_exception(error).format()
    return shorten(redact("".join(lines)), LONGEST_TRACE)


def redacted_message(error: BaseException) -> str:
    """Return what an exception says, redacted, in one paragraph."""
    words = getattr(error, "message", None)
    text = words if isinstance(words, str) and words else str(error)
    return shorten(redact(text or type(error).__name__))


def shorten(text: str, longest: int = LONGEST_TEXT) -> str:
    """Cut the middle out of a text that is longer than `longest` characters."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]} … {len(text) - 2 * half} characters left out … {text[-half:]}"


def _forms(text: str) -> set[str]:
    """Return a secret and how it looks inside URLs, JSON, Python's repr, and Base64."""
    encoded = base64.b64encode(text.encode()).decode()
    forms = {
        text,
        quote(text),
        quote(text, safe=""),
        quote_plus(text),
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        repr(text)[1:-1],
        encoded,
        encoded.rstrip("="),
        base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    }
    # A secret of several lines (a private key) is printed line by line as often as whole.
    forms.update(line.strip() for line in text.splitlines())
    return {form for form in forms if len(form) >= SHORTEST_SECRET}
