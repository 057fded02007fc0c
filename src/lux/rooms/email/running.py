"""Guards around a campaign under way: which outbound it is, whose recipient, and what was typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.gate import reads
from lux.kit.errors import InvalidInput, NotFound, WrongState
from lux.kit.i18n import gettext as _
from lux.rooms.email import queries

if TYPE_CHECKING:
    import uuid

    from sqlalchemy.orm import Session

    from lux.gate.reads import OutboundView


def outbound(session: Session, public_id: uuid.UUID) -> OutboundView:
    """Return a campaign's outbound with counts; raises NotFound, or WrongState when it was never submitted."""
    return submitted(queries.outbound_of(session, queries.by_public_id(session, public_id), with_counts=True))


def submitted(found: OutboundView | None) -> OutboundView:
    """Return the outbound; raises WrongState when there is none."""
    if found is None:
        raise WrongState(_("This campaign was not submitted yet."))
    return found


def word_to_type(outbound: OutboundView) -> str:
    """Return the number of recipients that was approved, to be typed before what can't be undone."""
    return str(outbound.item.audience_count)


def check_confirmation(outbound: OutboundView, typed: str) -> None:
    """Raise InvalidInput unless the number of recipients was typed."""
    wanted = word_to_type(outbound)
    if typed.strip() != wanted:
        raise InvalidInput(
            field="confirmation",
            message=_("This is not the number of recipients."),
            fix=_("Type %(word)s to confirm.", word=wanted),
        )


def refuse_foreign(session: Session, outbound: OutboundView, delivery_id: int) -> None:
    """Raise NotFound unless the recipient belongs to the outbound."""
    if reads.delivery(session, delivery_id).outbound_id != outbound.id:
        raise NotFound
