"""Takes an action back for one chunk: only where what stands now is still what the action wrote."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from lux.rooms.contacts.models import Contact, Tag
from lux.rooms.segments.bulk import steps
from lux.rooms.segments.bulk.steps import Relation, Work
from lux.rooms.segments.models import Segment

Journal = Mapping[int, tuple[dict[str, Any], dict[str, Any]]]  # contact id → before, after


def unrelate(work: Work, relation: Relation, journal: Journal) -> set[int]:
    """End relations that the action made and nobody made anew since."""
    now = steps.present(work, relation, list(journal))
    ours = {one for one, at in now.items() if at.isoformat() == journal[one][1]["at"]}
    steps.drop(work, relation, sorted(ours), relation.removed)
    return ours


def relate(work: Work, relation: Relation, journal: Journal) -> set[int]:
    """Make relations again that the action ended, as old as they were; none while the tag or list is gone."""
    model = Tag if relation is steps.TAGS else Segment
    if work.session.scalar(select(model.id).where(model.id == work.args[relation.arg])) is None:
        return set()
    there = set(work.session.scalars(select(Contact.id).where(Contact.id.in_(list(journal)))))
    gone = (set(journal) & there) - set(steps.present(work, relation, list(journal)))
    since = {one: dt.datetime.fromisoformat(journal[one][0]["at"]) for one in gone}
    steps.insert(work, relation, since, relation.added)
    return gone


def reset_field(work: Work, journal: Journal) -> set[int]:
    """Write former values where the action's own value still stands."""
    name = work.args["field"]
    query = select(Contact).where(Contact.id.in_(list(journal))).order_by(Contact.id).with_for_update()
    rows = work.session.scalars(query.execution_options(populate_existing=True)).all()
    ours = {one.id: journal[one.id][0]["value"] for one in rows if _holds(one, name, journal[one.id][1]["value"])}
    steps.write(work, name, ours)
    return set(ours)


def restore(work: Work, journal: Journal) -> set[int]:
    """Take contacts out of the trash that have lain there since the action."""
    query = select(Contact.id, Contact.trashed_at).where(Contact.id.in_(list(journal)), Contact.trashed_at.is_not(None))
    ours = {row[0] for row in work.session.execute(query) if row[1] and row[1].isoformat() == journal[row[0]][1]["at"]}
    steps.move(work, sorted(ours), at=None)
    return ours


def _holds(contact: Contact, name: str, value: Any) -> bool:  # noqa: ANN401 - any field's value
    return bool(steps.value_of(contact, name) == value)
