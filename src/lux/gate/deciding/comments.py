"""What people say about an item, beside deciding on it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.gate import moves
from lux.gate.deciding.models import ApprovalComment
from lux.gate.models import ApprovalDecision, ApprovalQueue
from lux.identity.access import Person, Right
from lux.kit.errors import InvalidInput, NotFound
from lux.kit.i18n import gettext as _
from lux.ports.acts import UNLISTED

MOST_CHARACTERS = 2000


def add(session: Session, person: Person, public_id: uuid.UUID, text: str) -> ApprovalComment:
    """Say something about the present version of an item; raises NotFound, Forbidden, InvalidInput.

    That something was said stands in the audit chain, what was said does not: people may be named in it.
    """
    person.require(Right.EDIT)
    item = session.scalar(
        select(ApprovalQueue).where(ApprovalQueue.public_id == public_id, ApprovalQueue.kind.not_in(UNLISTED))
    )
    if item is None:
        raise NotFound
    said = text.strip()
    if not said or len(said) > MOST_CHARACTERS:
        raise InvalidInput(
            field="text",
            message=_("A comment has 1 to %(n)s characters.", n=MOST_CHARACTERS),
            fix=_("Write something, or shorten it."),
        )
    row = ApprovalComment(
        item_id=item.id,
        version=item.version,
        author_type=person.actor.type,
        author_id=person.user_id,
        author_name=(person.name or person.email)[:200],
        text=said,
    )
    session.add(row)
    session.flush()
    moves.write_down(session, "approval.commented", item, by=person, detail={"comment_id": str(row.public_id)})
    return row


def concerned(session: Session, public_id: uuid.UUID) -> Sequence[int]:
    """Return the people an item concerns: author, who asked the agent, who changed it, said something or decided."""
    item = session.scalar(select(ApprovalQueue).where(ApprovalQueue.public_id == public_id))
    if item is None:
        return []
    spoke = select(ApprovalComment.author_id).where(
        ApprovalComment.item_id == item.id, ApprovalComment.author_type == "person"
    )
    decided = select(ApprovalDecision.decided_by).where(ApprovalDecision.item_id == item.id)
    found = [item.author_id, item.prompted_by, item.editor_id, *session.scalars(spoke), *session.scalars(decided)]
    return list(dict.fromkeys(number for number in found if number))
