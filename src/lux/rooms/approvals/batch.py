"""Deciding on several items of one kind at once: each by itself, and what failed is said item by item."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lux.gate.deciding import choosing, yeses
from lux.gate.reads import ItemState
from lux.gate.service import BATCH, ApprovalService, Chosen
from lux.gate.states import Verdict
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.reads import ItemView
    from lux.identity.access import Person
    from lux.kit.errors import LuxError

__all__ = ["BATCH", "Outcome", "approve", "ids_in", "parsed", "reject", "value_of"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one item of a batch."""

    public_id: uuid.UUID
    title: str
    is_done: bool
    words: str
    state: str


def value_of(item: ItemView) -> str:
    """Return what a form carries of an item as it was shown: which, over which hash, for how many."""
    return f"{item.public_id}:{item.content_hash}:{item.audience_count}"


def parsed(values: Sequence[str]) -> list[Chosen]:
    """Return what a form carried; the form has checked its shape."""
    found = [value.split(":") for value in values]
    return [Chosen(public_id=uuid.UUID(one[0]), shown_hash=one[1], recipients=int(one[2])) for one in found]


def ids_in(ids: Sequence[str], values: Sequence[str]) -> list[uuid.UUID]:
    """Return the ids in an address, else in a form that came back; what is none is left out."""
    found = []
    for text in [*ids, *(value.partition(":")[0] for value in values)][:BATCH]:
        try:
            found.append(uuid.UUID(text))
        except ValueError:
            continue
    return found


def approve(session: Session, person: Person, chosen: Sequence[Chosen], *, confirmation: str) -> list[Outcome]:
    """Say yes to each as it was shown, at the time it asks for; the sum of the recipients was typed."""
    whole = sum(one.recipients for one in chosen)
    if confirmation.strip().replace(",", "").replace(".", "") != str(whole):
        raise InvalidInput(
            field="confirmation",
            message=_("This is not the number of recipients of all together."),
            fix=_("Type %(n)s to approve.", n=whole),
        )
    failed = ApprovalService(session).decide_batch(person, chosen, verdict=Verdict.YES)
    return _outcomes(session, chosen, failed)


def reject(session: Session, person: Person, chosen: Sequence[Chosen], *, reason: str) -> list[Outcome]:
    """Say no to each, for one reason that reaches every author."""
    failed = ApprovalService(session).decide_batch(person, chosen, verdict=Verdict.NO, reason=reason)
    return _outcomes(session, chosen, failed)


def _outcomes(session: Session, chosen: Sequence[Chosen], failed: Sequence[LuxError | None]) -> list[Outcome]:
    items = {item.public_id: item for item in choosing.shown(session, [one.public_id for one in chosen])}
    progress = yeses.of_items(session, list(items.values()))
    found = []
    for one, error in zip(chosen, failed, strict=True):
        item = items.get(one.public_id)
        found.append(
            Outcome(
                public_id=one.public_id,
                title=item.title if item else _("Not found"),
                is_done=error is None,
                words=f"{error.message} {error.fix}".strip() if error else _done(item, progress),
                state=item.state.value if item else "",
            )
        )
    return found


def _done(item: ItemView | None, progress: Mapping[int, yeses.Progress]) -> str:
    if item is None or item.state is ItemState.REJECTED:
        return _("Rejected. The author was told why.")
    if item.state is ItemState.PENDING:
        so_far = progress[item.id]
        return _(
            "Your yes counts: %(n)s of %(all)s. Somebody else has to say yes too.",
            n=len(so_far.yeses),
            all=so_far.needed,
        )
    return _("Approved for its time.") if item.state is ItemState.SCHEDULED else _("Approved.")
