"""From a link to a guest's session: opening shows, entering starts, and each request asks whether it still holds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final, TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from lux.gate.deciding.models import ApprovalPolicy
from lux.gate.guests.models import Guest, GuestSession
from lux.gate.guests.reviewer import Reviewer
from lux.identity.models import Company, User
from lux.identity.tokens import LinkGone
from lux.kit import clock
from lux.kit.crypto import random_token, token_hash
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.i18n import gettext as _
from lux.ledger import audit

IDLE: Final = dt.timedelta(hours=12)
TOUCH_EVERY: Final = dt.timedelta(minutes=5)  # how exact the last moments are; spares a write per request
Columns = TypeVarTuple("Columns")
_LINK, _SESSION = "guest-link", "guest-session"


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What a link that works says before anybody presses anything."""

    guest_id: int
    company_id: int
    company: str
    name: str
    timezone: str
    expires_at: dt.datetime


def link_hash(token: str) -> str:
    """Return the sum under which a link is kept."""
    return token_hash(f"{_LINK}:{token}")


def opened(session: Session, token: str) -> Opened:
    """Return whose a link is; changes nothing (session over all companies).

    Raises LinkGone with the same words after the same one query, whether it is unknown, replaced, revoked, over, or
    the company allows no guests any more.
    """
    row = session.execute(_standing(select(Guest, Company)).where(Guest.token_hash == link_hash(token))).one_or_none()
    if row is None:
        raise gone()
    guest, company = row[0], row[1]
    return Opened(
        guest_id=guest.id, company_id=company.id, company=company.name, name=guest.name, timezone=company.timezone,
        expires_at=guest.expires_at,
    )  # fmt: skip


def enter(db: Database, token: str, *, address: str = "", user_agent: str = "") -> str:
    """Start a guest's session and return its token for the cookie; raises LinkGone."""
    made, now = random_token(), clock.now()
    with db.begin(ALL_COMPANIES) as session:
        found = opened(session, token)
        session.execute(delete(GuestSession).where(GuestSession.last_seen_at <= now - IDLE))  # of all: they are over
        session.add(
            GuestSession(
                company_id=found.company_id,
                guest_id=found.guest_id,
                token_hash=_session_hash(made),
                address=address[:64],
                user_agent=user_agent[:200],
            )
        )
        session.execute(update(Guest).where(Guest.id == found.guest_id).values(last_seen_at=now))
        session.flush()
        audit.append(
            session, found.company_id, actor=audit.Actor(type="guest", id=found.guest_id), action="guest.entered",
            object_type="guest", object_id=str(session.get_one(Guest, found.guest_id).public_id),
        )  # fmt: skip
    return made


def reviewer_for(db: Database, token: str) -> Reviewer | None:
    """Return whose session a cookie's token is, or None when it has ended, however it ended."""
    now = clock.now()
    asked = _standing(select(GuestSession, Guest, Company, ApprovalPolicy, User.id))
    asked = asked.join(GuestSession, and_(GuestSession.guest_id == Guest.id, GuestSession.company_id == Company.id))
    asked = asked.outerjoin(User, User.email_key == Guest.email_key)
    with db.read(ALL_COMPANIES) as session:
        row = session.execute(
            asked.where(GuestSession.token_hash == _session_hash(token), GuestSession.last_seen_at > now - IDLE)
        ).one_or_none()
    if row is None:
        return None
    here, guest, company, policy = row[0], row[1], row[2], row[3]
    if now - here.last_seen_at >= TOUCH_EVERY:
        _touch(db, here.id, guest.id, now)
    return Reviewer(
        guest_id=guest.id, session_id=here.id, company_id=company.id, company=company.name, timezone=company.timezone,
        name=guest.name, email=guest.email, may_comment=guest.may_comment and policy.guests_comment,
        may_decide=guest.may_decide and policy.guests_decide, kinds=frozenset(guest.kinds), item_id=guest.item_id,
        account=row[4], invited_by=guest.invited_by, expires_at=guest.expires_at,
    )  # fmt: skip


def leave(session: Session, reviewer: Reviewer) -> None:
    """End the session that a guest is in."""
    session.execute(delete(GuestSession).where(GuestSession.id == reviewer.session_id))


def gone() -> LinkGone:
    """Return the one answer to every link that does not work, and to every session that is over."""
    return LinkGone(
        _("This link does not work (any more)."),
        fix=_("Open the newest mail and follow its link, or ask whoever invited you for a new one."),
    )


def _standing(query: Select[*Columns]) -> Select[*Columns]:
    """Limit to guests who may do something now, with their company and its policy."""
    return (
        query.select_from(Guest)
        .join(Company, Company.id == Guest.company_id)
        .join(ApprovalPolicy, ApprovalPolicy.company_id == Guest.company_id)
        .where(Guest.revoked_at.is_(None), Guest.expires_at > clock.now(), _may_something())
    )


def _may_something() -> ColumnElement[bool]:
    return or_(
        and_(Guest.may_comment.is_(True), ApprovalPolicy.guests_comment.is_(True)),
        and_(Guest.may_decide.is_(True), ApprovalPolicy.guests_decide.is_(True)),
    )


def _session_hash(token: str) -> str:
    return token_hash(f"{_SESSION}:{token}")


def _touch(db: Database, session_id: int, guest_id: int, now: dt.datetime) -> None:
    with db.begin(ALL_COMPANIES) as session:
        session.execute(update(GuestSession).where(GuestSession.id == session_id).values(last_seen_at=now))
        session.execute(update(Guest).where(Guest.id == guest_id).values(last_seen_at=now))
