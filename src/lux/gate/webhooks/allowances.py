"""Standing yeses: a person lets one key's program subscribe addresses, within hosts, kinds, a number and an end."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import or_, select

from lux.gate import moves
from lux.gate.models import ApprovalQueue
from lux.gate.registry import WEBHOOK
from lux.gate.states import HookState, ItemState, Method
from lux.gate.webhooks import reads, subscriptions
from lux.gate.webhooks.models import HookAllowance, WebhookSubscription
from lux.gate.webhooks.payloads import OFFERED
from lux.identity import api_keys
from lux.identity.access import Person
from lux.identity.api_keys import Scope
from lux.identity.models import ApiKey
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.db.session import company_of
from lux.kit.errors import InvalidInput, LuxError, WrongState
from lux.kit.i18n import gettext as _
from lux.net import web_address
from lux.ports.acts import ActKind, AllowHooks
from lux.ports.provider_errors import Invalid

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MOST_HOSTS: Final = 20
MOST: Final = 200  # subscriptions that one standing yes may cover at a time
MOST_OPEN: Final = 50  # standing yeses of one company
LONGEST: Final = dt.timedelta(days=366)


def allow(
    session: Session, person: Person, *, key_id: uuid.UUID, hosts: str, kinds: Sequence[str], most: int,
    until: dt.datetime, reason: str, confirmation: str,
) -> HookAllowance:  # fmt: skip
    """Store a person's standing yes; `hosts` as typed, one per line, `confirmation` is the key's name typed again.

    Raises Forbidden, InvalidInput naming the field, NotFound for a key of nobody here, WrongState.
    """
    subscriptions.require_decider(session, person)
    key, now = api_keys.get(session, key_id), clock.now()
    if not api_keys.is_live(key, now) or Scope.HOOKS_WRITE not in api_keys.scopes_of(key):
        fix = _("Choose one that works and has the scope “%(scope)s”.", scope=Scope.HOOKS_WRITE.value)
        raise InvalidInput(field="key_id", message=_("This key can't subscribe anything."), fix=fix)
    chosen = tuple(sorted(set(kinds)))
    if not chosen or not set(chosen) <= set(OFFERED):
        raise InvalidInput(field="kinds", message=_("Choose at least one kind of fact."))
    if not 1 <= most <= MOST:
        raise InvalidInput(field="most", message=_("Allow 1 to %(n)s addresses.", n=MOST))
    if not now < until <= now + LONGEST:
        raise InvalidInput(field="until", message=_("The yes has to end between tomorrow and a year from now."))
    if confirmation.strip().casefold() != key.name.casefold():
        message = _("What you typed is not the key whose program would be let do this.")
        raise InvalidInput(field="confirmation", message=message, fix=_("Type “%(name)s”.", name=key.name))
    if sum(one.state is HookState.ACTIVE for one in reads.allowances(session)) >= MOST_OPEN:
        raise WrongState(_("There are %(n)s of them already.", n=MOST_OPEN), fix=_("End one first."))
    act = AllowHooks(
        kind=ActKind.HOOKS, company_id=company_of(session), channel=WEBHOOK, account="", key=str(key.public_id),
        hosts=_hosts(hosts), facts=chosen, most=most, until=until.astimezone(dt.UTC).isoformat(), reason=reason,
    )  # fmt: skip
    return _stored(session, person, key, act, until)


def end(session: Session, person: Person, public_id: uuid.UUID) -> None:
    """Take a standing yes back: its subscriptions end with it, at once."""
    subscriptions.require_decider(session, person)
    found = reads.allowance(session, public_id, lock=True)
    if found.state is HookState.ENDED:
        return
    _end(session, found, reason=_("Taken back by %(name)s.", name=person.name or person.email), by=person)


def end_overdue(db: Database) -> None:
    """End what has reached its end, or whose key was revoked or has expired; a tick of the clock."""
    now = clock.now()
    is_dead = or_(HookAllowance.until <= now, ApiKey.revoked_at.is_not(None), ApiKey.expires_at <= now)
    query = (
        select(HookAllowance.company_id, HookAllowance.id)
        .join(ApiKey, ApiKey.id == HookAllowance.key_id)
        .where(HookAllowance.state == HookState.ACTIVE, is_dead)
    )
    with db.read(ALL_COMPANIES) as session:
        overdue = session.execute(query).all()
    for company_id, allowance_id in overdue:
        with db.begin(company_id) as session:
            found = session.scalar(select(HookAllowance).where(HookAllowance.id == allowance_id).with_for_update())
            if found is not None and found.state is HookState.ACTIVE:
                is_over = found.until <= now
                _end(session, found, reason=_("Its time is over.") if is_over else _("Its API key has ended."), by=None)


def covers(session: Session, hook: WebhookSubscription, item: ApprovalQueue) -> bool:
    """Say whether what a person decided lets this subscription tell its address anything now.

    All of it is read from the decided body, whose digest the caller has compared.
    """
    one, body = reads.allowance_of(session, hook), item.body
    key = api_keys.live(session, one.key_id) if one is not None else None
    return (
        one is not None
        and key is not None
        and one.item_id == hook.item_id == item.id
        and body.get("key") == str(key.public_id)
        and is_inside(body, hook.target, hook.kinds)
    )


def is_inside(body: dict[str, object], target: str, kinds: Iterable[str]) -> bool:
    """Say whether an address and its kinds lie within a decided body, today."""
    hosts, facts, until = body.get("hosts"), body.get("facts"), body.get("until")
    if not isinstance(hosts, list) or not isinstance(facts, list) or not isinstance(until, str):
        return False
    is_named = subscriptions.host_of(target) in hosts and set(kinds) <= set(facts)
    return is_named and clock.now() < dt.datetime.fromisoformat(until)


def _stored(session: Session, person: Person, key: ApiKey, act: AllowHooks, until: dt.datetime) -> HookAllowance:
    item, decision = subscriptions.decided(
        session, person, act, Method.STANDING, title=f"{key.name} → {', '.join(act.hosts)}"
    )
    found = HookAllowance(
        item_id=item.id,
        key_id=key.id,
        key_name=key.name,
        hosts=list(act.hosts),
        kinds=list(act.facts),
        most=act.most,
        until=until,
        why=act.reason,
        created_by=person.user_id,
        created_by_name=person.name or person.email,
    )
    session.add(found)
    session.flush()
    detail = {
        "decision": decision.id, "key": act.key, "hosts": ", ".join(act.hosts), "kinds": ", ".join(act.facts),
        "most": act.most, "until": act.until, "reason": act.reason,
    }  # fmt: skip
    moves.write_down(session, "hooks.allowed", item, by=person, detail=detail)
    return found


def _end(session: Session, found: HookAllowance, *, reason: str, by: Person | None) -> None:
    item = session.scalars(select(ApprovalQueue).where(ApprovalQueue.id == found.item_id)).one()
    found.state, found.reason = HookState.ENDED, reason
    if item.state is ItemState.APPROVED:
        moves.move_item(session, item, ItemState.CANCELLED, reason=reason)
    query = select(WebhookSubscription).where(
        WebhookSubscription.allowance_id == found.id, WebhookSubscription.state != HookState.ENDED
    )
    ended = session.scalars(query).all()
    for hook in ended:
        subscriptions.end(session, hook, reason=reason)
    moves.write_down(session, "hooks.ended", item, by=by, detail={"reason": reason, "subscriptions": len(ended)})


def _hosts(text: str) -> tuple[str, ...]:
    """Return the hosts that were typed, one spelling each; raises InvalidInput naming `hosts`."""
    named = {_host(one) for one in text.replace(",", "\n").split()}
    if not 1 <= len(named) <= MOST_HOSTS:
        raise InvalidInput(
            field="hosts",
            message=_("Name 1 to %(n)s hosts, one per line.", n=MOST_HOSTS),
            fix=_("For Zapier it is hooks.zapier.com."),
        )
    return tuple(sorted(named))


def _host(text: str) -> str:
    try:
        address = web_address.read(f"https://{text}", provider=WEBHOOK)
    except Invalid as error:
        raise _no_host(text) from error
    if address.port != web_address.DEFAULT_PORTS["https"] or address.target != "/":
        raise _no_host(text)
    return address.host


def _no_host(text: str) -> LuxError:
    return InvalidInput(
        field="hosts",
        message=_("“%(text)s” is not the name of a host.", text=text[:100]),
        fix=_("Write it like hooks.zapier.com: no https://, no path, no port, no *."),
    )
