"""Stops as the pages show and change them: what each holds, who may end it, the triggers' bounds, rehearsals."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lux.gate import stop
from lux.gate.stop import calls, drill, scopes, triggers, waiting, wire
from lux.gate.stop.scopes import Scope, ScopeKind
from lux.identity.access import Person, Right
from lux.kit.db.session import settings_of
from lux.kit.errors import InvalidInput, NotFound
from lux.kit.i18n import gettext as _
from lux.rooms.email import queries as campaigns

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.stop import StopView
    from lux.gate.stop.waiting import Waiting
    from lux.gate.stop.wire import OnTheWire
    from lux.rooms.approvals.stop_forms import TriggerForm

GOING: Final = 20  # items on their way, shown and offered as parts
Choices = Mapping[str, Sequence[tuple[str, str]]]


@dataclass(frozen=True, kw_only=True)
class Held:
    """An active stop with what it holds, and whether this person may end it."""

    stop: StopView
    waits: Sequence[Waiting] = ()
    waits_total: int = 0
    goes_back: int = 0  # how many items the end of the stop sends back for a new yes, of all
    calls: Sequence[calls.Held] = ()
    wire: Sequence[OnTheWire] = ()
    wire_total: int = 0
    may_resume: bool = False
    needs_other: bool = False


def board(session: Session, person: Person, company_id: int) -> dict[str, Any]:
    """Return everything the page of the stop shows."""
    held = [_held(session, person, company_id, one) for one in stop.active(session, company_id)]
    return {
        "held": [one for one in held if one.stop.scope != ScopeKind.DRILL.value],
        "tokens": {one.stop.token for one in held},
        "waiting": waiting.waiting(session, limit=GOING),
        "waiting_total": waiting.count(session),
        "parts": parts(session, person),
        "triggers": triggers.listing(session),
        "drills": drill.history(session),
        "may_drill": person.has(Right.OWN) or person.has(Right.OPERATE),
        "shown": triggers.shown,
        "word": resume_word(),
        "ramp_minutes": settings_of(session).resume_ramp_minutes,
        "rank": person.role.rank if person.role else 0,
    }


def parts(session: Session, person: Person) -> Choices:
    """Return what can be stopped alone, in groups: (token, label)."""
    own = [(f"channel:{name}", scopes.CHANNELS[name]()) for name in scopes.IN_USE]
    found: dict[str, Sequence[tuple[str, str]]] = {_("Channels"): own}
    going = [one.subject_id for one in waiting.waiting(session, limit=GOING) if one.subject_id is not None]
    names = [(f"campaign:{row.public_id}", row.name) for row in campaigns.by_ids(session, going).values()]
    if names:
        found[_("Campaigns on their way")] = names
    found[_("Agents")] = [(f"agent:{name}", label()) for name, label in scopes.AGENTS.items()]
    if person.has(Right.OPERATE):
        found[_("Channels of all companies")] = [(f"all/{token}", label) for token, label in own]
    return found


def press(session: Session, person: Person, token: str, *, reason: str) -> StopView:
    """Stop what a page names; returns the stop."""
    scope = scope_of(session, person, token)
    if scope.kind is ScopeKind.CAMPAIGN and int(scope.value) not in campaigns.by_ids(session, [int(scope.value)]):
        raise NotFound
    stop.press(session, scope=scope, by=person, reason=reason)
    return next(one for one in stop.active(session, person.company_id) if one.token == scope.form_token)


def resume(session: Session, person: Person, token: str, *, confirmation: str, reason: str) -> int | None:
    """End a stop, the word was typed; returns how many items go back for a new yes, None when it was over before."""
    if confirmation.strip().lower() != resume_word():
        raise InvalidInput(
            field="confirmation",
            message=_("This is not the word."),
            fix=_("Type “%(word)s” to send again.", word=resume_word()),
        )
    scope = scope_of(session, person, token)
    is_on = any(one.token == scope.form_token for one in stop.active(session, person.company_id))
    stop.resume(session, scope=scope, by=person, reason=reason)
    if not is_on:
        return None
    return waiting.return_missed(session, scope)


def change_trigger(session: Session, person: Person, form: TriggerForm) -> None:
    """Set the bounds of one trigger as they were typed."""
    spec = triggers.BY_KEY.get(form.key)
    if spec is None:
        raise NotFound(_("There is no trigger called “%(key)s”.", key=form.key))
    values = {name: triggers.typed(spec, name, getattr(form, name)) for name in ("threshold", "minimum", "minutes")}
    triggers.change(session, person, form.key, **values)


def scope_of(session: Session, person: Person, token: str) -> Scope:
    """Return the scope a page names; a campaign is named by its public id, or by its number in a stop's row."""
    kind, _colon, value = token.partition(":")
    if kind == ScopeKind.CAMPAIGN.value and not value.isdecimal():
        try:
            number = campaigns.by_public_id(session, uuid.UUID(value)).id
        except ValueError as error:
            raise NotFound from error
        token = f"{kind}:{number}"
    return scopes.from_token(token, person.company_id)


def resume_word() -> str:
    """Return what has to be typed to end a stop."""
    return _("resume")


def _held(session: Session, person: Person, company_id: int, one: StopView) -> Held:
    scope = _scope_of_view(one, company_id)
    if scope is None:
        return Held(stop=one)
    on_wire, wire_total = wire.on_the_wire(session, scope, one.since) if one.since else ((), 0)
    is_persons = one.token != "" and one.since is not None  # neither the file's nor one that can't be read
    may = is_persons and person.has(Right.OPERATE if one.is_wide else Right.MANAGE)
    return Held(
        stop=one,
        waits=waiting.waiting(session, scope),
        waits_total=waiting.count(session, scope),
        goes_back=waiting.count_missed(session, scope),
        calls=calls.held(session, scope),
        wire=on_wire,
        wire_total=wire_total,
        may_resume=may,
        needs_other=may and person.user_id in one.pressers and stop.needs_other_person(session),
    )


def _scope_of_view(one: StopView, company_id: int) -> Scope | None:
    if one.scope == ScopeKind.FILE.value:
        return scopes.FILE
    if one.scope in {ScopeKind.DRILL.value, stop.UNREADABLE}:
        return None
    return scopes.from_token(one.token, company_id)
