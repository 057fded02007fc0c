"""What one person may do about one waiting item, and why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from lux.gate.deciding import deciders, policies, yeses
from lux.gate.deciding.yeses import Progress
from lux.gate.states import ItemState
from lux.gate.views import ItemView
from lux.identity.access import Person, Right
from lux.kit import clock
from lux.kit.i18n import gettext as _


@dataclass(frozen=True, kw_only=True)
class Look:
    """How an item stands towards the person who looks at it."""

    progress: Progress
    may_reject: bool = False
    may_approve: bool = False
    why_not: str = ""  # in words, for somebody who has the right and still may not
    is_solo: bool = False  # a yes would be recorded as solo
    own: str = ""  # in words, what they have had a hand in


def at_items(session: Session, person: Person, items: Sequence[ItemView]) -> Mapping[int, Look]:
    """Return how each item stands towards a person, set-based."""
    progress, rules = yeses.of_items(session, items), policies.rules_of(session)
    return {item.id: _look(person, item, progress.get(item.id, yeses.NOTHING), rules) for item in items}


def at_item(session: Session, person: Person, item: ItemView) -> Look:
    """Return how one item stands towards a person."""
    return at_items(session, person, [item])[item.id]


def _look(person: Person, item: ItemView, progress: Progress, rules: policies.Rules) -> Look:
    if item.state is not ItemState.PENDING or not person.has(Right.APPROVE):
        return Look(progress=progress)
    if item.expires_at is not None and item.expires_at <= clock.now():
        return Look(progress=progress, why_not=_("Nobody decided in time: this has expired."))
    parts = deciders.own_parts(
        person.user_id, author_id=item.author_id, editor_id=item.editor_id, prompted_by=item.prompted_by
    )
    own = deciders.words(parts) if parts else ""
    if parts and rules.four_eyes:
        why = _("%(why)s Four eyes are asked for: somebody else has to say yes.", why=own)
        return Look(progress=progress, may_reject=True, why_not=why, own=own)
    if progress.includes(person.user_id) and len(progress.yeses) < progress.needed:
        why = _("You said yes already: %(n)s different people have to.", n=progress.needed)
        return Look(progress=progress, may_reject=True, why_not=why, own=own)
    return Look(progress=progress, may_reject=True, may_approve=True, is_solo=bool(parts), own=own)
