"""States of the gate and the moves between them (reference: vocabulary); one table each."""

from __future__ import annotations

import enum


class ItemState(enum.Enum):
    """State of an approval item."""

    PENDING = "pending"  # waits for a person
    APPROVED = "approved"  # yes, leaves as soon as it can
    SCHEDULED = "scheduled"  # yes, for a time
    REJECTED = "rejected"  # no, with a reason
    CANCELLED = "cancelled"  # taken back
    EXPIRED = "expired"  # nobody decided in time
    PUBLISHED = "published"  # done
    FAILED = "failed"  # nothing could leave


ITEM_MOVES: dict[ItemState, frozenset[ItemState]] = {
    ItemState.PENDING: frozenset(
        {ItemState.APPROVED, ItemState.SCHEDULED, ItemState.REJECTED, ItemState.CANCELLED, ItemState.EXPIRED}
    ),
    ItemState.APPROVED: frozenset({ItemState.PUBLISHED, ItemState.FAILED, ItemState.CANCELLED, ItemState.PENDING}),
    ItemState.SCHEDULED: frozenset({ItemState.PUBLISHED, ItemState.FAILED, ItemState.CANCELLED, ItemState.PENDING}),
    ItemState.REJECTED: frozenset({ItemState.PENDING}),
    ItemState.CANCELLED: frozenset(),
    ItemState.EXPIRED: frozenset(),
    ItemState.PUBLISHED: frozenset(),
    ItemState.FAILED: frozenset({ItemState.PUBLISHED}),  # tried again under the same yes, and somebody got it
}


class OutboundState(enum.Enum):
    """State of one act on its way out."""

    HELD = "held"  # no yes yet
    READY = "ready"  # yes, waits for its time
    WORKING = "working"  # messages are leaving
    DONE = "done"  # every delivery has an end
    FAILED = "failed"  # nothing left
    UNKNOWN = "unknown"  # an outcome is open
    CANCELLED = "cancelled"  # taken back
    REFUSED = "refused"  # a check said no


OUTBOUND_MOVES: dict[OutboundState, frozenset[OutboundState]] = {
    OutboundState.HELD: frozenset({OutboundState.READY, OutboundState.CANCELLED, OutboundState.REFUSED}),
    OutboundState.READY: frozenset(
        {OutboundState.WORKING, OutboundState.CANCELLED, OutboundState.REFUSED, OutboundState.HELD}
    ),
    OutboundState.WORKING: frozenset(
        {
            OutboundState.DONE,
            OutboundState.FAILED,
            OutboundState.UNKNOWN,
            OutboundState.CANCELLED,
            OutboundState.REFUSED,
            OutboundState.HELD,  # a check failed before all recipients were written down: nothing had left
        }
    ),
    OutboundState.UNKNOWN: frozenset({OutboundState.DONE, OutboundState.FAILED, OutboundState.WORKING}),
    OutboundState.DONE: frozenset({OutboundState.WORKING}),  # resend to failed, under the same yes
    OutboundState.FAILED: frozenset({OutboundState.WORKING}),  # the same
    OutboundState.CANCELLED: frozenset(),
    OutboundState.REFUSED: frozenset({OutboundState.HELD}),  # submitted again
}


class DeliveryState(enum.Enum):
    """State of one message to one recipient."""

    QUEUED = "queued"  # waits, or waits for its next try
    CLAIMED = "claimed"  # a worker has it
    SENT = "sent"  # the next hop took it
    CAPTURED = "captured"  # kept by the built-in mailbox
    FAILED = "failed"  # refused for good
    UNKNOWN = "unknown"  # bytes had left, no answer came
    SKIPPED = "skipped"  # suppressed, no consent, cancelled ...
    DELIVERED = "delivered"  # the provider says it arrived
    BOUNCED = "bounced"  # it came back


ENDED = frozenset(
    {
        DeliveryState.SENT,
        DeliveryState.CAPTURED,
        DeliveryState.FAILED,
        DeliveryState.UNKNOWN,
        DeliveryState.SKIPPED,
        DeliveryState.DELIVERED,
        DeliveryState.BOUNCED,
    }
)


class Verdict(enum.Enum):
    """What a decision says."""

    YES = "yes"  # it may leave
    NO = "no"  # it may not


class Method(enum.Enum):
    """How a decision came about."""

    PERSON = "person"  # a signed-in person with the right
    SOLO = "solo"  # the same, over their own work: nobody else has looked at it
    SYSTEM = "system"  # a fixed built-in template to one recipient
    TEST = "test"  # a test send to members of the company
    SUBSCRIPTION = "subscription"  # a signed-in person set up a webhook and typed where it leads
    STANDING = "standing"  # a signed-in person let a program subscribe addresses within bounds
    GUEST = "guest"  # a person outside of the company, by a personal link that it allows
    SERIES = "series"  # a run within a signed-in person's yes over its series
    ELSEWHERE = "elsewhere"  # given on another installation, before the company moved here: history, never a yes


class RunState(enum.Enum):
    """What became of one slot of a series."""

    STARTED = "started"  # a mail of its own went on its way
    SKIPPED = "skipped"  # left out, within the yes
    REFUSED = "refused"  # it would have been outside the yes


class ConsentState(enum.Enum):
    """What one address said about one channel."""

    GIVEN = "given"  # yes, with proof
    REQUESTED = "requested"  # asked, not confirmed
    WITHDRAWN = "withdrawn"  # no


class HookState(enum.Enum):
    """State of a webhook subscription."""

    ACTIVE = "active"  # facts leave
    PAUSED = "paused"  # by a person; nothing is collected meanwhile
    DISABLED = "disabled"  # by LUX, after days of failure
    ENDED = "ended"  # removed, or its address said 410 Gone


class CallState(enum.Enum):
    """State of one fact on its way to one subscription."""

    QUEUED = "queued"  # waits, or waits for its next try
    CALLING = "calling"  # its bytes may be on the wire
    SENT = "sent"  # answered with 2xx
    FAILED = "failed"  # every try failed: a dead letter
    SKIPPED = "skipped"  # the subscription ended first


class SuppressionReason(enum.Enum):
    """Why an address is never written to again."""

    UNSUBSCRIBED = "unsubscribed"  # the person said no
    BOUNCED = "bounced"  # the address does not exist
    COMPLAINED = "complained"  # the person called it spam
    MANUAL = "manual"  # someone of the company entered it
    IMPORTED = "imported"  # came with a file
