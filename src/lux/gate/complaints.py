"""Somebody called a mail spam: a fact that the automatic stop counts, and an address that is never written to again."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Select, select

from lux.gate import consent, moves, traces
from lux.gate.models import ApprovalQueue, Delivery, Outbound
from lux.gate.states import DeliveryState, SuppressionReason
from lux.identity.access import Person, Right
from lux.kit import clock
from lux.kit.addresses import email_key
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.ports.acts import ActKind

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

KIND: Final = "email.complained"
SOURCE: Final = "complaint"
# Unknown ones may have arrived; what the built-in mailbox kept nobody got.
_ARRIVED: Final = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.UNKNOWN)
_OURS: Final = re.compile(r"<?([0-9a-f]{32})\.([0-9]{1,18})@[^<>@\s]+>?")  # as `messages.message_id` writes it


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """What a mailbox provider's feedback loop reported: the message by its Message-ID, or by its recipient."""

    message_id: str = ""  # sure, and all there is where the provider blacks the address out
    email: str = ""  # then it is the last campaign that reached it
    source: str = ""  # who reported it: "yahoo"
    at: datetime | None = None  # None = now


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What became of a report."""

    subject: tuple[str, int | None]  # what the mail belonged to
    is_new: bool  # False = this message was complained of before


def record(session: Session, person: Person, said: Complaint) -> Recorded:
    """Write a complaint down once per message: the fact, consent withdrawn, the address blocked, a row in the chain.

    Raises Forbidden, and InvalidInput naming `message_id`, `email` or `at`.
    """
    person.require(Right.EDIT)
    if said.at is not None and said.at > clock.now():
        raise InvalidInput(field="at", message=_("This lies ahead."), fix=_("Say when it was, or leave it out."))
    row, outbound = _message(session, said)
    subject = (outbound.subject_type, outbound.subject_id)
    is_new = facts.record(
        session,
        NewFact(
            kind=KIND,
            contact_id=row.contact_id,
            subject=(outbound.subject_type, outbound.subject_id) if outbound.subject_id else None,
            channel=row.channel,
            actor="provider",
            at=said.at,
            properties={"delivery": row.id, "source": said.source},
            unit_id=row.id,
            facets={"domain": traces.domain_of(row.address)},
            dedup_key=f"complaint:{row.id}",
        ),
    )
    if is_new:
        if row.address:  # an erased person's is gone, and with it whatever could be blocked
            _block(session, row, said)
        item = session.scalars(select(ApprovalQueue).where(ApprovalQueue.id == outbound.item_id)).one()
        moves.write_down(session, "complaint.recorded", item, by=person, detail={"delivery": row.id})
    return Recorded(subject=subject, is_new=is_new)


def _block(session: Session, row: Delivery, said: Complaint) -> None:
    """Withdraw consent and block the address: above an unsubscribe, which its own link could take back."""
    consent.withdraw(
        session,
        channel=row.channel,
        address_key=row.address_key,
        contact_id=row.contact_id,
        source=SOURCE,
        proof={"by": said.source, "delivery": row.id},
        actor="provider",
        outbound_id=row.outbound_id,
        suppress_too=False,
    )
    standing = consent.status(session, row.channel, [row.address_key])[row.address_key]
    if standing.suppressed is SuppressionReason.UNSUBSCRIBED:
        consent.release(session, channel=row.channel, address_key=row.address_key)
    consent.suppress(
        session,
        channel=row.channel,
        address_key=row.address_key,
        reason=SuppressionReason.COMPLAINED,
        detail=said.source,
        outbound_id=row.outbound_id,
    )


def _message(session: Session, said: Complaint) -> tuple[Delivery, Outbound]:
    """Return the message that is meant, locked; raises InvalidInput."""
    found = session.scalar(_by_message_id(said.message_id) if said.message_id else _by_address(said.email))
    seen = traces.held(session, found) if found is not None else None
    if seen is None:
        raise InvalidInput(
            field="message_id" if said.message_id else "email",
            message=_("No campaign of this company has reached it."),
            fix=_("Send the Message-ID of the mail as it left, or the address it went to."),
        )
    return seen


def _by_message_id(text: str) -> Select[int]:
    parts = _OURS.fullmatch(text.strip())
    number, of = (int(parts[2]), uuid.UUID(parts[1])) if parts else (0, uuid.UUID(int=0))
    return _arrived().where(Delivery.id == number, Outbound.public_id == of)


def _by_address(text: str) -> Select[int]:
    return _arrived().where(Delivery.address_key == email_key(text.strip()))


def _arrived() -> Select[int]:
    query = select(Delivery.id).join(Outbound, Outbound.id == Delivery.outbound_id)
    is_one = (Outbound.kind == ActKind.EMAIL_CAMPAIGN, Delivery.channel == "email", Delivery.state.in_(_ARRIVED))
    return query.where(*is_one).order_by(Delivery.id.desc()).limit(1)
