"""What a look at a template found: a code, how grave it is, words for people, and where."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Severity(enum.Enum):
    """How grave a finding is."""

    ERROR = "error"  # the mail can't be sent like this
    WARNING = "warning"  # it can, but people or filters will mind
    INFO = "info"  # worth knowing


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that pre-flight or the editor shows."""

    code: str  # stable, for programs
    severity: Severity
    message: str
    field: str = ""  # which part of the mail: subject, html, ...
    line: int | None = None
    tag: str = ""
    fix: str = ""
