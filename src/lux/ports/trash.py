"""What the trash is made of: each room keeps its own thrown-away records, and says what may go for good."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lux.kit.db import trash

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session


@dataclass(frozen=True, kw_only=True)
class TrashedThing:
    """One record in the trash."""

    id: int
    public_id: uuid.UUID
    label: str
    url: str  # its own page, which can be looked at
    trashed_at: dt.datetime
    trashed_by: str = ""  # "person:7", "api_key:3", "system"; "" = not known
    detail: str = ""
    kept_because: str = ""  # why it is not removed for good, in the person's language; "" = it may go


class TrashBin(Protocol):
    """The thrown-away records of one kind; all of a session's company."""

    key: str  # in the address: "contacts"
    icon: str
    order: int

    def heading(self) -> str:
        """Return what they are called together, in the person's language."""

    def count(self, session: Session) -> int:
        """Return how many there are."""

    def things(self, session: Session, *, before: tuple[dt.datetime, int] | None, limit: int) -> Sequence[TrashedThing]:
        """Return what was thrown away last, before a place (moment, id)."""

    def named(self, session: Session, public_ids: Sequence[uuid.UUID]) -> Sequence[TrashedThing]:
        """Return those of some records that are in the trash."""

    def restore(self, session: Session, public_ids: Sequence[uuid.UUID], by: Any) -> int:  # noqa: ANN401 - identity's Person, which stands above
        """Bring records back; returns how many."""

    def remove(self, session: Session, public_ids: Sequence[uuid.UUID], by: Any) -> int:  # noqa: ANN401 - a Person, or None for the clock
        """Remove records for good, but for those that are kept; returns how many. Raises WrongState: later, please."""

    def due(self, session: Session, moment: dt.datetime, limit: int) -> Sequence[uuid.UUID]:
        """Return records thrown away before a moment that may go for good, the earliest first."""


class Rows:
    """A bin of rows of one `Trashable` table; a room says what they are called and what removal means."""

    model: Any
    path: str  # where a record has its own page: path + public id

    def count(self, session: Session) -> int:
        """Return how many there are."""
        return trash.count(session, self.model)

    def things(self, session: Session, *, before: tuple[dt.datetime, int] | None, limit: int) -> Sequence[TrashedThing]:
        """Return what was thrown away last, before a place (moment, id)."""
        return self.described(session, trash.newest(session, self.model, before=before, limit=limit))

    def named(self, session: Session, public_ids: Sequence[uuid.UUID]) -> Sequence[TrashedThing]:
        """Return those of some records that are in the trash."""
        return self.described(session, trash.lying(session, self.model, public_ids))

    def restore(self, session: Session, public_ids: Sequence[uuid.UUID], by: Any) -> int:  # noqa: ANN401, ARG002 - the protocol's shape
        """Bring records back; returns how many."""
        rows = trash.lying(session, self.model, public_ids)
        for row in rows:
            self.bring_back(session, row)
        session.flush()
        return len(rows)

    def remove(self, session: Session, public_ids: Sequence[uuid.UUID], by: Any) -> int:  # noqa: ANN401, ARG002 - the protocol's shape
        """Remove records for good, but for those that are kept; returns how many."""
        rows = [row for row in trash.lying(session, self.model, public_ids) if not self.kept_because(session, row)]
        for row in rows:
            self.delete(session, row)
        session.flush()
        return len(rows)

    def due(self, session: Session, moment: dt.datetime, limit: int) -> Sequence[uuid.UUID]:
        """Return records thrown away before a moment that may go for good, the earliest first."""
        rows = trash.overdue(session, self.model, moment, self.looked_at(limit), *self.may_go())
        return [row.public_id for row in rows if not self.kept_because(session, row)][:limit]

    def may_go(self) -> Sequence[ColumnElement[bool]]:
        """Return conditions of the rows that may go for good, as far as the table itself tells."""
        return ()

    def looked_at(self, limit: int) -> int:
        """Return how many overdue rows are looked at to find `limit` that may go; more where some are kept."""
        return limit

    def described(self, session: Session, rows: Sequence[Any]) -> list[TrashedThing]:
        """Return rows as people see them in the trash."""
        return [
            TrashedThing(
                id=row.id,
                public_id=row.public_id,
                label=self.label(row),
                detail=self.detail(row),
                url=f"{self.path}{row.public_id}",
                trashed_at=row.trashed_at,
                trashed_by=row.trashed_by or "",
                kept_because=self.kept_because(session, row),
            )
            for row in rows
        ]

    def label(self, row: Any) -> str:  # noqa: ANN401 - a row of `model`
        """Return what a record is called."""
        return str(row.name)

    def detail(self, row: Any) -> str:  # noqa: ANN401, ARG002 - a row of `model`
        """Return what tells it from others of its name."""
        return ""

    def kept_because(self, session: Session, row: Any) -> str:  # noqa: ANN401, ARG002 - a row of `model`
        """Return why a record is not removed for good, in the person's language; "" = it may go."""
        return ""

    def bring_back(self, session: Session, row: Any) -> None:  # noqa: ANN401 - a row of `model`
        """Take one record out of the trash."""
        raise NotImplementedError

    def delete(self, session: Session, row: Any) -> None:  # noqa: ANN401 - a row of `model`
        """Remove one record for good."""
        session.delete(row)
