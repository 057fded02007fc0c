"""Contacts who said by themselves that they want mail: made where they are new, without the mark of those who wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from lux.kit.addresses import parse_email
from lux.rooms.contacts.incoming.reading import Delivered
from lux.rooms.contacts.incoming.receive import Proof, receive, unmark
from lux.rooms.contacts.incoming.rules import Rule
from lux.rooms.contacts.models import Lifecycle
from lux.rooms.contacts.queries import people

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

VIA: Final = "form"


def settle(session: Session, email_key: str) -> None:
    """Take the mark off somebody who has confirmed."""
    contact = people.contact_by_email(session, email_key)
    if contact is not None:
        unmark(session, contact)


def subscribed(
    session: Session, email: str, names: Mapping[str, str], *, source: str, list_id: str, address: str, dedup_key: str
) -> None:
    """Make or complete the contact of somebody who has confirmed; their consent is recorded already.

    One that lies in the trash stays there: restored, it may be written to.
    """
    parsed = parse_email(email)
    known = people.contact_by_email(session, parsed.key)
    if known is not None and known.trashed_at is not None:
        return
    fields = {name: value for name, value in {**names, "source": source}.items() if value}
    if known is not None and (known.first_name or known.last_name):
        fields = {"source": source}  # what is known of somebody is not replaced by what a stranger could type
    rule = Rule(words=(), lifecycle=Lifecycle.NEWSLETTER, list_id=list_id)
    proof = Proof(key="", address=address, dedup_key=dedup_key, via=VIA)
    receive(session, Delivered(email=parsed, fields=fields), [rule], proof)
