"""What undoing an import would do, counted before anybody presses, and what it had to leave."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Row, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from lux.kit import clock
from lux.kit.db.session import company_of
from lux.ledger.models import Fact
from lux.rooms.contacts.importing.effects import BLOCKED, CONSENTED, FIELDS, NEW, TAGGED, TRASHED, WITHDREW
from lux.rooms.contacts.models import Contact, ContactImport, ContactTag, ImportedContact

SENT = ("email.sent", "sms.sent")
_TOLERANCE = dt.timedelta(seconds=1)  # between the last chunk and the end of the import


@dataclass(frozen=True, kw_only=True)
class UndoPlan:
    """How many contacts of each kind an undo touches."""

    total: int = 0  # contacts on which the import did anything: the number that is typed
    to_trash: int = 0
    to_restore: int = 0  # fields it changed and nobody since
    tags: int = 0
    consents: int = 0
    blocks: int = 0
    new_kept: int = 0  # new contacts that people changed or wrote to since
    partly: int = 0  # contacts whose fields may have been changed since: only what is still as imported goes back
    withdrawn: int = 0  # consents the import took back: they stay so


def plan(session: Session, entry: ContactImport) -> UndoPlan:
    """Return what an undo would do now, by one grouped query."""
    is_same = case((and_(*untouched(company_of(session), entry)), 1), else_=0).label("is_same")
    is_version = case((Contact.version == ImportedContact.version, 1), else_=0).label("is_version")
    query = (
        select(ImportedContact.effect, is_same, is_version, func.count())
        .join(Contact, Contact.id == ImportedContact.contact_id)
        .where(ImportedContact.import_id == entry.id, ImportedContact.effect.is_not(None))
        .group_by(ImportedContact.effect, is_same, is_version)
    )
    counts = dict.fromkeys(UndoPlan.__dataclass_fields__, 0)
    for effect, same, version, number in session.execute(query):
        counts["total"] += number if effect else 0
        for letter, name in ((TAGGED, "tags"), (CONSENTED, "consents"), (BLOCKED, "blocks"), (WITHDREW, "withdrawn")):
            counts[name] += number if letter in effect else 0
        if NEW in effect:
            counts["to_trash" if same else "new_kept"] += number
        if FIELDS in effect:
            counts["to_restore" if version else "partly"] += number
    return UndoPlan(**counts)


def untouched(company_id: int, entry: ContactImport) -> list[ColumnElement[bool]]:
    """Return SQL over contact and its row of the import: nobody changed, tagged, trashed or wrote to it since."""
    end = (entry.finished_at or clock.now()) + _TOLERANCE
    tagged = exists().where(
        ContactTag.company_id == company_id, ContactTag.contact_id == Contact.id, ContactTag.added_at > end
    )
    return [
        Contact.version == ImportedContact.version,
        Contact.trashed_at.is_(None),
        ~tagged,
        ~mailed(company_id, entry),
    ]


def mailed(company_id: int, entry: ContactImport) -> ColumnElement[bool]:
    """Return SQL: a message went to the contact since the import began."""
    return exists().where(
        Fact.company_id == company_id,
        Fact.contact_id == Contact.id,
        or_(*(Fact.kind == kind for kind in SENT)),
        Fact.at >= entry.created_at,
    )


def kept(
    session: Session, import_id: int, *, limit: int, after: tuple[int, int] = (-1, 0)
) -> Sequence[Row[Contact, int, str | None]]:
    """Return (contact, line, why) of what an undo left, by line and contact; `after` = the last ones seen."""
    line, contact_id = after
    query = (
        select(Contact, ImportedContact.line, ImportedContact.kept)
        .join(ImportedContact, ImportedContact.contact_id == Contact.id)
        .where(*_left(import_id))
        .where(
            or_(
                ImportedContact.line > line,
                and_(ImportedContact.line == line, ImportedContact.contact_id > contact_id),
            )
        )
        .order_by(ImportedContact.line, ImportedContact.contact_id)
        .limit(limit)
    )
    return session.execute(query).all()


def kept_count(session: Session, import_id: int) -> int:
    """Return how many contacts an undo left."""
    query = select(func.count()).select_from(ImportedContact).join(Contact, Contact.id == ImportedContact.contact_id)
    return session.scalar(query.where(*_left(import_id))) or 0


def _left(import_id: int) -> list[ColumnElement[bool]]:
    kept = ImportedContact.kept
    return [ImportedContact.import_id == import_id, kept.is_not(None), kept != TRASHED]


def all_kept(session: Session, import_id: int) -> Iterator[Row[Contact, int, str | None]]:
    """Yield everything an undo left, some hundred rows in memory at a time."""
    after = (-1, 0)
    while part := kept(session, import_id, limit=500, after=after):
        yield from part
        after = (part[-1][1], part[-1][0].id)
        session.expunge_all()
