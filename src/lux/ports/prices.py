"""What an act will cost, as far as somebody knows: channels with a price say it through this door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.money import Money
    from lux.ports.acts import Act


class PriceSource(Protocol):
    """Knows what a provider asks for on one channel."""

    channel: str

    def estimate(self, session: Session, act: Act, recipients: int) -> Money | None:
        """Return what the act will cost for so many recipients; None = not known, never a guess."""
