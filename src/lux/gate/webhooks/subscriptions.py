"""Setting webhooks up and taking them back; who types where facts will go decides that they may leave."""

from __future__ import annotations

import base64
import os
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import update

from lux.connectors.webhook import SECRET_BYTES, SECRET_PREFIX
from lux.gate import moves
from lux.gate.models import ApprovalDecision, ApprovalQueue
from lux.gate.registry import WEBHOOK, webhook_caller
from lux.gate.states import CallState, HookState, ItemState, Method, Verdict
from lux.gate.webhooks import feed, reads, schedule
from lux.gate.webhooks.models import WebhookDelivery, WebhookSubscription
from lux.gate.webhooks.payloads import OFFERED
from lux.identity.access import Person, Right
from lux.kit import clock
from lux.kit.db.session import company_of, settings_of
from lux.kit.errors import Forbidden, InvalidInput, WrongState
from lux.kit.i18n import gettext as _
from lux.ledger.audit import Actor
from lux.net import web_address
from lux.ports.acts import ActKind, AllowHooks, CallWebhook
from lux.ports.connector import Account
from lux.ports.provider_errors import Invalid
from lux.vault import data_keys
from lux.vault.secrets import SecretView, Vault

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.settings import Settings

OVERLAP: Final = timedelta(hours=24)  # how long the earlier secret signs, too
MOST: Final = 20  # subscriptions of one company


def host_of(target: str, *, field: str = "target") -> str:
    """Return what a person types to confirm: the host of an address; raises InvalidInput naming the field."""
    try:
        return web_address.read(target, provider=WEBHOOK).host
    except Invalid as error:
        raise InvalidInput(field=field, message=error.message) from error


def check_target(settings: Settings, target: str, *, field: str = "target") -> None:
    """Raise InvalidInput naming the field when calls can't go there; asks name servers, connects nowhere."""
    host_of(target, field=field)
    result = webhook_caller(settings).probe(Account(provider=WEBHOOK, public_id="", config={"target": target}))
    if not result.is_ok:
        raise InvalidInput(field=field, message=result.message)


def create(
    session: Session, person: Person, *, name: str, target: str, kinds: Sequence[str], confirmation: str
) -> tuple[WebhookSubscription, str]:
    """Store a subscription under this person's yes; returns it and its secret, which can't be read again.

    Raises Forbidden, InvalidInput (also when the host was not typed as it is), WrongState.
    """
    require_decider(session, person)
    chosen = tuple(sorted(set(kinds)))
    if not chosen or not set(chosen) <= set(OFFERED):
        raise InvalidInput(field="kinds", message=_("Choose at least one kind of fact."))
    host = host_of(target)
    if confirmation.strip().lower() != host:
        message = _("What you typed is not where the data would go.")
        raise InvalidInput(field="confirmation", message=message, fix=_("Type “%(host)s”.", host=host))
    if len(reads.listing(session)) >= MOST:
        raise WrongState(_("There are %(n)s webhooks already.", n=MOST), fix=_("Remove one first."))
    address = web_address.read(target, provider=WEBHOOK)
    act = CallWebhook(
        kind=ActKind.WEBHOOK, company_id=company_of(session), channel=WEBHOOK, account="", target=address.text,
        facts=chosen,
    )  # fmt: skip
    data_keys.take_turn(session, act.company_id)  # its secret comes last
    item, decision = decided(session, person, act, Method.SUBSCRIPTION, title=f"{name} → {address.origin}")
    hook = WebhookSubscription(
        item_id=item.id,
        name=name,
        target=address.text,
        kinds=list(chosen),
        cursor=feed.start(session),
        created_by=person.user_id,
        created_by_name=person.name or person.email,
    )
    session.add(hook)
    session.flush()
    item.subject_type, item.subject_id = WEBHOOK, hook.id
    secret = new_secret(session, hook, person)
    detail = {"decision": decision.id, "origin": address.origin, "kinds": ", ".join(chosen)}
    moves.write_down(session, "webhook.created", item, by=person, detail=detail)
    return hook, secret


def rotate(session: Session, person: Person, public_id: uuid.UUID) -> tuple[WebhookSubscription, str]:
    """Give a subscription a new secret; for 24 hours both sign. Returns the new one, this once."""
    require_decider(session, person)
    hook = reads.by_public_id(session, public_id, lock=True)
    vault, integration = Vault(settings_of(session)), integration_of(hook)
    earlier = vault.open(session, integration=integration, name="secret", purpose="rotate")
    vault.store(session, integration=integration, name="earlier", value=earlier, actor=person.actor)
    hook.earlier_secret_until = clock.now() + OVERLAP
    secret = new_secret(session, hook, person)
    _note(session, hook, person, "webhook.rotated")
    return hook, secret


def pause(session: Session, person: Person, public_id: uuid.UUID) -> None:
    """Collect and send nothing until somebody resumes it."""
    require_decider(session, person)
    hook = reads.by_public_id(session, public_id, lock=True)
    if hook.state is not HookState.ACTIVE:
        raise WrongState(_("This webhook is not active."))
    hook.state, hook.reason = HookState.PAUSED, ""
    _note(session, hook, person, "webhook.paused")


