"""Erasing a guest: name and address go from every row; what they decided stays, as somebody's whose name is gone.

The audit chain holds a guest's number alone, so it stays as it is.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import CursorResult, delete, select, update

from lux.gate.captured import forget_message
from lux.gate.deciding.models import ApprovalComment
from lux.gate.guests.doors import link_hash
from lux.gate.guests.models import Guest, GuestSession
from lux.gate.models import ApprovalDecision, ApprovalQueue, Delivery, Outbound, SystemMailCount
from lux.gate.states import ENDED, DeliveryState
from lux.identity.trail import note
from lux.kit import clock
from lux.kit.crypto import random_token
from lux.kit.db.session import settings_of
from lux.kit.errors import NotFound, WrongState
from lux.kit.i18n import gettext as _
from lux.ledger import audit
from lux.ports.acts import ActKind

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What a guest was called: to look for it where the gate does not reach."""

    name: str
    email: str


def erase(session: Session, who: Person, public_id: uuid.UUID) -> Erased:
    """End a guest's link and take their name and address from every row of the company.

    Their comments stay, without their name. Raises NotFound, WrongState: erased already, or a mail to them is leaving.
    """
    guest = session.scalar(select(Guest).where(Guest.public_id == public_id).with_for_update())
    if guest is None:
        raise NotFound
    if not guest.email:
        raise WrongState(_("This guest was erased already."))
    erased = Erased(name=guest.name, email=guest.email)
    rows = _mails(session, guest) + _beside_what_they_did(session, guest)
    rows += audit.forget_text(session, guest.company_id, (erased.name, erased.email))
    guest.name = guest.email = ""
    guest.email_key, guest.token_hash = f"erased:{guest.public_id}", link_hash(random_token())
    guest.revoked_at = guest.revoked_at or clock.now()
    session.flush()
    session.execute(delete(GuestSession).where(GuestSession.guest_id == guest.id))
    note(session, guest.company_id, who, "guest.erased", about=("guest", public_id), detail={"rows": rows + 1})
    return erased


def _beside_what_they_did(session: Session, guest: Guest) -> int:
    """Take the name from decisions, items and comments; returns how many rows."""
    decided = select(ApprovalDecision.item_id).where(ApprovalDecision.guest_id == guest.id)
    statements = (
        update(ApprovalQueue)
        .where(ApprovalQueue.id.in_(decided), ApprovalQueue.decided_by_name == guest.name)
        .values(decided_by_name=""),
        update(ApprovalDecision).where(ApprovalDecision.guest_id == guest.id).values(decided_by_name=""),
        update(ApprovalComment)
        .where(ApprovalComment.author_type == "guest", ApprovalComment.author_id == guest.id)
        .values(author_name=""),
    )
    count = 0
    for one in statements:
        done = session.execute(one.execution_options(synchronize_session=False))
        count += cast("CursorResult[Any]", done).rowcount
    return count


def _mails(session: Session, guest: Guest) -> int:
    """Blank what mails to them say of them, and remove those of the built-in mailbox; returns how many there were."""
    query = (
        select(Delivery, ApprovalQueue)
        .join(Outbound, Outbound.id == Delivery.outbound_id)
        .join(ApprovalQueue, ApprovalQueue.id == Outbound.item_id)
        .where(
            Delivery.company_id == guest.company_id, Delivery.address_key == guest.email_key,
            ApprovalQueue.kind == ActKind.SYSTEM_EMAIL,
        )
    )  # fmt: skip
    found = session.execute(query).all()
    if any(delivery.state not in ENDED for delivery, _item in found):
        raise WrongState(
            _("A mail to this guest is leaving just now."), fix=_("Revoke the link; erase when the mail has left.")
        )
    for delivery, item in found:
        if delivery.state is DeliveryState.CAPTURED:
            forget_message(settings_of(session), delivery.company_id, delivery.id)
        delivery.address, delivery.address_key, delivery.message = "", f"erased:{delivery.id}", ""
        item.body = {**item.body, "recipient": "", "params": {}}
    session.execute(delete(SystemMailCount).where(SystemMailCount.address_key == guest.email_key))
    return len(found)
