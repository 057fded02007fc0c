"""Files with people's addresses that somebody takes along: each leaves a row in the audit chain."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from lux.identity.access import Right
from lux.identity.trail import note
from lux.kit.db.session import company_of
from lux.rooms.email import captured, results, running

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person


def recipients(session: Session, person: Person, public_id: uuid.UUID, *, chosen: str, text: str) -> int:
    """Note that somebody takes the recipients of a campaign, and how many; returns the outbound's id.

    Raises Forbidden, NotFound, and WrongState when the campaign was never submitted.
    """
    person.require(Right.EDIT)
    outbound = running.outbound(session, public_id)
    rows = results.number(session, outbound.id, chosen=chosen, text=text)
    detail = {"rows": rows, "filter": chosen if chosen in results.FILTERS else "", "is_searched": bool(text.strip())}
    about = ("approval", outbound.item.public_id)
    note(session, company_of(session), person, "campaign.recipients_exported", about=about, detail=detail)
    return outbound.id


def message(session: Session, person: Person, delivery_id: int) -> bytes:
    """Note that somebody takes a captured message, and return it (RFC 5322); raises NotFound, also for another's."""
    found = captured.raw(session, person, delivery_id)
    detail = {"delivery": delivery_id, "bytes": len(found)}
    note(session, company_of(session), person, "mailbox.message_downloaded", about=("delivery", delivery_id),
         detail=detail)  # fmt: skip
    return found
