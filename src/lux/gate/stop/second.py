"""Whether the end of a stop needs another person than the one who pressed it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from lux.gate.deciding import policies


def needs_other_person(session: Session) -> bool:
    """Say whether the company of the session wants two people for what one could do: its four-eyes policy."""
    return policies.rules_of(session).four_eyes
