"""Asking people whether they want mail (double opt-in): what a lower room hands to the room that asks."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class OptInOutcome(enum.Enum):
    """What came of asking somebody whether they want mail."""

    SENT = "sent"  # a mail with a link is on its way
    ASKED = "asked_before"  # one is out already, not long ago
    NOT_NEEDED = "not_needed"  # they said yes before
    REFUSED = "refused_before"  # they said no before, and nobody says that they changed their mind
    BLOCKED = "blocked"  # the address bounced, complained, or was blocked by hand
    BUSY = "too_many"  # the company, or the address, had too many of such mails just now


@dataclass(frozen=True, kw_only=True)
class OptInAsk:
    """One address to be asked, and through what it came."""

    address: str
    address_key: str
    via: str  # form | zapier | person
    source: str
    language: str = ""  # "" = the company's
    wording: str = ""  # "" = ours
    first_name: str = ""
    last_name: str = ""
    proof: Mapping[str, str] = field(default_factory=dict)
    is_personal: bool = False  # they typed it themselves, here
    says_yes: bool = False  # a program says that they agreed
    by: str = "system"  # who asked, as facts name actors


class OptInStarter(Protocol):
    """Asks people whether they want mail (double opt-in); contacts stand below the room that does."""

    def start(self, session: Session, ask: OptInAsk) -> OptInOutcome:
        """Mail a link to confirm, or say why not."""