def resume(session: Session, person: Person, public_id: uuid.UUID) -> None:
    """Go on from now: what happened meanwhile was not collected."""
    require_decider(session, person)
    hook = reads.by_public_id(session, public_id, lock=True)
    if hook.state not in {HookState.PAUSED, HookState.DISABLED}:
        raise WrongState(_("This webhook is active, or has ended."))
    hook.state, hook.reason, hook.cursor = HookState.ACTIVE, "", max(hook.cursor, feed.start(session))
    hook.failing_since, hook.streak, hook.rest_until = None, 0, None
    _note(session, hook, person, "webhook.resumed")


def remove(session: Session, person: Person, public_id: uuid.UUID) -> None:
    """Take the yes back; nothing more leaves, and what waits is dropped."""
    require_decider(session, person)
    hook = reads.by_public_id(session, public_id, lock=True)
    if hook.state is not HookState.ENDED:
        end(session, hook, reason=_("Removed by %(name)s.", name=person.name or person.email))
    _note(session, hook, person, "webhook.removed")


def end(session: Session, hook: WebhookSubscription, *, reason: str) -> None:
    """End a subscription: its yes is cancelled, its secrets are gone, what waits is skipped.

    A standing yes goes on for its other subscriptions.
    """
    item = reads.item_of(session, hook)
    if item.state is ItemState.APPROVED and hook.allowance_id is None:
        moves.move_item(session, item, ItemState.CANCELLED, reason=reason)
    hook.state, hook.reason = HookState.ENDED, reason
    vault = Vault(settings_of(session))
    for name in ("secret", "earlier"):
        vault.delete(session, integration=integration_of(hook), name=name, actor=Actor(type="system"))
    session.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.subscription_id == hook.id,
            WebhookDelivery.state.in_([CallState.QUEUED, CallState.CALLING]),
        )
        .values(state=CallState.SKIPPED, message=reason[:500])
        .execution_options(synchronize_session=False)
    )
    session.flush()


def replay(session: Session, person: Person, delivery_id: uuid.UUID) -> WebhookSubscription:
    """Send one fact again under the same message id; raises WrongState when it waits already or is too old."""
    require_decider(session, person)
    row = reads.delivery(session, delivery_id)
    hook = reads.by_id(session, row.subscription_id)
    if hook.state is not HookState.ACTIVE:
        raise WrongState(_("This webhook is not active."), fix=_("Resume it first."))
    if row.state in {CallState.QUEUED, CallState.CALLING}:
        raise WrongState(_("This one waits already."))
    if clock.now() - row.created_at > schedule.KEPT:
        raise WrongState(_("After 30 days a delivery can't be sent again."))
    row.state, row.tries, row.due_at, row.message = CallState.QUEUED, 0, clock.now(), ""
    hook.rest_until = None
    session.flush()
    _note(session, hook, person, "webhook.replayed", fact=row.fact_id)
    return hook


def secret_seen(session: Session, hook: WebhookSubscription) -> SecretView | None:
    """Return what may be seen of a subscription's secret."""
    return Vault(settings_of(session)).describe(session, integration_of(hook)).get("secret")


def integration_of(hook: WebhookSubscription) -> str:
    """Return the name under which a subscription's secrets are bound."""
    return f"{WEBHOOK}:{hook.public_id.hex}"


def decided(
    session: Session, person: Person, act: CallWebhook | AllowHooks, method: Method, *, title: str
) -> tuple[ApprovalQueue, ApprovalDecision]:
    """Store an act with the yes of a person who was let in by `require_decider`."""
    item = ApprovalQueue(
        kind=act.kind,
        channel=act.channel,
        title=title[:300],
        author_id=person.user_id,
        author_name=person.name or person.email,
        body=act.canonical(),
        content_hash=act.digest(),
    )
    session.add(item)
    session.flush()
    decision = ApprovalDecision(
        item_id=item.id,
        version=item.version,
        content_hash=item.content_hash,
        verdict=Verdict.YES,
        method=method,
        decided_by=person.user_id,
        session_id=person.session_id,
    )
    session.add(decision)
    session.flush()
    moves.move_item(
        session, item, ItemState.APPROVED, decided_at=clock.now(), decided_by=person.user_id,
        decided_by_name=person.name or person.email,
    )  # fmt: skip
    return item, decision


def new_secret(session: Session, hook: WebhookSubscription, person: Person) -> str:
    """Make and store what signs a subscription's calls; returns it, this once."""
    secret = SECRET_PREFIX + base64.b64encode(os.urandom(SECRET_BYTES)).decode()
    keep_secret(session, hook, secret, person.actor)
    return secret


def keep_secret(session: Session, hook: WebhookSubscription, secret: str, actor: Actor) -> None:
    """Store what signs a subscription's calls; nobody can read it back."""
    Vault(settings_of(session)).store(
        session, integration=integration_of(hook), name="secret", value=secret, actor=actor
    )


def require_decider(session: Session, person: Person) -> None:
    """Raise Forbidden unless a signed-in person with the right acts, in the session's company."""
    if person.session_id is None:
        raise Forbidden(_("Only a signed-in person can decide where facts go."))
    if person.company_id != company_of(session):
        raise Forbidden
    person.require(Right.MANAGE)


def _note(session: Session, hook: WebhookSubscription, person: Person, action: str, **detail: object) -> None:
    session.flush()
    moves.write_down(session, action, reads.item_of(session, hook), by=person, detail=detail)
