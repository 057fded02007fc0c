"""Subscriptions that programs make and end by a key (REST hooks), each inside a person's standing yes."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from lux.connectors.webhook import SECRET_PREFIX
from lux.gate import moves
from lux.gate.models import ApprovalQueue
from lux.gate.registry import WEBHOOK
from lux.gate.states import HookState
from lux.gate.webhooks import allowances, examples, feed, payloads, reads, subscriptions
from lux.gate.webhooks.models import HookAllowance, WebhookSubscription
from lux.gate.webhooks.reads import Subscribed
from lux.identity import api_keys
from lux.identity.api_keys import Program, Scope
from lux.kit.db.session import settings_of
from lux.kit.errors import Forbidden, InvalidInput, NotFound, WrongState
from lux.kit.i18n import gettext as _
from lux.ledger.models import Fact
from lux.net import web_address

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SAMPLES: Final = 3
SECRET_SIZES: Final = range(24, 65)  # bytes, as Standard Webhooks asks
ALLOW_URL: Final = "/settings/integrations/webhooks/programs/"


class HookNotAllowed(Forbidden):
    """Nobody has allowed this key to have that sent there."""

    code = "hook_not_allowed"


def require_room(session: Session, program: Program, *, target: str, event: str) -> HookAllowance:
    """Return the standing yes that lets the program subscribe this; raises HookNotAllowed naming the way out.

    Raises InvalidInput for what is no address or no event, WrongState when all places are taken.
    """
    _require_scope(program)
    if event not in payloads.OFFERED:
        fix = _("Use one of %(names)s.", names=", ".join(payloads.OFFERED))
        raise InvalidInput(field="event", message=_("There is no such event."), fix=fix)
    host, fitting = subscriptions.host_of(target, field="target_url"), []
    for one, item in _active(session, program):
        if allowances.is_inside(item.body, target, [event]):
            fitting.append(one)
    if not fitting:
        raise HookNotAllowed(
            _("Nobody has allowed this key to have “%(event)s” sent to %(host)s.", event=event, host=host),
            fix=_("Somebody who manages the company says yes to it under %(url)s", url=_page(session)),
            url=ALLOW_URL,
        )
    taken = reads.open_counts(session)
    free = next((one for one in fitting if taken.get(one.id, 0) < one.most), None)
    if free is None and _same(session, fitting, target, event) is None:
        raise WrongState(
            _("All %(n)s subscriptions that were allowed are taken.", n=max(one.most for one in fitting)),
            fix=_("Unsubscribe one, or have more allowed under %(url)s", url=_page(session)),
        )
    return free or fitting[0]


def subscribe(session: Session, program: Program, *, target: str, event: str, secret: str = "") -> Subscribed:
    """Store a subscription inside a standing yes; the same one again is the one there is.

    `secret` (`whsec_…`) is what the program wants its calls to be signed with; without one they are signed with one
    that nobody has seen. Raises what `require_room` raises.
    """
    one = require_room(session, program, target=target, event=event)
    one = reads.allowance(session, one.public_id, lock=True)  # of two at once, the second counts the first
    one = require_room(session, program, target=target, event=event)
    _check_secret(secret)
    address = web_address.read(target, provider=WEBHOOK)
    fitting = [found for found, item in _active(session, program) if allowances.is_inside(item.body, target, [event])]
    hook = _same(session, fitting, target, event)  # not one whose yes is over and whose end the clock has yet to write
    is_new = hook is None
    if hook is None:
        hook = WebhookSubscription(
            item_id=one.item_id,
            allowance_id=one.id,
            name=f"{one.key_name}: {event}"[:100],
            target=address.text,
            kinds=[event],
            cursor=feed.start(session),
            created_by=program.user_id,
            created_by_name=program.name,
        )
        session.add(hook)
        session.flush()
        moves.write_down(
            session, "hooks.subscribed", reads.item_of(session, hook), by=program,
            detail={"hook": str(hook.public_id), "origin": address.origin, "event": event},
        )  # fmt: skip
    if secret:
        subscriptions.keep_secret(session, hook, secret, program.actor)
    elif is_new:
        subscriptions.new_secret(session, hook, program)
    return Subscribed(hook, reads.allowance_of(session, hook) or one)


def unsubscribe(session: Session, program: Program, public_id: uuid.UUID) -> Subscribed:
    """End a subscription that this key's program made; nothing happens to one that has ended. Raises NotFound."""
    _require_scope(program)
    hook = reads.by_public_id(session, public_id, lock=True)
    one = reads.allowance_of(session, hook)
    if one is None or one.key_id != program.key_id:
        raise NotFound
    if hook.state is not HookState.ENDED:
        subscriptions.end(session, hook, reason=_("Unsubscribed by %(name)s.", name=program.name))
        detail = {"hook": str(hook.public_id)}
        moves.write_down(session, "hooks.unsubscribed", reads.item_of(session, hook), by=program, detail=detail)
    return Subscribed(hook, one)


def samples(session: Session, program: Program, event: str) -> Sequence[dict[str, Any]]:
    """Return the latest facts of a kind as they would be told, newest first; raises NotFound for no event of ours.

    Where nobody has allowed the key to have this kind sent anywhere, or nothing has happened yet, it is an example.
    """
    _require_scope(program)
    if event not in payloads.OFFERED:
        raise NotFound(_("There is no such event."), fix=_("Use one of %(names)s.", names=", ".join(payloads.OFFERED)))
    if not any(event in item.body.get("facts", ()) for _one, item in _active(session, program)):
        return [examples.of(event)]
    query = select(Fact).where(Fact.kind == event).order_by(Fact.id.desc()).limit(SAMPLES)
    return [payloads.told(session, fact) for fact in session.scalars(query)] or [examples.of(event)]


def _active(session: Session, program: Program) -> Sequence[tuple[HookAllowance, ApprovalQueue]]:
    if api_keys.live(session, program.key_id) is None:
        return []
    query = (
        select(HookAllowance, ApprovalQueue)
        .join(ApprovalQueue, ApprovalQueue.id == HookAllowance.item_id)
        .where(HookAllowance.key_id == program.key_id, HookAllowance.state == HookState.ACTIVE)
    )
    return [(row[0], row[1]) for row in session.execute(query.order_by(HookAllowance.id))]


def _same(session: Session, within: Sequence[HookAllowance], target: str, event: str) -> WebhookSubscription | None:
    query = select(WebhookSubscription).where(
        WebhookSubscription.allowance_id.in_([one.id for one in within]),
        WebhookSubscription.state != HookState.ENDED,
        WebhookSubscription.target == web_address.read(target, provider=WEBHOOK).text,
    )
    return next((hook for hook in session.scalars(query) if hook.kinds == [event]), None)


def _require_scope(program: Program) -> None:
    if Scope.HOOKS_WRITE not in program.scopes:
        raise Forbidden(_("This key lacks the scope “%(scope)s”.", scope=Scope.HOOKS_WRITE.value))


def _check_secret(secret: str) -> None:
    if not secret:
        return
    try:
        size = len(base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True))
    except binascii.Error:
        size = 0
    if not secret.startswith(SECRET_PREFIX) or size not in SECRET_SIZES:
        raise InvalidInput(
            field="secret",
            message=_("This is not a secret of Standard Webhooks."),
            fix=_("Send “whsec_” and the base64 of 24 to 64 random bytes, or leave it out."),
        )


def _page(session: Session) -> str:
    return settings_of(session).base_url + ALLOW_URL
