"""Searching one company's chain, and its rows as people read them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from lux.ledger import audit
from lux.ledger.audit.words import pointer_of
from lux.ledger.models import ApprovalAuditLog
from lux.rooms.approvals.log import details as particulars
from lux.rooms.approvals.log import naming, searching
from lux.rooms.approvals.log.details import Detail

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.rooms.approvals.log.searching import Wanted

PAGE: Final = 50


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of the chain as people read it."""

    id: int  # the row's number
    at: dt.datetime
    sentence: str
    who: str
    actor: str
    about: str
    url: str  # where what it is about stands, "" = nowhere (any more)
    object_type: str
    object_id: str
    action: str
    category: str
    via: Mapping[str, str]  # by which door it came in: {"door": "browser", "session": "0190…"}
    details: Sequence[Detail]
    has_words: bool  # words of people that can be removed
    content_hash: str
    hash: str
    prev_hash: str


def search(session: Session, company_id: int, wanted: Wanted, *, before: int | None, limit: int) -> list[Line]:
    """Return rows of one chain that fit, the newest first, older than row `before`."""
    query = select(ApprovalAuditLog).where(*searching.conditions(session, company_id, wanted))
    if before is not None:
        query = query.where(ApprovalAuditLog.seq < before)
    rows = session.scalars(query.order_by(ApprovalAuditLog.seq.desc()).limit(limit)).all()
    return _lines(session, company_id, rows)


def row(session: Session, company_id: int, seq: int) -> ApprovalAuditLog | None:
    """Return one row of one chain."""
    return session.get(ApprovalAuditLog, (company_id, seq))


def _lines(session: Session, company_id: int, rows: Sequence[ApprovalAuditLog]) -> list[Line]:
    details = [_read(one.detail) for one in rows]
    words = audit.words_of(session, company_id, details)
    names, people = naming.names_of(session, rows), naming.actors(session)
    return [_line(one, detail, words, names, people) for one, detail in zip(rows, details, strict=True)]


def _line(
    one: ApprovalAuditLog,
    detail: Mapping[str, Any],
    words: Mapping[str, str],
    names: Mapping[tuple[str, str], naming.Named],
    people: Mapping[tuple[str, int], str],
) -> Line:
    about, who = naming.about(one, names), naming.who(one, people)
    try:
        action = audit.action_of(one.action)
        sentence, category = str(action.sentence) % {"who": who, "what": about}, action.category
    except audit.UnknownAction:  # written by a LUX that knew it
        sentence, category = f"{who}: {one.action} {about}", ""
    named = names.get((one.object_type, one.object_id))
    return Line(
        id=one.seq, at=one.at, sentence=sentence[:1].upper() + sentence[1:], who=who,
        about=about, url=named.url if named else "",
        actor=f"{one.actor_type}:{one.actor_id}" if one.actor_id else one.actor_type, action=one.action,
        category=category, object_type=one.object_type, object_id=one.object_id, content_hash=one.content_hash,
        via=detail["via"] if isinstance(detail.get("via"), dict) else {}, details=particulars.of(detail, words),
        has_words=any(found[1] in words for value in detail.values() if (found := pointer_of(value))),
        hash=bytes(one.hash).hex(), prev_hash=bytes(one.prev_hash).hex(),
    )  # fmt: skip


def _read(detail: str) -> Mapping[str, Any]:
    try:
        found = json.loads(detail)
    except ValueError:  # somebody changed it past LUX: verification says so
        return {}
    return found if isinstance(found, dict) else {}
