"""How a check says no: which one, what follows, and the words for people."""

from __future__ import annotations

import enum


class Effect(enum.Enum):
    """What a failed check does."""

    RETURN = "return"  # the yes is void: back to pending
    PAUSE = "pause"  # the yes stands; a person has to mend something
    END = "end"  # there is nothing (more) to do


class Refusal(Exception):
    """A check said no."""

    def __init__(self, *, check: str, effect: Effect, reason: str = "") -> None:
        """Keep which check, what follows, and the words for people."""
        super().__init__(check)
        self.check = check
        self.effect = effect
        self.reason = reason
