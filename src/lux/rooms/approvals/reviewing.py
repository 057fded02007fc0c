"""A guest looks, says something, decides: by the same gate as everybody, without anybody's personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lux.gate.deciding import comments, yeses
from lux.gate.guests import seeing
from lux.gate.reads import ItemState, ItemView
from lux.gate.service import ApprovalService
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.approvals import fields, queries, telling
from lux.rooms.notifications import service as notifications
from lux.ui import confirmation

if TYPE_CHECKING:
    import uuid

    from sqlalchemy.orm import Session

    from lux.gate.guests.reviewer import Reviewer


def shown(session: Session, reviewer: Reviewer, item: ItemView) -> dict[str, Any]:
    """Return what a guest is shown of an item; of its audience the number alone."""
    basis, changed = queries.changes(session, item)
    audience = fields.labels()["audience"]  # its rule may name people
    return {
        "item": item,
        "basis": basis,
        "changed": [one for one in changed if one.label != audience],
        "fields": [one for one in fields.shown(item.body) if one[0] != audience],
        "previewed": fields.PREVIEWED,
        "look": seeing.look(session, reviewer, item),
        "history": telling.history(session, item),
        "words": queries,
    }


def approve(session: Session, reviewer: Reviewer, public_id: uuid.UUID, *, shown_hash: str, typed: str) -> str:
    """Say yes to exactly what was shown, at the time it asks for; returns what that sets off, in words."""
    item = seeing.item(session, reviewer, public_id)
    if not confirmation.matches(typed, item.audience_count):
        raise InvalidInput(
            field="confirmation",
            message=_("This is not the number of recipients."),
            fix=_("Type %(n)s to approve.", n=item.audience_count),
        )
    ApprovalService(session).approve(reviewer, public_id, shown_hash=shown_hash)
    now = seeing.item(session, reviewer, public_id)
    if now.state is ItemState.PENDING:
        so_far = yeses.of_item(session, now)
        return _("Your yes counts: %(n)s of %(all)s. Somebody else has to say yes too.", n=len(so_far.yeses),
                 all=so_far.needed)  # fmt: skip
    if now.state is ItemState.SCHEDULED:
        return _("Approved for its time.")
    return _("Approved. It leaves as you have seen it.")


def reject(session: Session, reviewer: Reviewer, public_id: uuid.UUID, *, shown_hash: str, reason: str) -> None:
    """Say no; the author reads why."""
    seeing.item(session, reviewer, public_id)
    ApprovalService(session).reject(reviewer, public_id, shown_hash=shown_hash, reason=reason)


def comment(session: Session, reviewer: Reviewer, public_id: uuid.UUID, text: str) -> None:
    """Say something; whoever it concerns is told, and who invited the guest."""
    item = seeing.item(session, reviewer, public_id)
    said = comments.add_as_guest(session, reviewer, public_id, text)
    concerned = [*comments.concerned(session, public_id), reviewer.invited_by]
    notifications.notify(
        session,
        list(dict.fromkeys(concerned)),
        kind="approval.comment",
        title=lambda: _("%(name)s (guest) said something about “%(title)s”", name=said.author_name, title=item.title),
        body=said.text[:200],
        url=f"/approvals/{item.public_id}",
    )
