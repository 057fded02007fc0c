"""What the triggers look at: sent, refused and complained of per campaign, from the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from lux.ledger import facts
from lux.ledger.models import Fact

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

CAMPAIGN: Final = "campaign"
_KINDS: Final = ("email.sent", "email.bounced", "email.complained")


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What became of messages: counted, not estimated."""

    sent: int = 0
    bounced: int = 0
    complained: int = 0

    @property
    def tried(self) -> int:
        """Return how many messages the other side took or refused for good."""
        return self.sent + self.bounced

    def __add__(self, other: Figures) -> Figures:
        """Return both together."""
        return Figures(
            sent=self.sent + other.sent,
            bounced=self.bounced + other.bounced,
            complained=self.complained + other.complained,
        )


def by_campaign(
    session: Session, ids: Sequence[int] = (), *, since: dt.datetime | None = None, day: dt.date | None = None
) -> dict[int, Figures]:
    """Return the figures of campaigns (no ids = all): after a moment, or from a day on as the roll-ups have it."""
    counted: Mapping[tuple[int, str], int]
    if since is None:
        counted = {key: total for key, (total, _firsts) in facts.rolled_up(session, CAMPAIGN, ids, since=day).items()}
    else:
        counted = _after(session, ids, since)
    found: dict[int, dict[str, int]] = {}
    for (number, kind), total in counted.items():
        if kind in _KINDS:
            found.setdefault(number, {})[kind.removeprefix("email.")] = total
    return {number: Figures(**values) for number, values in found.items()}


def together(found: Mapping[int, Figures], *, but: Collection[int] = ()) -> Figures:
    """Return the sum over all campaigns that are not left out."""
    total = Figures()
    for number, one in found.items():
        if number not in but:
            total += one
    return total


def _after(session: Session, ids: Sequence[int], since: dt.datetime) -> dict[tuple[int, str], int]:
    query = (
        select(Fact.subject_id, Fact.kind, func.count())
        .where(Fact.subject_type == CAMPAIGN, Fact.kind.in_(_KINDS), Fact.at > since, Fact.subject_id.is_not(None))
        .group_by(Fact.subject_id, Fact.kind)
    )
    if ids:
        query = query.where(Fact.subject_id.in_(ids))
    return {(row[0], row[1]): row[2] for row in session.execute(query) if row[0] is not None}
