"""Every SELECT of the newsletter room."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from lux.ledger.models import Fact
from lux.rooms.contacts.models import Contact
from lux.rooms.newsletter.models import OptIn, SubscribeForm

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def language(session: Session, contact_id: int) -> str:
    """Return the language a contact reads, empty when it is not known."""
    return session.scalar(select(Contact.language).where(Contact.id == contact_id)) or ""


def opt_in_of(session: Session, email_key: str, *, lock: bool = False) -> OptIn | None:
    """Return how an address was asked last, None when it never was."""
    query = select(OptIn).where(OptIn.address_key == email_key)
    return session.scalar(query.with_for_update() if lock else query)


def opt_in_by_hash(session: Session, token_hash: str, *, lock: bool = False) -> OptIn | None:
    """Return whom a link belongs to, None for one that is not ours or was replaced by a newer one."""
    query = select(OptIn).where(OptIn.token_hash == token_hash)
    return session.scalar(query.with_for_update() if lock else query)


def is_mailbox_asked(session: Session, email_key: str, since: dt.datetime) -> bool:
    """Say whether a mailbox was asked since a moment, whatever followed a + in its address (RFC 5233's detail)."""
    local, _at, domain = email_key.rpartition("@")
    mailbox = local.partition("+")[0]
    same = (OptIn.address_key == f"{mailbox}@{domain}") | (
        OptIn.address_key.startswith(f"{mailbox}+", autoescape=True)
        & OptIn.address_key.endswith(f"@{domain}", autoescape=True)
    )
    return session.scalar(select(OptIn.id).where(OptIn.asked_at > since, same).limit(1)) is not None


def times_asked(session: Session, contact_id: int, since: dt.datetime) -> int:
    """Return how often a contact was asked since a moment, by the facts."""
    asked = (Fact.contact_id == contact_id, Fact.kind == "consent.requested", Fact.at > since)
    return session.scalar(select(func.count()).select_from(Fact).where(*asked)) or 0


def asked_since(session: Session, moment: dt.datetime) -> int:
    """Return how many addresses were asked since a moment."""
    return session.scalar(select(func.count()).where(OptIn.asked_at > moment)) or 0


def subscribe_form(session: Session, *, lock: bool = False) -> SubscribeForm | None:
    """Return the company's form, None when it was never set up."""
    query = select(SubscribeForm)
    return session.scalar(query.with_for_update() if lock else query)


def form_by_code(session: Session, code: str) -> SubscribeForm | None:
    """Return the form that stands under a code, if it is switched on."""
    return session.scalar(select(SubscribeForm).where(SubscribeForm.code == code, SubscribeForm.is_on.is_(True)))
