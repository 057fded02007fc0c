"""Who decides: a signed-in person, or a guest by a personal link; whoever else may come is one more function here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.gate.deciding import policies
from lux.gate.guests.models import Guest, GuestSession
from lux.gate.guests.reviewer import Reviewer, rights_of
from lux.gate.models import ApprovalQueue
from lux.gate.states import Method
from lux.identity.access import Person, Right
from lux.kit.db.session import company_of
from lux.kit.errors import Forbidden, NotFound
from lux.kit.i18n import gettext as _
from lux.ledger.audit import Actor

PERSON = "person"  # of those who work in a company the only one that ever decides
NOBODY = 0  # the number of who decided where that is nobody with an account here


@dataclass(frozen=True, kw_only=True)
class Decider:
    """Somebody who may decide on one item, proven before this was made."""

    method: Method
    user_id: int | None  # the account; of a guest the one with the same address, if there is one
    session_id: int  # what proves it: of a person the signed-in session, of a guest the guest's own
    name: str
    actor: Actor
    guest_id: int | None = None

    @property
    def member_id(self) -> int | None:
        """Return the account by which it was decided; None for a guest, whoever they are elsewhere."""
        return self.user_id if self.guest_id is None else None

    @property
    def columns(self) -> Mapping[str, int | None]:
        """Return how a decision's row names who decided and what proves it."""
        if self.guest_id is None:
            return {"decided_by": self.user_id, "session_id": self.session_id}
        proof = {"guest_id": self.guest_id, "guest_session_id": self.session_id}
        return {"decided_by": NOBODY, "session_id": NOBODY, **proof}


def proven(session: Session, who: Person | Reviewer, item: ApprovalQueue) -> Decider:
    """Return who decides, proven; raises Forbidden or NotFound."""
    return by_link(session, who, item) if isinstance(who, Reviewer) else signed_in(session, who, item)


def signed_in(session: Session, person: Person, item: ApprovalQueue) -> Decider:
    """Return a signed-in person of the item's company who has the right; raises Forbidden or NotFound.

    A key, an agent and the command line have no session, and never decide.
    """
    if person.session_id is None or person.actor.type != PERSON:
        raise Forbidden(_("Only a signed-in person can decide."))
    if person.company_id != company_of(session) or item.company_id != person.company_id:
        raise NotFound
    person.require(Right.APPROVE)
    return Decider(
        method=Method.PERSON,
        user_id=person.user_id,
        session_id=person.session_id,
        name=(person.name or person.email)[:200],
        actor=person.actor,
    )


def by_link(session: Session, reviewer: Reviewer, item: ApprovalQueue) -> Decider:
    """Return a guest whose link is for the item and who may decide; raises Forbidden or NotFound.

    The guest's row is locked and read anew: a revocation that was answered holds.
    """
    if reviewer.company_id != company_of(session) or item.company_id != reviewer.company_id:
        raise NotFound
    guest = session.scalar(select(Guest).where(Guest.id == reviewer.guest_id).with_for_update())
    is_here = session.scalar(
        select(GuestSession.id).where(
            GuestSession.id == reviewer.session_id, GuestSession.guest_id == reviewer.guest_id
        )
    )
    if guest is None or is_here is None or not reviewer.reaches(item):
        raise NotFound
    if not rights_of(guest, policies.rules_of(session))[1]:
        raise Forbidden(_("You may look at this, and not decide on it."), fix=_("Tell whoever invited you."))
    return Decider(
        method=Method.GUEST,
        user_id=reviewer.account,
        session_id=reviewer.session_id,
        name=guest.name[:200],
        actor=reviewer.actor,
        guest_id=guest.id,
    )


def own_parts(
    user_id: int | None, *, author_id: int | None, editor_id: int | None, prompted_by: int | None
) -> frozenset[str]:
    """Return what somebody has had a hand in: author, editor, prompter; nothing = these are other eyes."""
    hands: Mapping[str, int | None] = {"author": author_id, "editor": editor_id, "prompter": prompted_by}
    return frozenset(name for name, hand in hands.items() if user_id is not None and hand == user_id)


def words(parts: frozenset[str]) -> str:
    """Return in words what somebody has had a hand in."""
    if "prompter" in parts:
        return _("An agent wrote this because you asked it to.")
    return _("You wrote this.") if "author" in parts else _("You changed this last.")


def guests_own(parts: frozenset[str]) -> str:
    """Return in words why a guest's yes to their own work is not taken: guests are other eyes, or nothing."""
    return _("%(why)s A guest says yes only to what somebody else wrote.", why=words(parts))
