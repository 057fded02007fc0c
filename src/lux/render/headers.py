"""Mail header lines: encoded (RFC 2047), folded (RFC 5322), and never broken by what people type."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.render.addresses import wire_domain

MAX_LINE = 76
MAX_WORD = 200  # characters without a blank; longer ones are encoded, which can be folded
WORD_BYTES = 45  # 60 characters of base64 plus 12 around it

# What would end a header, or be taken for an end by some program on the way.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_BLANKS = re.compile(" {2,}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+>")

# Ours to write: a template may not.
OWN_HEADERS = frozenset(
    {
        *("bcc", "cc", "content-transfer-encoding", "content-type", "date", "dkim-signature", "from"),
        *("list-id", "list-unsubscribe", "list-unsubscribe-post", "message-id", "mime-version", "received"),
        *("reply-to", "return-path", "sender", "subject", "to"),
    }
)


def clean(text: str) -> str:
    """Return one line without control characters: what merge data brings in must not break a header."""
    return _BLANKS.sub(" ", _CONTROL.sub(" ", text)).strip()


def check_line(text: str, *, field: str) -> str:
    """Return the text; raises InvalidInput when it holds a line break or another control character."""
    if _CONTROL.search(text):
        raise InvalidInput(
            _("There is a line break or a control character in it."), field=field, fix=_("Write it in one line.")
        )
    return text.strip()


def text_header(name: str, text: str) -> bytes:
    """Return a whole header line for free text, ended by CRLF."""
    value = clean(text)
    words = value.split(" ")
    if value.isascii() and "=?" not in value and max(map(len, words)) <= MAX_WORD:
        return _folded(name, words)
    return _folded(name, _encoded_words(value))


def address_header(name: str, address: str, display: str = "") -> bytes:
    """Return a header with one address and its display name; the address must be on-the-wire ASCII."""
    shown = clean(display)
    if not shown:
        return _folded(name, [address])
    if not shown.isascii() or "=?" in shown or len(shown) > MAX_WORD:
        return _folded(name, [*_encoded_words(shown), f"<{address}>"])
    if _ATOMS.fullmatch(shown):
        return _folded(name, [*shown.split(" "), f"<{address}>"])
    quoted = shown.replace("\\", "\\\\").replace('"', '\\"')
    return _folded(name, [*f'"{quoted}"'.split(" "), f"<{address}>"])


def plain_header(name: str, value: str) -> bytes:
    """Return a header whose value is ASCII and ours; a long one begins on its own line."""
    line = f"{name}: {value}"
    return (line if len(line) <= MAX_LINE else f"{name}:\r\n {value}").encode("ascii") + b"\r\n"


def date_header(moment: datetime) -> bytes:
    """Return the Date header of an aware moment."""
    return f"Date: {format_datetime(moment)}\r\n".encode("ascii")


def message_id_header(message_id: str) -> bytes:
    """Return the Message-ID header, its domain in punycode; raises InvalidInput for anything but <left@right>."""
    left, at, right = message_id.removesuffix(">").rpartition("@")
    wire = f"{left}{at}{wire_domain(right, field='message_id')}>" if at else ""
    if not message_id.endswith(">") or not _MESSAGE_ID.fullmatch(wire) or len(wire) > 250:
        raise InvalidInput(_("The message id is not valid."), field="message_id")
    return plain_header("Message-ID", wire)


def extra_headers(headers: Mapping[str, str]) -> bytes:
    """Return a template's own headers; raises InvalidInput for a bad name, a line break or one of ours."""
    lines = []
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or name.lower() in OWN_HEADERS or name.lower().startswith("resent-"):
            raise InvalidInput(
                _("The header “%(name)s” can't be set.", name=clean(name)[:60]),
                field="headers",
                fix=_("Take it out; LUX writes the standard headers itself."),
            )
        lines.append(text_header(name, check_line(value, field="headers")))
    return b"".join(lines)


def _encoded_words(text: str) -> list[str]:
    words = []
    chunk = b""
    for letter in text:
        raw = letter.encode("utf-8", "replace")
        if len(chunk) + len(raw) > WORD_BYTES:
            words.append(_word(chunk))
            chunk = b""
        chunk += raw
    words.append(_word(chunk))
    return words


def _word(raw: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(raw).decode('ascii')}?="


def _folded(name: str, words: list[str]) -> bytes:
    lines: list[str] = []
    line = f"{name}:"
    for word in words:
        if len(line) + 1 + len(word) > MAX_LINE and line.strip() not in {"", f"{name}:"}:
            lines.append(line)
            line = ""
        line += f" {word}"
    lines.append(line)
    return ("\r\n".join(lines) + "\r\n").encode("ascii", "replace")
