"""The guest behind a request: who, in which company, and how far the link reaches."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from lux.kit import clock
from lux.ledger.audit import Actor
from lux.ports.acts import UNLISTED, ActKind

if TYPE_CHECKING:
    from lux.gate.deciding.policies import Rules
    from lux.gate.guests.models import Guest
    from lux.gate.models import ApprovalQueue
    from lux.gate.views import ItemView

# An answer to one person shows what that person wrote, and a guest sees nobody's personal data.
OF_ONE_PERSON: Final = frozenset({ActKind.DIRECT_MESSAGE, ActKind.SOCIAL_COMMENT})
KINDS: Final = tuple(kind.value for kind in ActKind if kind not in UNLISTED | OF_ONE_PERSON)


@dataclass(frozen=True, kw_only=True)
class Reviewer:
    """A guest whose session holds, with what the company's policy leaves of their rights."""

    guest_id: int
    session_id: int
    company_id: int
    company: str
    timezone: str
    name: str
    email: str
    may_comment: bool
    may_decide: bool
    kinds: frozenset[str]
    item_id: int | None  # this one alone
    account: int | None  # whoever signs in with the same address is the same person
    invited_by: int
    expires_at: datetime

    @property
    def actor(self) -> Actor:
        """Return how the audit chain names who acts."""
        return Actor(type="guest", id=self.guest_id)

    def reaches(self, item: ApprovalQueue | ItemView) -> bool:
        """Say whether the link is for an item, as far as its kind goes."""
        kind = item.kind if isinstance(item.kind, str) else item.kind.value
        if kind not in KINDS:
            return False
        return item.id == self.item_id if self.item_id is not None else kind in self.kinds


@dataclass(frozen=True, kw_only=True)
class GuestView:
    """A guest as the company's admins see them."""

    public_id: uuid.UUID
    name: str
    email: str
    may_comment: bool
    may_decide: bool
    kinds: tuple[str, ...]
    item_title: str  # "" = of the kinds
    item_public_id: uuid.UUID | None
    state: str  # open | expired | revoked | erased | off: the policy allows them nothing
    expires_at: datetime
    invited_by: str
    last_seen_at: datetime | None
    decided: int


def rights_of(guest: Guest, rules: Rules) -> tuple[bool, bool]:
    """Return whether a guest may comment, and decide, now: their own rights, their time, the company's policy."""
    if guest.revoked_at is not None or guest.expires_at <= clock.now():
        return False, False
    return guest.may_comment and rules.guests_comment, guest.may_decide and rules.guests_decide
