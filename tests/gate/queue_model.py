"""What the rules of the house say about items in the queue, written down by hand: the model of the approval machine."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Final

from lux.gate.deciding.policies import Rules
from lux.gate.reads import ItemState
from lux.gate.toggles import SCHEDULED

RECIPIENTS: Final = 2
OWNER, ADMIN, MARKETER, AGENT, GUEST = range(5)
CHANNEL: Final = "channel_email"


@dataclass
class Item:
    """What is known of an item, by what was done to it."""

    public_id: Any
    digest: str
    mark: str  # the subject of its present version
    author: int
    was_prompted: bool
    state: str = "pending"  # approved: with or without a time; left: every message is in the sink
    yeses: dict[int, dt.datetime | None] = field(default_factory=dict)  # who → the time that it is for
    old: list[str] = field(default_factory=list)  # hashes of earlier versions
    hands: set[int] = field(default_factory=set)  # whose work it is: author, last editor, who asked the agent
    at: dt.datetime | None = None  # of the yes
    is_paused: bool = False
    is_tampered: bool = False  # the row was changed behind the gate

    @property
    def shown(self) -> ItemState:
        """Return the state that the queue shows."""
        if self.state == "approved" and self.at is not None:
            return ItemState.SCHEDULED
        return ItemState("published" if self.state == "left" else self.state)

    def wait_anew(self, digest: str, mark: str) -> None:
        """Become a new version that nobody said yes to."""
        self.old.append(self.digest)
        self.digest, self.mark, self.state = digest, mark, "pending"
        self.yeses, self.at, self.is_paused, self.is_tampered = {}, None, False, False


@dataclass
class House:
    """The company's policy, switches and stop."""

    rules: Rules = field(default_factory=Rules)
    on: dict[str, bool] = field(default_factory=lambda: {CHANNEL: True, SCHEDULED: True})
    is_stopped: bool = False

    def may_decide(self, who: int) -> bool:
        """Say who may say yes or no at all."""
        return who in {OWNER, ADMIN} or (who == GUEST and self.rules.guests_decide)

    def counted(self, item: Item) -> dict[int, dt.datetime | None]:
        """Return the yeses of those who may still say it."""
        return {who: at for who, at in item.yeses.items() if self.may_decide(who)}

    def agreed(self, item: Item, at: dt.datetime | None) -> dt.datetime | None:
        """Return the time that a yes is for: the first one's."""
        so_far = self.counted(item)
        return next(iter(so_far.values())) if so_far else at

    def is_last(self, item: Item, who: int) -> bool:
        """Say whether somebody's yes would let it go."""
        return len({*self.counted(item), who}) >= self.rules.yeses_for(RECIPIENTS)

    def may_approve(self, item: Item, who: int, now: dt.datetime, at: dt.datetime | None = None) -> bool:
        """Say whether this yes counts."""
        if not self.may_decide(who) or item.state != "pending" or item.is_tampered:
            return False
        if self.rules.four_eyes and who in item.hands:
            return False
        so_far = self.counted(item)
        if who in so_far and len(so_far) < self.rules.yeses_for(RECIPIENTS):
            return False
        if at is not None and (at <= now or (so_far and at != self.agreed(item, at))):
            return False
        agreed = self.agreed(item, at)
        is_for_later = self.is_last(item, who) and agreed is not None and agreed > now
        return self.on[SCHEDULED] or not is_for_later

    def note_yes(self, item: Item, who: int, now: dt.datetime, at: dt.datetime | None = None) -> bool:
        """Write a yes down; returns whether it was the last that was needed."""
        agreed, is_last = self.agreed(item, at), self.is_last(item, who)
        item.yeses[who] = agreed
        if is_last:
            item.state, item.at = "approved", agreed if agreed is not None and agreed > now else None
        return is_last

    def lets(self, item: Item) -> bool:
        """Say whether every switch that an item needs is on."""
        return self.on[CHANNEL] and (item.at is None or self.on[SCHEDULED])

    def may_work(self, item: Item, now: dt.datetime) -> bool:
        """Say whether a worker looks at it: it has its yes, its time has come, and nothing holds it."""
        is_due = item.at is None or item.at <= now
        return item.state == "approved" and is_due and not item.is_paused and not self.is_stopped
