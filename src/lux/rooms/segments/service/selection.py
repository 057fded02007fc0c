"""Put contacts chosen elsewhere on a list: an existing one, or a new one made for them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from lux.identity.access import Person
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.segments import queries
from lux.rooms.segments.models import Segment
from lux.rooms.segments.service.editing import Draft, create
from lux.rooms.segments.service.members import add_selected

NEW = "new"


def put_on_list(
    session: Session, company_id: int, contacts: Sequence[uuid.UUID], *, target: str, name: str, author: Person
) -> tuple[Segment, int]:
    """Put contacts on the list `target` (a public id, or "new" with a name); returns it and how many were new."""
    if not contacts:
        raise InvalidInput(
            field="ids", message=_("No contact was chosen."), fix=_("Go back and select some in the list.")
        )
    segment = _target(session, company_id, target, name, author)
    return segment, add_selected(session, segment, contacts)


def _target(session: Session, company_id: int, target: str, name: str, author: Person) -> Segment:
    if target == NEW:
        if not name:
            raise InvalidInput(field="name", message=_("The new segment has no name."), fix=_("Enter one."))
        return create(session, company_id, Draft(name=name), author=author)
    try:
        found = queries.segment(session, company_id, uuid.UUID(target))
    except ValueError:
        found = None
    if found is None or found.trashed_at is not None or found.is_dynamic:
        raise InvalidInput(field="segment", message=_("No list was chosen."), fix=_("Choose one, or a new one."))
    return found
