"""A part of a file on its way into the database: what is in it, and what became of each row."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from lux.rooms.contacts import catalogue
from lux.rooms.contacts.importing.merge import Known
from lux.rooms.contacts.importing.plan import Options
from lux.rooms.contacts.importing.rows import Candidate, Rejection
from lux.rooms.contacts.models import ContactImport


@dataclass
class Chunk:
    """A chunk on its way into the database."""

    entry: ContactImport  # read before; its id, name and ids are used, nothing is written to it
    options: Options
    candidates: list[Candidate]
    rejections: list[Rejection] = field(default_factory=list)
    new: list[tuple[Candidate, uuid.UUID]] = field(default_factory=list)
    met: list[tuple[Candidate, Known, dict[str, Any]]] = field(default_factory=list)  # with its changes
    ids: dict[int, int] = field(default_factory=dict)  # line → contact id
    counts: Counter[str] = field(default_factory=Counter)
    revived: set[int] = field(default_factory=set)  # contacts that an undo put into the trash, and that come again
    consented: set[int] = field(default_factory=set)  # contacts whose consent this chunk wrote
    blocked: set[str] = field(default_factory=set)  # addresses that were not blocked before
    withdrawn: set[str] = field(default_factory=set)  # addresses whose consent it took back
    tags_made: int = 0  # by this import before this chunk

    @property
    def actor(self) -> str:
        """Return who stands behind it, as facts name them."""
        return f"person:{self.options.user_id}" if self.options.user_id else "system"


def refuse(chunk: Chunk, one: Candidate, kind: str, reason: str, where: str = "") -> None:
    """Put a candidate on the report instead of into the contacts; kind rejected or duplicate."""
    where = where or catalogue.label_of("email" if one.email_key else "phone")
    chunk.rejections.append(Rejection(one.line, kind, where, reason, one.cells, one.no))
