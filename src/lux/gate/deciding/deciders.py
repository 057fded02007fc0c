"""Who decides: a signed-in person today; whoever else may come is one more function here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from lux.gate.models import ApprovalQueue
from lux.gate.states import Method
from lux.identity.access import Person, Right
from lux.kit.db.session import company_of
from lux.kit.errors import Forbidden, NotFound
from lux.kit.i18n import gettext as _
from lux.ledger.audit import Actor

PERSON = "person"  # the only author that ever decides


@dataclass(frozen=True, kw_only=True)
class Decider:
    """Somebody who may decide on one item, proven before this was made."""

    method: Method
    user_id: int | None  # None: not a member of the company
    session_id: int | None  # the signed-in session that proves it
    name: str
    actor: Actor


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
