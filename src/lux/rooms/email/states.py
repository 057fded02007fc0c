"""A campaign's state as people see it, derived from its outbound and approval item; nowhere stored."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from lux.gate.reads import DeliveryState, ItemState, OutboundState
from lux.kit.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lux.gate.reads import OutboundView


class CampaignState(enum.Enum):
    """Where a campaign stands (reference: vocabulary)."""

    DRAFT = "draft"  # being written; also after a no, or when nobody decided in time
    PENDING = "pending"  # waits for a yes
    SCHEDULED = "scheduled"  # has a yes, waits for its time
    SENDING = "sending"  # messages are leaving
    PAUSED = "paused"  # held back by a person or by a fault
    SENT = "sent"  # every recipient has an end
    CANCELLED = "cancelled"  # taken back for good
    FAILED = "failed"  # nothing could leave


RUNNING = frozenset({CampaignState.SCHEDULED, CampaignState.SENDING, CampaignState.PAUSED})
ENDED = frozenset({CampaignState.SENT, CampaignState.CANCELLED, CampaignState.FAILED})
REACHED = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.CAPTURED)  # could be opened
LEFT = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.BOUNCED)  # the next server took it: counted as sent
SERIES = "series"
BACK_TO_DRAFT = frozenset({ItemState.REJECTED, ItemState.EXPIRED})

_BY_OUTBOUND = {
    OutboundState.HELD: CampaignState.PENDING,
    OutboundState.READY: CampaignState.SCHEDULED,
    OutboundState.WORKING: CampaignState.SENDING,
    OutboundState.DONE: CampaignState.SENT,
    OutboundState.UNKNOWN: CampaignState.SENT,  # the open ones are listed beside it
    OutboundState.FAILED: CampaignState.FAILED,
    OutboundState.REFUSED: CampaignState.FAILED,
    OutboundState.CANCELLED: CampaignState.CANCELLED,
}


def state_of(outbound: OutboundView | None) -> CampaignState:
    """Return the state of a campaign with this outbound; none = never submitted."""
    if outbound is None or outbound.item.state in BACK_TO_DRAFT:
        return CampaignState.DRAFT
    state = _BY_OUTBOUND[outbound.state]
    if outbound.is_paused and state in RUNNING:
        return CampaignState.PAUSED
    return state


def is_waiting(outbound: OutboundView | None) -> bool:
    """Say whether a campaign was submitted and nothing of it has left: it can be changed or taken back.

    One that a check paused before it began waits too: its outbound is ready and not working.
    """
    state = state_of(outbound)
    has_not_begun = outbound is not None and outbound.state is OutboundState.READY
    return state in {CampaignState.PENDING, CampaignState.SCHEDULED} or (
        state is CampaignState.PAUSED and has_not_begun
    )


def series_label(outbound: OutboundView | None, state: CampaignState) -> str | None:
    """Return the state of a campaign that repeats in the person's language; None for what goes once."""
    if outbound is None or outbound.item.kind != SERIES:
        return None
    words = {CampaignState.SCHEDULED: _("Repeats"), CampaignState.SENT: _("Series ended")}
    return words.get(state)


def label(state: CampaignState, counts: Mapping[DeliveryState, int] | None = None) -> str:
    """Return the state in the person's language; what the built-in mailbox kept is never called sent."""
    if state is CampaignState.SENT and is_captured_only(counts or {}):
        return _("Captured")
    words = {
        CampaignState.DRAFT: _("Draft"),
        CampaignState.PENDING: _("Waits for a yes"),
        CampaignState.SCHEDULED: _("Scheduled"),
        CampaignState.SENDING: _("Sending"),
        CampaignState.PAUSED: _("Paused"),
        CampaignState.SENT: _("Sent"),
        CampaignState.CANCELLED: _("Cancelled"),
        CampaignState.FAILED: _("Failed"),
    }
    return words[state]


def chip_of(state: CampaignState, counts: Mapping[DeliveryState, int] | None = None) -> str:
    """Return the word by which the status chip finds its colour and icon."""
    if state is CampaignState.SENT and is_captured_only(counts or {}):
        return "captured"
    return state.value


def is_captured_only(counts: Mapping[DeliveryState, int]) -> bool:
    """Say whether nothing left the house: the built-in mailbox kept it."""
    left = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.BOUNCED, DeliveryState.UNKNOWN)
    return counts.get(DeliveryState.CAPTURED, 0) > 0 and not any(counts.get(state) for state in left)


def reached(outbound: OutboundView | None) -> int:
    """Return how many got it: sent, delivered or captured, or without an answer but opened: that proves it arrived.

    It is what opens and clicks are a share of, in the report, the list, the tiles and wherever else.
    """
    return sum(outbound.counts.get(state, 0) for state in REACHED) + outbound.proven if outbound else 0


def delivery_label(state: DeliveryState) -> str:
    """Return a recipient's state in the person's language."""
    words = {
        DeliveryState.QUEUED: _("Queued"),
        DeliveryState.CLAIMED: _("Being sent"),
        DeliveryState.SENT: _("Sent"),
        DeliveryState.CAPTURED: _("Captured"),
        DeliveryState.FAILED: _("Failed"),
        DeliveryState.UNKNOWN: _("Outcome unknown"),
        DeliveryState.SKIPPED: _("Skipped"),
        DeliveryState.DELIVERED: _("Delivered"),
        DeliveryState.BOUNCED: _("Bounced"),
    }
    return words[state]
