"""The way to the gate: every room hands its act in here and gets back an outbound that is held until a yes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from lux.gate import audience, automatic, media, moves, policy, toggles
from lux.gate.deciding import proposals
from lux.gate.deciding.proposals import NOTHING, Proposal
from lux.gate.models import ApprovalQueue, Outbound, OutboundLink
from lux.gate.policy import Finding
from lux.gate.review.look import look
from lux.gate.series import frame, within
from lux.gate.states import ItemState, OutboundState
from lux.identity.access import Person, Right
from lux.kit import clock
from lux.kit.db.session import company_of
from lux.kit.errors import Forbidden, WrongState
from lux.kit.i18n import gettext as _
from lux.ports.acts import ActKind, QueuedAct, SendEmail

__all__ = [
    "Finding",
    "Proposal",
    "revise",
    "submit_for_approval",
    "submit_system_email",
    "submit_test_email",
    "withdraw",
]


def submit_for_approval(
    session: Session,
    act: QueuedAct,
    *,
    author: Person,
    title: str,
    subject: tuple[str, int],
    findings: Sequence[Finding] = (),
    rationale: str = "",
    about: Proposal = NOTHING,
) -> Outbound:
    """Queue an act for a person's yes; nothing leaves before. Raises InvalidInput when a finding blocks.

    The author may be a person, a program or an agent; `about` is what an agent says of it, and what it comes after.
    """
    _require_author(session, act, author)
    _require_time(session, act)
    media.refuse_changed(session, act)
    act, packed, count = audience.freeze(session, act)
    frame.refuse_unfit(act, recipients=count)
    reviewed = look(session, act, recipients=count, author_type=author.actor.type, confidence=about.confidence,
                    told=findings)  # fmt: skip
    policy.refuse_blocked(reviewed.findings)
    item = new_item(act, title=title, subject=subject, author=author)
    item.snapshot, item.audience_count, item.rationale = packed, count, rationale
    reviewed.write_on(item)
    proposals.describe(session, item, about, author=author)
    outbound = store(session, item, act, editor=author)
    moves.write_down(session, "approval.submitted", item, by=author, detail={"audience": count})
    moves.tell(session, item, "submitted")
    return outbound


def revise(
    session: Session,
    outbound_id: int,
    act: QueuedAct,
    *,
    editor: Person,
    title: str,
    findings: Sequence[Finding] = (),
    about: Proposal | None = None,
) -> Outbound:
    """Replace the content of an item; whatever yes it had is void, it waits again with version + 1."""
    _require_author(session, act, editor)
    _require_time(session, act)
    media.refuse_changed(session, act)
    outbound, item = held_or_ready(session, outbound_id)
    if act.kind is not item.kind:
        raise WrongState(_("One yes is not the other kind."), fix=_("Take it back, and submit it as what it is."))
    if within.run_of(session, outbound_id) is not None:
        raise WrongState(_("This is a run of a series; it says what was approved."), fix=_("Change the series."))
    act, packed, count = audience.freeze(session, act)
    frame.refuse_unfit(act, recipients=count)
    # What an agent or a program began is still theirs after a person's edit: it is looked at as closely as before.
    reviewed = look(session, act, recipients=count, told=findings, item_id=item.id,
                    author_type=editor.actor.type if item.author_type == "person" else item.author_type,
                    confidence=about.confidence if about else item.confidence)  # fmt: skip
    policy.refuse_blocked(reviewed.findings)
    if outbound.state is not OutboundState.HELD:
        moves.move_outbound(session, outbound, OutboundState.HELD, approval_id=None, approval_verdict=None,
                            due_at=None, check_failed="", reason="", is_paused=False, pause_reason="")  # fmt: skip
    body = act.canonical()
    values: dict[str, Any] = {
        "version": item.version + 1,
        "body": body,
        "content_hash": act.digest(),
        "title": title,
        "snapshot": packed,
        "audience_count": count,
        "audience_label": act.audience.label if act.audience else "",
        **reviewed.columns(),
        "send_at": _moment(act.send_at),
        "editor_id": editor.user_id,
        "submitted_at": clock.now(),
        **proposals.revised(session, item, about, editor=editor, send_at=_moment(act.send_at)),
        "decided_at": None,
        "decided_by": None,
        "decided_by_name": "",
        "reason": "",
    }
    if item.state is ItemState.PENDING:
        for name, value in values.items():
            setattr(item, name, value)
        session.flush()
    else:
        moves.move_item(session, item, ItemState.PENDING, **values)
    moves.keep_version(session, item, editor_id=editor.user_id)
    _write_links(session, outbound, act)
    moves.write_down(session, "approval.revised", item, by=editor, detail={"audience": count})
    moves.tell(session, item, "submitted")
    return outbound


def withdraw(session: Session, outbound_id: int, *, by: Person, reason: str = "") -> None:
    """Take an item back before anything left; it is cancelled for good."""
    by.require(Right.EDIT)
    outbound, item = held_or_ready(session, outbound_id)
    if item.state in {ItemState.PENDING, ItemState.APPROVED, ItemState.SCHEDULED}:
        moves.move_item(session, item, ItemState.CANCELLED, reason=reason, decided_at=clock.now())
    moves.move_outbound(session, outbound, OutboundState.CANCELLED, reason=reason, finished_at=clock.now(),
                        is_paused=False, pause_reason="")  # fmt: skip
    moves.write_down(session, "approval.cancelled", item, by=by, detail={"reason": reason})
    moves.tell(session, item, "cancelled")


def submit_system_email(
    session: Session,
    *,
    company_id: int,
    template: str,
    recipient: str,
    params: Mapping[str, str],
    locale: str = "en",
) -> Outbound:
    """Send a fixed built-in mail to one recipient: an automatic decision, a small cap, no switch, no stop.

    Raises RateLimitReached above the cap.
    """
    return automatic.system_email(
        session, company_id=company_id, template=template, recipient=recipient, params=params, locale=locale
    )


def submit_test_email(session: Session, act: SendEmail, *, author: Person, subject: tuple[str, int]) -> Outbound:
    """Send a copy to members of the company; `act.recipients` names them. Recorded as an automatic decision."""
    _require_author(session, act, author)
    return automatic.test_email(session, act, author=author, subject=subject)


def new_item(act: QueuedAct, *, title: str, subject: tuple[str, int], author: Person) -> ApprovalQueue:
    """Return an item for an act, not yet stored."""
    return ApprovalQueue(
        kind=act.kind,
        channel=act.channel,
        title=title,
        subject_type=subject[0],
        subject_id=subject[1],
        author_id=author.user_id,
        author_type=author.actor.type,
        author_name=author.name or author.email,
        editor_id=author.user_id,
        body=act.canonical(),
        content_hash=act.digest(),
        audience_label=act.audience.label if act.audience else "",
        send_at=_moment(act.send_at),
    )


def store(session: Session, item: ApprovalQueue, act: QueuedAct, *, editor: Person | None) -> Outbound:
    """Store a new item, its first version, its links and its outbound, held."""
    session.add(item)
    session.flush()
    outbound = Outbound(
        item_id=item.id,
        kind=item.kind,
        channel=item.channel,
        subject_type=item.subject_type,
        subject_id=item.subject_id,
    )
    session.add(outbound)
    session.flush()
    moves.keep_version(session, item, editor_id=editor.user_id if editor else None)
    _write_links(session, outbound, act)
    return outbound


def held_or_ready(session: Session, outbound_id: int) -> tuple[Outbound, ApprovalQueue]:
    """Return an outbound of which nothing has left yet, with its item, locked; raises NotFound or WrongState."""
    item, outbound = moves.locked(session, outbound_id=outbound_id)
    if outbound.state not in {OutboundState.HELD, OutboundState.READY, OutboundState.REFUSED}:
        raise WrongState(_("Messages are leaving already, or have left: this can't be changed any more."))
    return outbound, item


def _require_author(session: Session, act: QueuedAct, author: Person) -> None:
    author.require(Right.EDIT)
    company_id = company_of(session)
    if act.company_id != company_id or author.company_id != company_id:
        raise Forbidden


def _require_time(session: Session, act: QueuedAct) -> None:
    """Raise ToggleIsOff when something is to leave at a later time and that is switched off."""
    moment = _moment(act.send_at)
    if (moment is not None and moment > clock.now()) or act.kind is ActKind.SERIES:
        toggles.require(session, act.company_id, toggles.SCHEDULED, field="send_at")


def _write_links(session: Session, outbound: Outbound, act: QueuedAct) -> None:
    session.execute(delete(OutboundLink).where(OutboundLink.outbound_id == outbound.id))
    session.add_all(
        OutboundLink(outbound_id=outbound.id, number=number, url=url) for number, url in enumerate(act.links, 1)
    )
    session.flush()


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def as_test(act: SendEmail, recipients: Sequence[str]) -> SendEmail:
    """Return a campaign's act as a test send to the named members."""
    return replace(
        act, kind=ActKind.TEST_EMAIL, recipients=tuple(recipients), audience=None, snapshot=None, send_at=None
    )
