"""What people make of groups of errors: resolved, ignored for good or for a while, or open again; audited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.identity.api_keys import Program
from lux.kit import clock
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.ledger import audit
from lux.rooms.diagnostics import queries
from lux.rooms.diagnostics.decision import Decision
from lux.rooms.diagnostics.models import ErrorGroup, GroupState

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from lux.identity.access import Person
    from lux.rooms.diagnostics.scope import Scope

ACTIONS = {
    GroupState.OPEN: "error.reopened",
    GroupState.RESOLVED: "error.resolved",
    GroupState.IGNORED: "error.ignored",
}


def decide(session: Session, scope: Scope, public_id: uuid.UUID, decision: Decision, *, by: Person) -> ErrorGroup:
    """Put a group into a state and note it in the audit chain.

    Raises NotFound outside the scope, InvalidInput naming `until` for a moment that is over.
    """
    _check(decision)
    group = queries.group(session, scope, public_id)
    _apply(session, group, decision, by)
    session.flush()
    return group


def decide_many(
    session: Session, scope: Scope, public_ids: Sequence[uuid.UUID], decision: Decision, *, by: Person
) -> int:
    """Put groups into a state; returns how many. What is outside the scope or gone is passed over."""
    _check(decision)
    found = queries.groups_by_public_id(session, scope, public_ids)
    for group in found:
        _apply(session, group, decision, by)
    session.flush()
    return len(found)


def _check(decision: Decision) -> None:
    if decision.until is not None and decision.until <= clock.now():
        raise InvalidInput(field="until", message=_("This moment is over."), fix=_("Choose one that is to come."))


def _actor(by: Person, group: ErrorGroup) -> audit.Actor:
    """Return how the chain names who decides; in the chain of a company not their own, an operator."""
    is_own = group.company_id is None or group.company_id == by.company_id
    return by.actor if is_own else audit.Actor(type="operator", id=by.user_id)


def _apply(session: Session, group: ErrorGroup, decision: Decision, by: Person) -> None:
    is_ignored = decision.state is GroupState.IGNORED
    group.state = decision.state
    group.note = decision.note
    group.decided_at = clock.now()
    group.decided_by = by.user_id
    group.decided_key = by.key_id if isinstance(by, Program) else None
    group.ignored_until = decision.until if is_ignored else None
    group.ignored_to_count = group.count + decision.more if is_ignored and decision.more else None
    audit.append(
        session,
        audit.INSTALLATION if group.company_id is None else group.company_id,
        actor=_actor(by, group),
        action=ACTIONS[decision.state],
        object_type="error_group",
        object_id=str(group.public_id),
        detail={"until": group.ignored_until, "more": decision.more if is_ignored else None},  # no words of people
    )
