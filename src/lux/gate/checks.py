"""Preflights at the moment of leaving: is the yes still good for exactly this, is everything switched on."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.gate import audience, media, moves, toggles
from lux.gate.models import ApprovalDecision, ApprovalQueue, Outbound
from lux.gate.parties import Sender
from lux.gate.refusals import Effect, Refusal
from lux.gate.review import costs
from lux.gate.series import within
from lux.gate.states import ItemState, Method, OutboundState, Verdict
from lux.kit import clock
from lux.kit.addresses import email_key
from lux.kit.errors import BrokenRule, LuxError, NotFound
from lux.kit.i18n import gettext as _
from lux.ports.acts import AUTOMATIC, ActKind, QueuedAct, RunSeries, SendEmail, SystemEmail, act_from, digest_of
from lux.vault import accounts

MISSED_AFTER = dt.timedelta(hours=24)  # a start this late needs a new yes
SKEW = dt.timedelta(minutes=1)  # how far the clocks of two workers may lie apart


@dataclass(frozen=True, kw_only=True)
class Cleared:
    """Everything that was checked, ready for a permit."""

    outbound: Outbound
    item: ApprovalQueue
    decision: ApprovalDecision
    act: SendEmail | SystemEmail

    @property
    def is_scheduled(self) -> bool:
        """Say whether its yes is for a time."""
        return self.item.state is ItemState.SCHEDULED


def clear(session: Session, outbound_id: int) -> Cleared:
    """Return what may leave now; raises Refusal."""
    item, outbound = moves.locked(session, outbound_id=outbound_id)
    if outbound.state not in {OutboundState.READY, OutboundState.WORKING}:
        raise Refusal(check="state", effect=Effect.END)
    if outbound.is_paused:
        raise Refusal(check="paused", effect=Effect.END, reason=outbound.pause_reason)
    decision = _decision(session, item, outbound)
    act = _connected(act_from(item.body))
    _time(outbound, decision, act)
    series = within.require(session, item, outbound, decision) if decision.method is Method.SERIES else None
    if outbound.kind is ActKind.DRILL:
        _rehearsal(outbound, act)
    allow(session, act, is_scheduled=item.state is ItemState.SCHEDULED)
    if isinstance(act, SendEmail):
        require_media(session, act)
    # Until every recipient is written down nothing has left, however long ago the writing began.
    if isinstance(act, SendEmail) and act.kind is ActKind.EMAIL_CAMPAIGN and not outbound.is_materialised:
        _window(outbound)
        if series is not None:
            within.require_fit(session, series, act, outbound)
        else:
            _drift(session, item, act)
    if act.kind not in AUTOMATIC:
        _budget(session, item, act)
    return Cleared(outbound=outbound, item=item, decision=decision, act=act)


def allow(session: Session, act: SendEmail | SystemEmail, *, is_scheduled: bool = False) -> None:
    """Raise Refusal when a switch is off, or sender or account are not there: what may change while messages leave."""
    if isinstance(act, SendEmail) and act.kind is not ActKind.DRILL:
        _switch(session, act, toggles.channel_key(act.channel))
        if is_scheduled:
            _switch(session, act, toggles.SCHEDULED)
        _sender(session, act)
        _account(session, act)


def _rehearsal(outbound: Outbound, act: SendEmail | SystemEmail) -> None:
    """Let a rehearsal nowhere but into the built-in mailbox, to invented addresses; it asks no switch and no sender."""
    is_safe = (
        isinstance(act, SendEmail)
        and act.kind is ActKind.DRILL
        and act.account == ""
        and act.audience is None
        and outbound.subject_type == "drill"
        and all(one.endswith(".test") for one in act.recipients)  # RFC 6761: nobody can have such an address
    )
    if not is_safe:
        raise Refusal(check="drill", effect=Effect.PAUSE, reason=_("A rehearsal goes to the built-in mailbox only."))


def _decision(session: Session, item: ApprovalQueue, outbound: Outbound) -> ApprovalDecision:
    decision = session.scalar(select(ApprovalDecision).where(ApprovalDecision.id == outbound.approval_id))
    if decision is None:
        raise Refusal(check="decision", effect=Effect.END, reason=_("There is no decision."))
    if decision.method is Method.ELSEWHERE:
        raise Refusal(
            check="elsewhere", effect=Effect.END, reason=_("It was approved on another installation; that is history.")
        )
    is_whole = (
        decision.verdict is Verdict.YES
        and decision.item_id == item.id
        and decision.version == item.version
        and decision.content_hash == item.content_hash == digest_of(item.body)
        and decision.number >= decision.needed
        and item.company_id == outbound.company_id == item.body.get("company_id")
    )
    if not is_whole:
        raise Refusal(
            check="digest", effect=Effect.RETURN, reason=_("The content is not what was approved; it needs a new yes.")
        )
    open_states = {ItemState.APPROVED, ItemState.SCHEDULED, ItemState.PUBLISHED, ItemState.FAILED}
    if item.state not in open_states:
        raise Refusal(check="item", effect=Effect.END, reason=_("The approval is %(s)s.", s=item.state.value))
    return decision


def _connected(act: QueuedAct | SystemEmail) -> SendEmail | SystemEmail:
    """Return what something here can send; everything else keeps its yes and waits, and nothing pretends."""
    if isinstance(act, RunSeries):
        raise Refusal(check="series", effect=Effect.END, reason=_("A series is not sent itself: its runs are."))
    if isinstance(act, SendEmail | SystemEmail):
        return act
    raise Refusal(
        check="connector",
        effect=Effect.PAUSE,
        reason=_("Nothing in LUX can send or publish this kind yet. It has its yes and waits; nothing of it has left."),
    )


def _budget(session: Session, item: ApprovalQueue, act: SendEmail | SystemEmail) -> None:
    found = costs.at_dispatch(session, item, act)
    if found is not None:
        raise Refusal(check="budget", effect=Effect.PAUSE, reason=f"{found.message} {found.fix}")


def _switch(session: Session, act: SendEmail, key: str) -> None:
    try:
        toggles.require(session, act.company_id, key)
    except LuxError as error:
        raise Refusal(check="toggle", effect=Effect.PAUSE, reason=f"{error.message} {error.fix}") from error


def _sender(session: Session, act: SendEmail) -> None:
    verified = session.scalar(select(Sender.verified_at).where(Sender.email_key == email_key(act.from_email)))
    if verified is None:
        raise Refusal(
            check="sender",
            effect=Effect.RETURN,
            reason=_("The sender %(address)s is not verified (any more).", address=act.from_email),
        )


def _account(session: Session, act: SendEmail) -> None:
    if not act.account:
        return  # the built-in mailbox
    try:
        accounts.by_public_id(session, uuid.UUID(act.account))
    except NotFound as error:
        words = _("The mail account it was approved for was removed: choose another one and ask for a new yes.")
        raise Refusal(check="account", effect=Effect.RETURN, reason=words) from error


def _time(outbound: Outbound, decision: ApprovalDecision, act: SendEmail | SystemEmail) -> None:
    """Raise Refusal before the time that the yes is for, whatever the outbound itself says of it."""
    asked = dt.datetime.fromisoformat(act.send_at) if isinstance(act, SendEmail) and act.send_at else None
    not_before = decision.send_at or asked
    # What is at work was begun by a worker whose clock may be ahead of this one's.
    leeway = SKEW if outbound.state is OutboundState.WORKING else dt.timedelta(0)
    if not_before is not None and not_before - clock.now() > leeway:
        words = _("It was about to leave before the time it was approved for; a person has to look at it.")
        raise Refusal(check="time", effect=Effect.RETURN, reason=words)


def require_media(session: Session, act: SendEmail) -> None:
    """Raise Refusal when a picture is not, byte for byte, what was approved."""
    found = media.changed(session, act)
    if found is not None:
        raise Refusal(
            check="media",
            effect=Effect.RETURN,
            reason=_(
                "The picture %(name)s is not what was approved: put it in again and ask for a new yes.",
                name=found.key.rpartition("/")[2],
            ),
        )


def missed(outbound: Outbound) -> Refusal | None:
    """Return why a campaign needs a new yes when its start was missed; None = it was not, or messages have left."""
    if outbound.kind is not ActKind.EMAIL_CAMPAIGN or outbound.is_materialised or outbound.due_at is None:
        return None
    if clock.now() - outbound.due_at <= MISSED_AFTER:
        return None
    words = _("It should have left more than a day ago; a person has to say whether it still should.")
    return Refusal(check="window", effect=Effect.RETURN, reason=words)


def _window(outbound: Outbound) -> None:
    refusal = missed(outbound)
    if refusal is not None:
        raise refusal


def _drift(session: Session, item: ApprovalQueue, act: SendEmail) -> None:
    if act.audience is None or item.snapshot is None:
        raise Refusal(check="audience", effect=Effect.RETURN, reason=_("The audience is missing."))
    try:
        share = audience.drift(session, act.audience, item.snapshot)
    except BrokenRule as error:
        raise Refusal(check="audience", effect=Effect.RETURN, reason=error.message) from error
    if share > audience.DRIFT_LIMIT:
        raise Refusal(
            check="drift",
            effect=Effect.RETURN,
            reason=_(
                "The audience changed by %(share)s %% since it was approved (more than %(limit)s %%).",
                share=round(share * 100),
                limit=round(audience.DRIFT_LIMIT * 100),
            ),
        )
