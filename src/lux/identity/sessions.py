"""Signed-in browsers: server-side, idle and absolute end, new id at every change of rights."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import CursorResult, and_, delete, select, update
from sqlalchemy.orm import Session

from lux.identity import members, users
from lux.identity.access import Person
from lux.identity.models import Company, Membership, User, WebSession
from lux.identity.trail import note
from lux.kit import clock
from lux.kit.crypto import random_token, token_hash
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.errors import NotFound
from lux.kit.i18n import DEFAULT_LOCALE

if TYPE_CHECKING:
    import uuid

    from lux.kit.settings import Settings

TOUCH_EVERY: Final = dt.timedelta(minutes=5)  # how exact `last_seen_at` is; spares a write per request


def person_for(db: Database, token: str, settings: Settings, *, prolongs: bool = True) -> Person | None:
    """Return who a cookie's token stands for, or None when its session has ended.

    One query by a unique key; writes at most every five minutes, in a transaction of its own, unless the request was
    made by the page itself (`prolongs`).
    """
    now = clock.now()
    with db.read(ALL_COMPANIES) as session:
        row = session.execute(
            select(WebSession, User, Company, Membership.role)
            .join(User, User.id == WebSession.user_id)
            .outerjoin(
                Membership,
                and_(
                    Membership.company_id == WebSession.company_id,
                    Membership.user_id == WebSession.user_id,
                ),
            )
            .outerjoin(Company, Company.id == Membership.company_id)
            .where(
                WebSession.token_hash == token_hash(token),
                WebSession.expires_at > now,
                WebSession.last_seen_at > now - dt.timedelta(hours=settings.session_idle_hours),
                User.is_disabled.is_(False),
            )
        ).one_or_none()
    if row is None:
        return None
    web_session, user, role = row[0], row[1], row[3]
    company: Company | None = row[2]
    if prolongs and now - web_session.last_seen_at >= TOUCH_EVERY:
        _touch(db, web_session.id, now)
    return Person(
        user_id=user.id,
        user_public_id=user.public_id,
        name=user.name,
        email=user.email,
        company_id=company.id if company else None,
        role=role,
        is_operator=user.is_operator,
        session_id=web_session.id,
        session_public_id=web_session.public_id,
        locale=user.locale or (company.locale if company else DEFAULT_LOCALE),
        timezone=user.timezone or (company.timezone if company else "UTC"),
        formats=str(user.preferences.get("formats", "")),
        single_keys=user.preferences.get("single_keys", True) is True,
    )


def start(
    session: Session,
    user: User,
    settings: Settings,
    *,
    address: str = "",
    user_agent: str = "",
    company_id: int | None = None,
) -> str:
    """Sign a person in and return the token for the cookie.

    Without a company, the one looked at last is taken, else any the person belongs to.
    """
    token = random_token()
    made = WebSession(
        token_hash=token_hash(token),
        user_id=user.id,
        company_id=company_id or _usual_company(session, user),
        expires_at=clock.now() + dt.timedelta(days=settings.session_days),
        address=address[:64],
        user_agent=user_agent[:200],
    )
    session.add(made)
    user.last_sign_in_at = clock.now()
    session.flush()
    detail = {"session": str(made.public_id)}  # what rows of this browser name from now on
    note(session, None, user.id, "session.started", about=("user", user.public_id), detail=detail)
    return token


def rotate(session: Session, session_id: int, *, company_id: int | None = None) -> str:
    """Give a session a new token (and another company); the old token is worthless from then on."""
    token = random_token()
    values: dict[str, Any] = {"token_hash": token_hash(token), "last_seen_at": clock.now()}
    if company_id is not None:
        values["company_id"] = company_id
    session.execute(update(WebSession).where(WebSession.id == session_id).values(**values))
    return token


def end(session: Session, session_id: int) -> None:
    """Sign one session out, and note whose it was; one that has ended is fine."""
    user_id = session.scalar(select(WebSession.user_id).where(WebSession.id == session_id))
    if user_id is not None:
        session.execute(delete(WebSession).where(WebSession.id == session_id))
        note(session, None, user_id, "session.ended")


def end_one_of(session: Session, user_id: int, public_id: uuid.UUID) -> None:
    """Sign out one of a person's own sessions; raises NotFound."""
    statement = delete(WebSession).where(WebSession.user_id == user_id, WebSession.public_id == public_id)
    if cast("CursorResult[Any]", session.execute(statement)).rowcount != 1:
        raise NotFound
    note(session, None, user_id, "session.all_ended", detail={"count": 1})


def end_all(session: Session, user_id: int, *, but: int | None = None) -> int:
    """Sign a person out everywhere, but for one session; returns how many sessions ended."""
    statement = delete(WebSession).where(WebSession.user_id == user_id)
    if but is not None:
        statement = statement.where(WebSession.id != but)
    count = cast("CursorResult[Any]", session.execute(statement)).rowcount
    if count:
        note(session, None, user_id, "session.all_ended", detail={"count": count})
    return count


def listing(session: Session, user_id: int, settings: Settings) -> Sequence[WebSession]:
    """Return a person's live sessions, the newest first."""
    now = clock.now()
    return session.scalars(
        select(WebSession)
        .where(
            WebSession.user_id == user_id,
            WebSession.expires_at > now,
            WebSession.last_seen_at > now - dt.timedelta(hours=settings.session_idle_hours),
        )
        .order_by(WebSession.last_seen_at.desc(), WebSession.id.desc())
    ).all()


def sweep(session: Session, settings: Settings) -> int:
    """Delete sessions that have ended; returns how many."""
    now = clock.now()
    idle_limit = now - dt.timedelta(hours=settings.session_idle_hours)
    statement = delete(WebSession).where((WebSession.expires_at < now) | (WebSession.last_seen_at < idle_limit))
    return cast("CursorResult[Any]", session.execute(statement)).rowcount


def look_at(session: Session, session_id: int, user_id: int, company_id: int) -> str:
    """Turn a session to another of the person's companies; returns the new token.

    Raises NotFound when the person does not belong to it.
    """
    if company_id not in {row.id for row in members.companies_of(session, user_id)}:
        raise NotFound
    user = users.by_id(session, user_id)
    user.preferences = {**user.preferences, "company_id": company_id}
    return rotate(session, session_id, company_id=company_id)


def _usual_company(session: Session, user: User) -> int | None:
    """Return the company the person looked at last while they still belong to it, else any."""
    ids = [row.id for row in members.companies_of(session, user.id)]
    latest = user.preferences.get("company_id")
    return latest if latest in ids else min(ids, default=None)


def _touch(db: Database, session_id: int, now: dt.datetime) -> None:
    with db.begin(ALL_COMPANIES) as session:
        session.execute(
            update(WebSession)
            .where(WebSession.id == session_id, WebSession.last_seen_at <= now - TOUCH_EVERY)
            .values(last_seen_at=now)
        )
