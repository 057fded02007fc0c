"""What undoing an import needs of consent and suppression, set-based."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from lux.gate.parties import Consent, Suppression


def said_on_basis(session: Session, channel: str, address_keys: Sequence[str], basis: str) -> set[str]:
    """Return those of the addresses whose last statement has this basis."""
    found: set[str] = set()
    for start in range(0, len(address_keys), 500):
        part = address_keys[start : start + 500]
        query = select(Consent.address_key).where(
            Consent.channel == channel, Consent.basis == basis, Consent.address_key.in_(part)
        )
        found.update(session.scalars(query))
    return found


def release_many(session: Session, channel: str, address_keys: Sequence[str]) -> int:
    """Lift suppressions set-based; returns how many there were. The caller audits why."""
    count = 0
    for start in range(0, len(address_keys), 500):
        part = address_keys[start : start + 500]
        statement = delete(Suppression).where(Suppression.channel == channel, Suppression.address_key.in_(part))
        result = session.execute(statement.execution_options(synchronize_session=False))
        count += int(result.rowcount)  # type: ignore[attr-defined]
    return count
