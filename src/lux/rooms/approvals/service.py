"""Decisions by signed-in people, and switches; every way in asks the gate."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from lux.gate import reads, toggles
from lux.gate.deciding import yeses
from lux.gate.reads import ItemView
from lux.gate.service import ApprovalService
from lux.identity import companies
from lux.identity.access import Person
from lux.kit import clock
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.approvals import queries
from lux.rooms.approvals.held import holds
from lux.rooms.email import launch


def approve(
    session: Session,
    person: Person,
    public_id: uuid.UUID,
    *,
    shown_hash: str,
    confirmation: str,
    local: datetime | None,
) -> ItemView:
    """Say yes to exactly what was shown; the number of recipients was typed. `local` = company wall time."""
    item = reads.item(session, public_id)
    if confirmation.strip().replace(",", "").replace(".", "") != str(item.audience_count):
        raise InvalidInput(
            field="confirmation",
            message=_("This is not the number of recipients."),
            fix=_("Type %(n)s to approve.", n=item.audience_count),
        )
    zone = companies.current(session).timezone
    send_at = clock.local_to_utc(local, zone) if local else None
    ApprovalService(session).approve(person, public_id, shown_hash=shown_hash, send_at=send_at)
    return reads.item(session, public_id)


def approved_words(session: Session, item: ItemView) -> str:
    """Return what a yes sets off, and how long it can be taken back."""
    if item.state is reads.ItemState.PENDING:
        so_far = yeses.of_item(session, item)
        return _("Your yes counts: %(n)s of %(all)s. Somebody else has to say yes too.", n=len(so_far.yeses),
                 all=so_far.needed)  # fmt: skip
    if held := holds(session, item):
        return _("Approved, and it does not leave yet. %(why)s", why=held[0].title.rstrip(".") + ".")
    if item.state is reads.ItemState.SCHEDULED:
        return _("Approved for its time.")
    seconds = companies.current(session).unsend_seconds
    if not seconds:
        return _("Approved. It is leaving now.")
    return _("Approved. It leaves in %(n)s seconds; until then one press takes it back.", n=seconds)


def reject(session: Session, person: Person, public_id: uuid.UUID, *, shown_hash: str, reason: str) -> None:
    """Say no; the author reads why."""
    ApprovalService(session).reject(person, public_id, shown_hash=shown_hash, reason=reason)


def cancel(session: Session, person: Person, public_id: uuid.UUID, *, reason: str) -> bool:
    """Take an item back; says whether it was a campaign, which is a draft again, as on the campaign's own page."""
    item, outbound = queries.one(session, public_id)
    campaign = queries.campaign_of(session, item)
    if campaign is None or campaign.outbound_id != outbound.id:
        ApprovalService(session).cancel(person, public_id, reason=reason)
        return False
    launch.withdraw(session, campaign, by=person, reason=reason)
    return True


def switch(session: Session, person: Person, key: str, *, is_on: bool, reason: str) -> None:
    """Turn one of the 27 switches on or off."""
    toggles.set_toggle(session, person, key, is_on=is_on, reason=reason)
