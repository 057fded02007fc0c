"""Removing what people typed for a row of the chain: the row stays, and so does the hash of the words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lux.identity.access import Person, Right
from lux.identity.trail import note
from lux.kit.db.session import company_of
from lux.kit.errors import NotFound
from lux.ledger import audit
from lux.rooms.approvals.log import reading

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def forget(session: Session, person: Person, seq: int) -> None:
    """Erase the words of one row, and write down that it was done; raises NotFound where there are none."""
    person.require(Right.OWN)
    company_id = company_of(session)
    row = reading.row(session, company_id, seq)
    if row is None or not audit.forget_words(session, company_id, [json.loads(row.detail)]):
        raise NotFound
    note(session, company_id, person, "audit.words_removed", about=("audit_row", seq))
