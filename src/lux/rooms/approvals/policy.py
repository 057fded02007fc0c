"""Choosing how the company decides, and saying something about an item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.gate import reads
from lux.gate.deciding import comments, policies
from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.notifications import service as notifications

if TYPE_CHECKING:
    import uuid

    from sqlalchemy.orm import Session

    from lux.gate.deciding.policies import Rules
    from lux.identity.access import Person


def choose(session: Session, person: Person, wanted: Rules, *, version: int, reason: str) -> None:
    """Choose the company's rules; the others who decide hear of it when more may pass than before."""
    if policies.choose(session, person, wanted, version=version, reason=reason):
        notifications.notify(
            session,
            Right.APPROVE,
            kind="approval.policy",
            title=lambda: _("More may pass than before: the approval policy was changed"),
            body=reason,
            url="/approvals/policy",
            level="warn",
            but=person.user_id,
        )


def comment(session: Session, person: Person, public_id: uuid.UUID, text: str) -> None:
    """Say something about an item; whoever it concerns is told, but for who said it."""
    said = comments.add(session, person, public_id, text)
    item = reads.item(session, public_id)
    notifications.notify(
        session,
        comments.concerned(session, public_id),
        kind="approval.comment",
        title=lambda: _("%(name)s said something about “%(title)s”", name=said.author_name, title=item.title),
        body=said.text[:200],
        url=f"/approvals/{item.public_id}",
        but=person.user_id,
    )
