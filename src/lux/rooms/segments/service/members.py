"""Put contacts on static segments and take them off, set-based."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Table, delete, insert, literal, select
from sqlalchemy.orm import Session

from lux.kit import clock
from lux.kit.addresses import email_key
from lux.kit.db import upsert_rows
from lux.kit.errors import InvalidInput, WrongState
from lux.kit.i18n import gettext as _
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.rooms.segments import queries
from lux.rooms.segments.models import BulkTarget, Segment, SegmentMember

MAX_PASTED = 5_000
SHOWN = 20  # of the addresses that did not work
_SEPARATORS = re.compile(r"[\s,;]+")
_IN_BRACKETS = re.compile(r"<([^<>]+)>")


@dataclass(frozen=True, kw_only=True)
class Pasted:
    """What became of pasted addresses."""

    added: int
    already: int
    unknown: Sequence[str]  # no contact has them
    invalid: Sequence[str]  # no addresses


def add_selected(session: Session, segment: Segment, public_ids: Sequence[uuid.UUID]) -> int:
    """Put contacts, named by public id, on a list; returns how many were not on it yet."""
    found = queries.contacts_by_public_id(session, segment.company_id, public_ids)
    return add_contacts(session, segment, found)


def remove_selected(session: Session, segment: Segment, public_ids: Sequence[uuid.UUID]) -> int:
    """Take contacts, named by public id, off a list; returns how many were on it."""
    found = queries.contacts_by_public_id(session, segment.company_id, public_ids)
    return remove_contacts(session, segment, found)


def add_contacts(session: Session, segment: Segment, contact_ids: Iterable[int]) -> int:
    """Put contacts on a list; returns how many were not on it yet."""
    require_list(segment)
    wanted = sorted(set(contact_ids))
    present = queries.present_members(session, segment.company_id, segment.id, wanted)
    new = [contact_id for contact_id in wanted if contact_id not in present]
    now = clock.now()
    upsert_rows(
        session,
        cast("Table", SegmentMember.__table__),
        ("company_id", "segment_id", "contact_id", "added_at"),
        [(segment.company_id, segment.id, contact_id, now) for contact_id in new],
        key=("segment_id", "contact_id"),
    )
    _record(session, segment, "segment.entered", new)
    return len(new)


def remove_contacts(session: Session, segment: Segment, contact_ids: Iterable[int]) -> int:
    """Take contacts off a list; returns how many were on it."""
    require_list(segment)
    wanted = sorted(set(contact_ids))
    present = sorted(queries.present_members(session, segment.company_id, segment.id, wanted))
    for start in range(0, len(present), 500):
        session.execute(
            delete(SegmentMember)
            .where(
                SegmentMember.company_id == segment.company_id,
                SegmentMember.segment_id == segment.id,
                SegmentMember.contact_id.in_(present[start : start + 500]),
            )
            .execution_options(synchronize_session=False)
        )
    _record(session, segment, "segment.left", present)
    return len(present)


def add_pasted(session: Session, segment: Segment, text: str) -> Pasted:
    """Put the contacts with these addresses on a list; nobody is created.

    Addresses are separated by lines, commas, semicolons or spaces; `Name <address>` is understood.
    """
    keys, invalid = _read_addresses(text)
    found = queries.contacts_by_address(session, segment.company_id, list(keys))
    added = add_contacts(session, segment, found.values())
    unknown = [written for key, written in keys.items() if key not in found]
    return Pasted(added=added, already=len(found) - added, unknown=unknown, invalid=invalid)


def copy_members(session: Session, source: Segment, target: Segment) -> None:
    """Put everybody of one list on another, empty one."""
    rows = select(literal(target.company_id), literal(target.id), SegmentMember.contact_id, literal(clock.now())).where(
        SegmentMember.company_id == source.company_id, SegmentMember.segment_id == source.id
    )
    columns = ["company_id", "segment_id", "contact_id", "added_at"]
    session.execute(insert(SegmentMember).from_select(columns, rows))


def drop_members(session: Session, segment: Segment) -> None:
    """Take everybody off a list that is deleted."""
    members = (SegmentMember.company_id == segment.company_id, SegmentMember.segment_id == segment.id)
    session.execute(delete(SegmentMember).where(*members).execution_options(synchronize_session=False))


def forget_contact(session: Session, company_id: int, contact_id: int) -> int:
    """Take an erased person off every list and out of the journals; returns how many lists that were."""
    touched = [_forget(session, model, company_id, contact_id) for model in (BulkTarget, SegmentMember)]
    return touched[-1]


def _forget(session: Session, model: type[BulkTarget | SegmentMember], company_id: int, contact_id: int) -> int:
    result = session.execute(
        delete(model)
        .where(model.company_id == company_id, model.contact_id == contact_id)
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def _read_addresses(text: str) -> tuple[dict[str, str], list[str]]:
    keys: dict[str, str] = {}
    invalid: list[str] = []
    for word in _words(text):
        try:
            keys.setdefault(email_key(word), word)
        except InvalidInput:
            invalid.append(word)
    if not keys and not invalid:
        raise InvalidInput(
            field="addresses",
            message=_("No address was entered."),
            fix=_("Paste e-mail addresses, one per line."),
        )
    if len(keys) + len(invalid) > MAX_PASTED:
        raise InvalidInput(
            field="addresses",
            message=_("These are more than %(n)s addresses.", n=MAX_PASTED),
            fix=_("Paste them in several parts, or import a file."),
        )
    return keys, invalid


def _words(text: str) -> list[str]:
    words: list[str] = []
    for line in text.splitlines():
        bracketed = _IN_BRACKETS.findall(line)
        rest = _SEPARATORS.split(_IN_BRACKETS.sub(" ", line))
        # beside an address in brackets stand names; elsewhere every word is meant as an address
        words += bracketed + [word for word in rest if word and (not bracketed or "@" in word)]
    return [word.strip() for word in words if word.strip()]


def require_list(segment: Segment) -> None:
    """Raise WrongState unless people keep this segment by hand."""
    if segment.is_dynamic:
        raise WrongState(
            _("The members of “%(name)s” follow from its rule.", name=segment.name),
            fix=_("Change the rule, or use a static segment."),
        )


def _record(session: Session, segment: Segment, kind: str, contact_ids: Sequence[int]) -> None:
    facts.record_many(
        session,
        [
            NewFact(kind=kind, contact_id=contact_id, subject=("segment", segment.id), actor="person")
            for contact_id in contact_ids
        ],
    )
