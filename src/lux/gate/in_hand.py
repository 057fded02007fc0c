"""The message in a connector's hand: whether it may still leave, and what became of it."""

from __future__ import annotations

from collections.abc import Callable

from lux.gate.journal import Journal
from lux.ports.receipts import Outcome


class InHand:
    """What a run lets its connector ask and tell (`ports.receipts.InFlight`)."""

    def __init__(self, journal: Journal, is_halted: Callable[[], bool]) -> None:
        """Tell a run's journal, and ask the run what holds it."""
        self._journal = journal
        self._is_halted = is_halted

    def may_leave(self) -> bool:
        """Say whether nothing stops it: once it is halted, a run stays so to its end."""
        return not self._is_halted()

    def leaving(self, delivery_id: int) -> None:
        """Note that the last byte of this message is about to be written."""
        self._journal.leaving(delivery_id)

    def answered(
        self, delivery_id: int, outcome: Outcome, *, code: int | None = None, error: str | None = None
    ) -> None:
        """Note what the other side said."""
        self._journal.answered(delivery_id, outcome, code=code, error=error)
