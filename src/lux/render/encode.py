"""Quoted-printable for mail bodies, fast, and in pieces that can be put together (RFC 2045, 6.7)."""

from __future__ import annotations

import re
from binascii import b2a_qp

SOFT_BREAK = b"=\r\n"
MAX_LINE = 76
_SIMPLE = re.compile(rb"[!-<>-~ ]{1,72}")


def crlf(text: str) -> bytes:
    """Return UTF-8 with CRLF line ends; lone surrogates become question marks."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\n", "\r\n").encode("utf-8", "replace")


def qp(raw: bytes) -> bytes:
    """Return bytes with CRLF line ends as quoted-printable, lines of at most 76 characters."""
    encoded = b2a_qp(raw, istext=True)
    # Without a CRLF in the input the soft breaks come out as bare LF.
    return encoded if b"\r\n" in raw else encoded.replace(b"\n", b"\r\n")


def qp_value(text: str) -> bytes:
    """Return a value encoded to stand at the beginning of a line, ended by a soft break; nothing for nothing."""
    raw = crlf(text)
    if _SIMPLE.fullmatch(raw):
        return raw + SOFT_BREAK
    return softly_ended(qp(raw))


def softly_ended(encoded: bytes) -> bytes:
    """Return encoded bytes ended by a soft break, unless they are empty or end a line already."""
    if not encoded or encoded.endswith(b"\r\n"):
        return encoded
    last = encoded[encoded.rfind(b"\n") + 1 :]
    if len(last) < MAX_LINE:
        return encoded + SOFT_BREAK
    # A full line has no room for the "=": break it earlier, but not inside an escape like =C3.
    cut = len(last) - 8
    escape = last.rfind(b"=", cut - 2, cut)
    cut = len(encoded) - len(last) + (escape if escape >= 0 else cut)
    return encoded[:cut] + SOFT_BREAK + encoded[cut:] + SOFT_BREAK
