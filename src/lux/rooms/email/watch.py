"""How far a campaign is while it leaves: done, to do, pace, time left."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lux.gate import reads
from lux.gate.reads import DeliveryState
from lux.kit import clock
from lux.rooms.email.states import CampaignState, delivery_label, is_waiting, label, state_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.reads import OutboundView

LAST_SECONDS = 300  # the longest unsend window: within it the time is counted down
OPEN = (DeliveryState.QUEUED, DeliveryState.CLAIMED)
ORDER = (
    DeliveryState.SENT,
    DeliveryState.DELIVERED,
    DeliveryState.CAPTURED,
    DeliveryState.QUEUED,
    DeliveryState.CLAIMED,
    DeliveryState.FAILED,
    DeliveryState.BOUNCED,
    DeliveryState.UNKNOWN,
    DeliveryState.SKIPPED,
)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A campaign under way, at one moment."""

    state: CampaignState
    counts: Mapping[DeliveryState, int]
    total: int | None  # None = the recipients are still being written down
    expected: int  # what the approval said
    per_second: float | None  # None = nothing left within the last half minute
    due_at: datetime | None
    finished_at: datetime | None
    is_untouched: bool = False  # nothing has left: it can be taken back

    @property
    def ended(self) -> int:
        """Return how many recipients have an end."""
        return sum(number for state, number in self.counts.items() if state not in OPEN)

    @property
    def waiting(self) -> int:
        """Return how many recipients still wait."""
        return sum(self.counts.get(state, 0) for state in OPEN)

    @property
    def seconds_left(self) -> int | None:
        """Return the time left at the present pace, in seconds; None = not known."""
        if self.per_second is None or self.total is None or self.state is not CampaignState.SENDING:
            return None
        return round(self.waiting / self.per_second)

    @property
    def ends_at(self) -> datetime | None:
        """Return when it will be over at the present pace; None = not known."""
        left = self.seconds_left
        return clock.now() + timedelta(seconds=left) if left is not None else None

    @property
    def label(self) -> str:
        """Return the state in the person's language."""
        return label(self.state, self.counts)

    @property
    def seconds_to_start(self) -> int | None:
        """Return the time in which one press still takes all of it back; None = it is longer, or over."""
        if self.state is not CampaignState.SCHEDULED or self.due_at is None:
            return None
        left = (self.due_at - clock.now()).total_seconds()
        return math.ceil(left) if 0 < left <= LAST_SECONDS else None

    @property
    def poll_seconds(self) -> int:
        """Return how often a page should ask again."""
        if self.seconds_to_start is not None:
            return 1
        return 2 if self.state is CampaignState.SENDING or self.is_due else 15

    @property
    def is_due(self) -> bool:
        """Say whether its time has come and it has not begun yet."""
        is_waiting = self.state is CampaignState.SCHEDULED
        return is_waiting and (self.due_at is None or self.due_at <= clock.now())

    @property
    def is_live(self) -> bool:
        """Say whether the figures still move."""
        return self.state in {CampaignState.SENDING, CampaignState.SCHEDULED, CampaignState.PAUSED}

    @property
    def rows(self) -> list[tuple[DeliveryState, str, int]]:
        """Return (state, words, recipients) of every state somebody is in."""
        return [(state, delivery_label(state), self.counts[state]) for state in ORDER if self.counts.get(state)]

    @property
    def bar(self) -> str:
        """Return the state of the progress bar."""
        return {
            CampaignState.PAUSED: "paused",
            CampaignState.SCHEDULED: "queued",
            CampaignState.SENDING: "running",
            CampaignState.SENT: "done",
        }.get(self.state, "failed")


def progress_of(session: Session, outbound: OutboundView) -> Progress:
    """Return how far an outbound is; its view must carry counts."""
    state = state_of(outbound)
    is_running = state is CampaignState.SENDING
    return Progress(
        state=state,
        counts=outbound.counts,
        total=sum(outbound.counts.values()) if outbound.is_materialised else None,
        expected=outbound.item.audience_count,
        per_second=reads.pace(session, outbound.id) if is_running else None,
        due_at=outbound.due_at,
        finished_at=outbound.finished_at,
        is_untouched=is_waiting(outbound),
    )
