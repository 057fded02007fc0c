"""One run over one subscription: check the yes, feed, then what is due; and what becomes of each call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select, update

from lux.gate import moves
from lux.gate.models import ApprovalDecision
from lux.gate.registry import WEBHOOK
from lux.gate.states import CallState, HookState, ItemState, Verdict
from lux.gate.webhooks import allowances, feed, payloads, reads, schedule, subscriptions
from lux.gate.webhooks.models import WebhookDelivery, WebhookSubscription
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.db.session import settings_of
from lux.kit.i18n import gettext as _
from lux.ledger.models import Fact
from lux.ports.acts import digest_of
from lux.ports.receipts import CallReceipt, Outcome, OutgoingCall
from lux.vault.secrets import Vault

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

BATCH: Final = 50  # calls looked up at once


@dataclass(frozen=True, kw_only=True)
class Cleared:
    """A subscription whose yes was checked, ready for permits."""

    hook_id: int
    company_id: int
    decision_id: int
    content_hash: str
    target: str
    secrets: tuple[str, ...]


def company_of_hook(db: Database, hook_id: int) -> int | None:
    """Return whose subscription it is, None when it is gone."""
    with db.read(ALL_COMPANIES) as session:
        return session.scalar(select(WebhookSubscription.company_id).where(WebhookSubscription.id == hook_id))


def clear(session: Session, hook_id: int) -> Cleared | None:
    """Check the yes, take up what an earlier run left open, queue new facts; None = nothing may leave now."""
    hook = reads.by_id(session, hook_id, lock=True)
    decision = reads.decision_of(session, hook)
    if hook.state is not HookState.ACTIVE or decision is None:
        return None
    if not _is_whole(session, hook, decision):
        is_persons = hook.allowance_id is None
        words = _("The webhook is not what was decided; set it up anew.")
        subscriptions.end(session, hook, reason=words if is_persons else _("No yes covers it any more."))
        return None
    _put_back(session, hook)
    feed.feed(session, hook, decision.id)
    if hook.rest_until is not None and hook.rest_until > clock.now():
        return None
    return Cleared(
        hook_id=hook.id,
        company_id=hook.company_id,
        decision_id=decision.id,
        content_hash=decision.content_hash,
        target=hook.target,
        secrets=_secrets(session, hook),
    )


def due(session: Session, hook_id: int) -> list[int]:
    """Return the next calls whose time has come."""
    query = select(WebhookDelivery.id).where(
        WebhookDelivery.subscription_id == hook_id,
        WebhookDelivery.state == CallState.QUEUED,
        WebhookDelivery.due_at <= clock.now(),
    )
    return list(session.scalars(query.order_by(WebhookDelivery.due_at, WebhookDelivery.id).limit(BATCH)))


def take(session: Session, cleared: Cleared, call_id: int) -> OutgoingCall | None:
    """Mark a call as leaving and return it; None when it waits no more or its fact is gone."""
    row = session.scalar(select(WebhookDelivery).where(WebhookDelivery.id == call_id).with_for_update())
    hook = reads.by_id(session, cleared.hook_id)
    if row is None or row.state is not CallState.QUEUED or hook.state is not HookState.ACTIVE:
        return None
    fact = session.scalar(select(Fact).where(Fact.id == row.fact_id))
    if fact is None:
        row.state, row.message = CallState.SKIPPED, _("The fact is no longer in the ledger.")
        return None
    row.state, row.tries, row.last_try_at = CallState.CALLING, row.tries + 1, clock.now()
    return OutgoingCall(
        target=cleared.target,
        message_id=f"msg_{row.public_id.hex}",
        body=payloads.body_of(session, fact),
        secrets=cleared.secrets,
    )


def note(session: Session, cleared: Cleared, call_id: int, receipt: CallReceipt) -> bool:
    """Write what became of a call; returns whether the run may go on."""
    row = session.scalar(select(WebhookDelivery).where(WebhookDelivery.id == call_id).with_for_update())
    hook = reads.by_id(session, cleared.hook_id, lock=True)
    now = clock.now()
    if row is None:
        return True
    if receipt.outcome is Outcome.HELD:  # it was stopped before it left: no try, no failure
        row.state, row.tries = CallState.QUEUED, row.tries - 1
        return False
    row.status, row.message = receipt.status, receipt.message[:500]
    if receipt.outcome is Outcome.SENT:
        row.state = CallState.SENT
        hook.last_success_at, hook.failing_since, hook.streak, hook.rest_until = now, None, 0, None
        return hook.state is HookState.ACTIVE
    if receipt.is_gone:
        row.state = CallState.FAILED
        subscriptions.end(session, hook, reason=_("The address answered that it is gone for good (410)."))
        _tell(session, hook, "ended")
        return False
    wait = schedule.wait_after(row.tries, receipt.retry_after)
    row.state = CallState.QUEUED if wait is not None else CallState.FAILED
    row.due_at = now + timedelta(seconds=wait or 0.0)
    return _note_failure(session, hook, receipt)


def _note_failure(session: Session, hook: WebhookSubscription, receipt: CallReceipt) -> bool:
    now = clock.now()
    hook.streak += 1
    hook.failing_since = hook.failing_since or now
    if schedule.is_hopeless(hook.failing_since, now):
        words = receipt.message or _("no answer")
        hook.state = HookState.DISABLED
        hook.reason = _("Switched off after 5 days of failure. The last one: %(words)s", words=words)
        moves.write_down(session, "webhook.disabled", reads.item_of(session, hook), by=None)
        _tell(session, hook, "disabled")
        return False
    rest = max(schedule.rest_after(hook.streak), receipt.retry_after or 0.0)
    if rest:
        hook.rest_until = now + timedelta(seconds=rest)
    return not rest


def waiting(session: Session) -> list[tuple[int, int]]:
    """Return (company, subscription) of all that may have something to do; a session over all companies."""
    now = clock.now()
    query = select(WebhookSubscription.company_id, WebhookSubscription.id).where(
        WebhookSubscription.state == HookState.ACTIVE,
        (WebhookSubscription.rest_until.is_(None)) | (WebhookSubscription.rest_until <= now),
    )
    is_due = (
        select(WebhookDelivery.id)
        .where(
            WebhookDelivery.subscription_id == WebhookSubscription.id,
            WebhookDelivery.state.in_([CallState.QUEUED, CallState.CALLING]),
            WebhookDelivery.due_at <= now,
        )
        .exists()
    )
    has_news = (
        select(Fact.id)
        .where(Fact.company_id == WebhookSubscription.company_id, Fact.id > WebhookSubscription.cursor)
        .exists()
    )
    return [(row[0], row[1]) for row in session.execute(query.where(is_due | has_news))]


def forget(session: Session) -> int:
    """Delete calls older than 30 days (a session over all companies); returns how many."""
    oldest = clock.now() - schedule.KEPT
    gone = delete(WebhookDelivery).where(WebhookDelivery.created_at < oldest)
    return int(session.execute(gone.execution_options(synchronize_session=False)).rowcount)  # type: ignore[attr-defined]


def _is_whole(session: Session, hook: WebhookSubscription, decision: ApprovalDecision) -> bool:
    item = reads.item_of(session, hook)
    is_decided = (
        decision.verdict is Verdict.YES
        and item.state is ItemState.APPROVED
        and decision.version == item.version
        and decision.content_hash == item.content_hash == digest_of(item.body)
        and item.company_id == hook.company_id == item.body.get("company_id")
    )
    if hook.allowance_id is not None:
        return is_decided and allowances.covers(session, hook, item)
    return is_decided and item.body.get("target") == hook.target and item.body.get("facts") == hook.kinds


def _put_back(session: Session, hook: WebhookSubscription) -> None:
    """Queue what an earlier run left open: it may have arrived, and goes again under the same id."""
    session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.subscription_id == hook.id, WebhookDelivery.state == CallState.CALLING)
        .values(state=CallState.QUEUED)
        .execution_options(synchronize_session=False)
    )


def _secrets(session: Session, hook: WebhookSubscription) -> tuple[str, ...]:
    vault, integration = Vault(settings_of(session)), subscriptions.integration_of(hook)
    found = [vault.open(session, integration=integration, name="secret", purpose="sign")]
    if hook.earlier_secret_until is not None and hook.earlier_secret_until > clock.now():
        found.append(vault.open(session, integration=integration, name="earlier", purpose="sign"))
    return tuple(found)


def _tell(session: Session, hook: WebhookSubscription, event: str) -> None:
    session.flush()
    moves.tell_of(session, hook.company_id, (WEBHOOK, hook.id), event)
