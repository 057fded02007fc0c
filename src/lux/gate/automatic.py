"""Decisions by fixed rule: system mails from built-in templates, and test copies to members; each leaves a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from lux.gate import audience, moves, toggles
from lux.gate.models import ApprovalDecision, ApprovalQueue, Delivery, Outbound, OutboundLink, SystemMailCount
from lux.gate.sealing import seal_params
from lux.gate.states import ItemState, Method, Verdict
from lux.identity import members
from lux.identity.access import Person
from lux.kit import clock
from lux.kit.addresses import email_key
from lux.kit.db.counters import add_counts
from lux.kit.errors import InvalidInput, RateLimitReached
from lux.kit.i18n import gettext as _
from lux.ports.acts import ActKind, SendEmail, SystemEmail

SYSTEM_TEMPLATES = frozenset(
    {
        "password_reset",
        "sign_in_link",
        "invitation",
        "sender_code",
        "approval_notice",
        "alert",
        "opt_in",
        "notice",
        "guest_link",
    }
)
SYSTEM_CAP_PER_HOUR = 10  # system mails to one recipient


def system_email(
    session: Session, *, company_id: int, template: str, recipient: str, params: Mapping[str, str], locale: str
) -> Outbound:
    """Store one system mail under an automatic yes and start it."""
    if template not in SYSTEM_TEMPLATES:
        raise InvalidInput(field="template", message=f"{template} is not a built-in system mail")
    key = email_key(recipient)
    _count(session, key)
    act = SystemEmail(
        kind=ActKind.SYSTEM_EMAIL,
        company_id=company_id,
        channel="email",
        account="",
        template=template,
        recipient=recipient,
        params=seal_params(session, params),
        locale=locale,
    )
    item = ApprovalQueue(
        company_id=company_id,
        kind=act.kind,
        channel=act.channel,
        title=template,
        author_type="system",
        body=act.canonical(),
        content_hash=act.digest(),
        audience_count=1,
    )
    outbound = _store(session, item)
    _write_recipients(session, outbound, [(recipient, key)])
    _say_yes(session, item, Method.SYSTEM, queue="system")
    return outbound


def test_email(session: Session, act: SendEmail, *, author: Person, subject: tuple[str, int]) -> Outbound:
    """Store a test copy to members under an automatic yes and start it."""
    toggles.require(session, act.company_id, toggles.channel_key(act.channel))
    allowed = {email_key(member.email) for member in members.listing(session)}
    wanted = {email_key(address): address for address in act.recipients}
    strangers = [address for key, address in wanted.items() if key not in allowed]
    if strangers or not wanted:
        raise InvalidInput(
            field="recipients",
            message=_("A test goes to members of the company only."),
            fix=_("Choose members from the list."),
        )
    act = replace(audience.with_constants(session, act), kind=ActKind.TEST_EMAIL, audience=None, snapshot=None)
    item = ApprovalQueue(
        company_id=act.company_id,
        kind=act.kind,
        channel=act.channel,
        title=act.subject,
        subject_type=f"test_{subject[0]}",
        subject_id=subject[1],
        author_id=author.user_id,
        author_name=author.name or author.email,
        body=act.canonical(),
        content_hash=act.digest(),
        audience_count=len(wanted),
    )
    outbound = _store(session, item)
    session.add_all(
        OutboundLink(outbound_id=outbound.id, number=number, url=url) for number, url in enumerate(act.links, 1)
    )
    _write_recipients(session, outbound, [(address, key) for key, address in wanted.items()])
    _say_yes(session, item, Method.TEST, queue="system", by=author)
    return outbound


def rehearsal(session: Session, act: SendEmail, *, author: Person, number: int) -> Outbound:
    """Store a rehearsal of the stop under an automatic yes and start it; `checks` lets it into the mailbox only."""
    act = audience.with_constants(session, act)
    item = ApprovalQueue(
        company_id=act.company_id,
        kind=act.kind,
        channel=act.channel,
        title=act.subject,
        subject_type="drill",
        subject_id=number,
        author_id=author.user_id,
        author_name=author.name or author.email,
        body=act.canonical(),
        content_hash=act.digest(),
        audience_count=len(act.recipients),
    )
    outbound = _store(session, item)
    _write_recipients(session, outbound, [(address, address) for address in act.recipients])  # no address people have
    _say_yes(session, item, Method.TEST, queue="send", by=author)
    return outbound


def _store(session: Session, item: ApprovalQueue) -> Outbound:
    session.add(item)
    session.flush()
    outbound = Outbound(
        company_id=item.company_id,
        item_id=item.id,
        kind=item.kind,
        channel=item.channel,
        subject_type=item.subject_type,
        subject_id=item.subject_id,
        is_materialised=True,
    )
    session.add(outbound)
    session.flush()
    return outbound


def _write_recipients(session: Session, outbound: Outbound, recipients: list[tuple[str, str]]) -> None:
    session.add_all(
        Delivery(
            company_id=outbound.company_id,
            outbound_id=outbound.id,
            channel=outbound.channel,
            address=address,
            address_key=key,
        )
        for address, key in recipients
    )
    session.flush()


def _say_yes(session: Session, item: ApprovalQueue, method: Method, *, queue: str, by: Person | None = None) -> None:
    decision = ApprovalDecision(
        company_id=item.company_id,
        item_id=item.id,
        version=item.version,
        content_hash=item.content_hash,
        verdict=Verdict.YES,
        method=method,
    )
    session.add(decision)
    session.flush()
    moves.move_item(session, item, ItemState.APPROVED, decided_at=clock.now())
    moves.release(session, item, decision, due_at=clock.now(), queue=queue)
    moves.write_down(session, f"approval.automatic_{method.value}", item, by=by, detail={"decision": decision.id})


def _count(session: Session, key: str) -> None:
    hour = int(clock.now().timestamp() // 3600)
    known = session.scalar(
        select(SystemMailCount.count).where(SystemMailCount.address_key == key, SystemMailCount.hour == hour)
    )
    if (known or 0) >= SYSTEM_CAP_PER_HOUR:
        raise RateLimitReached(
            _("This address got %(n)s system mails within the hour.", n=SYSTEM_CAP_PER_HOUR), retry_after=3600
        )
    add_counts(
        session,
        cast("Table", SystemMailCount.__table__),
        [{"address_key": key, "hour": hour, "count": 1}],
        key=("address_key", "hour"),
        counters=("count",),
    )
