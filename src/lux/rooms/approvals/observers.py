"""Word to those who may decide that something waits, and to authors whose thing has no room that tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lux.gate import reads
from lux.gate.deciding import yeses
from lux.identity import companies, members
from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.email.queries import SUBJECT
from lux.rooms.notifications import service as notifications
from lux.rooms.notifications.service import Letter

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.reads import ItemView

TOLD_BY_THEIR_ROOM: Final = frozenset({SUBJECT})


class TellApprovers:
    """Tells those who may decide that something waits."""

    def on_change(self, session: Session, _company_id: int, subject: tuple[str, int], event: str) -> None:
        """Leave a notice for every approver when something is submitted, came back, or has one yes of two.

        Who asked for mails gets one: it leads to the page, and nothing is decided by opening it.
        """
        if event not in {"submitted", "returned", "half_approved"}:
            return
        item = reads.item_of_subject(session, subject)
        if item is None:
            return
        done = {one.user_id for one in yeses.of_item(session, item).yeses}
        notifications.notify(
            session,
            [number for number in members.user_ids_with(session, Right.APPROVE) if number not in done],
            kind=f"approval.{event}",
            title=lambda: _waits(item, event),
            body=item.reason,
            url=f"/approvals/{item.public_id}",
            letter=_letter(session, item),
        )


class TellAuthors:
    """Tells authors what became of their items, where no room of its own does."""

    def on_change(self, session: Session, _company_id: int, subject: tuple[str, int], event: str) -> None:
        """Leave a notice for the author, or for who asked the agent."""
        if subject[0] in TOLD_BY_THEIR_ROOM or event not in {"approved", "rejected", "returned", "expired"}:
            return
        item = reads.item_of_subject(session, subject)
        if item is None or not item.author_id:
            return
        notifications.notify(
            session,
            [item.author_id],
            kind=f"approval.{event}",
            title=lambda: _became(item, event),
            body=item.reason,
            url=f"/approvals/{item.public_id}",
            level="ok" if event == "approved" else "warn",
        )


def _letter(session: Session, item: ItemView) -> Letter:
    return Letter(
        template="approval_notice",
        params={
            "company": companies.current(session).name,
            "title": item.title,
            "author": item.author_name,
            "recipients": str(item.audience_count),
        },
    )


def _waits(item: ItemView, event: str) -> str:
    return {
        "submitted": _("“%(title)s” waits for a yes", title=item.title),
        "returned": _("“%(title)s” needs a new yes", title=item.title),
        "half_approved": _("“%(title)s” waits for a second yes", title=item.title),
    }[event]


def _became(item: ItemView, event: str) -> str:
    return {
        "approved": _("“%(title)s” was approved", title=item.title),
        "rejected": _("“%(title)s” was rejected", title=item.title),
        "returned": _("“%(title)s” needs a new yes", title=item.title),
        "expired": _("“%(title)s” has expired: nobody decided in time", title=item.title),
    }[event]
