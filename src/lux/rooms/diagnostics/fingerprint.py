"""Tells which errors are the same: by type and our own innermost frames, not by line numbers or values."""

from __future__ import annotations

import hashlib
import re
import traceback
from pathlib import Path
from typing import Final

import lux

VERSION: Final = "v1"
_FRAMES: Final = 8  # innermost own frames of each exception
_OWN: Final = str(Path(lux.__file__).parent)
_SHAPES: Final = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<uuid>"),
    (re.compile(r"https?://\S+"), "<url>"),
    (re.compile(r"[\w.+-]{1,64}@[\w.-]{1,200}"), "<mail>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b"), "<ip>"),
    (re.compile(r"(?:/[\w.-]+){2,}"), "<path>"),
    (re.compile(r"'[^']*'|\"[^\"]*\""), "<text>"),
    (re.compile(r"\b0x[0-9a-f]+\b|\b[0-9a-f]{12,}\b", re.IGNORECASE), "<hex>"),
    (re.compile(r"\d+"), "<number>"),
)


def fingerprint(error: BaseException) -> str:
    """Return `v1:` and a hash over the chain of exceptions, from the root cause on.

    The version is stored with it, so that a later way of grouping never regroups what is there.
    """
    parts = [_describe(one) for one in _chain(error)]
    return f"{VERSION}:{hashlib.sha256('||'.join(parts).encode()).hexdigest()[:40]}"


def place(error: BaseException) -> str:
    """Return the innermost own frame as `module.function`, empty when none of the frames is ours."""
    frames = _own_frames(error)
    return f"{_module(frames[-1].filename)}.{frames[-1].name}" if frames else ""


def parameterised(message: str) -> str:
    """Return a message without the values in it."""
    for pattern, word in _SHAPES:
        message = pattern.sub(word, message)
    return message[:500]


def _describe(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    frames = _own_frames(error)
    if not frames:
        return f"{kind}|{parameterised(str(error))}"
    lines: list[str] = []
    for frame in frames[-_FRAMES:]:
        line = f"{_module(frame.filename)}|{frame.name}|{' '.join((frame.line or '').split())}"
        if line not in lines[-1:]:  # a recursion of any depth is one
            lines.append(line)
    detail = f"{getattr(error, 'provider', '')}|{getattr(error, 'code', '')}" if hasattr(error, "provider") else ""
    return "|".join([kind, detail, *lines])


def _chain(error: BaseException) -> list[BaseException]:
    """Return the exception and its causes, the root first."""
    found: list[BaseException] = []
    present: BaseException | None = error
    while present is not None and present not in found:
        found.append(present)
        present = present.__cause__ or (None if present.__suppress_context__ else present.__context__)
    return found[::-1]


def _own_frames(error: BaseException) -> list[traceback.FrameSummary]:
    return [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(_OWN)]


def _module(filename: str) -> str:
    return ".".join(("lux", *Path(filename).relative_to(_OWN).with_suffix("").parts))
