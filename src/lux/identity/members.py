"""Who belongs to a company, in which role; the last owner can't go."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, delete, func, select, update
from sqlalchemy.orm import Session

from lux.identity.access import Person, Right, Role
from lux.identity.models import Company, Invitation, Membership, User, WebSession
from lux.identity.trail import note
from lux.kit.db.session import company_of
from lux.kit.errors import Forbidden, NotFound, WrongState
from lux.kit.i18n import gettext as _


@dataclass(frozen=True, kw_only=True)
class CompanyOfPerson:
    """A company somebody belongs to."""

    id: int
    public_id: uuid.UUID
    name: str
    role: Role
    is_sample: bool


@dataclass(frozen=True, kw_only=True)
class Member:
    """Somebody who belongs to the session's company."""

    user_id: int
    public_id: uuid.UUID
    name: str
    email: str
    role: Role
    joined_at: dt.datetime
    last_sign_in_at: dt.datetime | None


@dataclass(frozen=True, kw_only=True)
class Reader:
    """How somebody is told something."""

    user_id: int
    locale: str
    email: str
    preferences: Mapping[str, Any]


def companies_of(session: Session, user_id: int) -> Sequence[CompanyOfPerson]:
    """Return all companies a person belongs to, by name.

    It reads the membership *table*, past the session's company filter: a person's own memberships
    are the one thing that is looked at across companies.
    """
    membership = cast("Table", Membership.__table__)
    rows = session.execute(
        select(Company.id, Company.public_id, Company.name, membership.c.role, Company.is_sample)
        .join(membership, membership.c.company_id == Company.id)
        .where(membership.c.user_id == user_id)
        .order_by(func.lower(Company.name), Company.id)
    )
    return [
        CompanyOfPerson(id=id_, public_id=public_id, name=name, role=role, is_sample=is_sample)
        for id_, public_id, name, role, is_sample in rows
    ]


def listing(session: Session) -> Sequence[Member]:
    """Return the members of the session's company, owners first."""
    rows = session.execute(
        select(Membership, User).join(User, User.id == Membership.user_id).order_by(User.name, User.id)
    )
    found = [_member(membership, user) for membership, user in rows]
    return sorted(found, key=lambda member: -member.role.rank)


def user_ids_with(session: Session, right: Right) -> Sequence[int]:
    """Return the ids of the company's members who have a right."""
    least = right.least_role
    if least is None:
        return []
    roles = [role for role in Role if role.rank >= least.rank]
    return session.scalars(
        select(Membership.user_id)
        .join(User, User.id == Membership.user_id)
        .where(Membership.role.in_(roles), User.is_disabled.is_(False))
        .order_by(Membership.user_id)
    ).all()


def readers_of(session: Session, user_ids: Sequence[int]) -> dict[int, Reader]:
    """Return how each person is reached: language (their own, else the company's), address, preferences."""
    company = session.scalar(select(Company.locale).where(Company.id == company_of(session))) or ""
    rows = session.execute(select(User.id, User.locale, User.email, User.preferences).where(User.id.in_(user_ids)))
    return {
        user_id: Reader(user_id=user_id, locale=locale or company, email=email, preferences=preferences)
        for user_id, locale, email, preferences in rows
    }


def add(session: Session, company_id: int, user_id: int, role: Role) -> None:
    """Make somebody a member; an existing member keeps the higher role."""
    present = session.scalars(
        select(Membership).where(Membership.company_id == company_id, Membership.user_id == user_id)
    ).one_or_none()
    if present is None:
        session.add(Membership(company_id=company_id, user_id=user_id, role=role))
    elif present.role.rank < role.rank:
        present.role = role
    session.flush()


def change_role(session: Session, actor: Person, public_id: uuid.UUID, role: Role) -> None:
    """Give a member another role; their sessions in this company end, but for the actor's own.

    Open invitations of theirs that the new role could not send stop working.

    Raises Forbidden when an admin touches an owner, WrongState for the last owner.
    """
    actor.require(Right.MANAGE)
    membership = _locked(session, public_id)
    if membership.role is role:
        return
    _check_owner_matters(session, actor, membership, becomes=role)
    detail = {"from": membership.role.value, "to": role.value}
    membership.role = role
    session.flush()
    _withdraw_invitations(session, membership)
    _end_sessions(session, membership, but=actor.session_id)
    company = company_of(session)
    note(session, company, actor, "member.role_changed", about=("user", public_id), detail=detail)


def remove(session: Session, actor: Person, public_id: uuid.UUID) -> None:
    """Take somebody (or oneself) out of the company, with the invitations they sent.

    Raises Forbidden when an admin touches an owner, WrongState for the last owner.
    """
    membership = _locked(session, public_id)
    if membership.user_id != actor.user_id:
        actor.require(Right.MANAGE)
    _check_owner_matters(session, actor, membership, becomes=None)
    session.execute(
        delete(Invitation).where(Invitation.invited_by == membership.user_id, Invitation.accepted_at.is_(None))
    )
    session.delete(membership)
    session.flush()
    company = company_of(session)
    point_elsewhere(session, membership.user_id, company, but=actor.session_id)
    note(session, company, actor, "member.removed", about=("user", public_id))


def point_elsewhere(session: Session, user_id: int, company_id: int, *, but: int | None) -> None:
    """End the sessions that look at a company the person left; one of them may go on elsewhere."""
    looking = (WebSession.user_id == user_id, WebSession.company_id == company_id)
    if but is not None:
        others = [row.id for row in companies_of(session, user_id) if row.id != company_id]
        session.execute(
            update(WebSession).where(*looking, WebSession.id == but).values(company_id=min(others, default=None))
        )
    session.execute(delete(WebSession).where(*looking))


def _locked(session: Session, public_id: uuid.UUID) -> Membership:
    """Return a membership while nobody else can change the company's roles."""
    session.execute(select(Company.id).where(Company.id == company_of(session)).with_for_update())
    found = session.scalars(
        select(Membership)
        .join(User, User.id == Membership.user_id)
        .where(User.public_id == public_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound(_("This person does not belong to the company (any more)."))
    return found


def _check_owner_matters(session: Session, actor: Person, membership: Membership, *, becomes: Role | None) -> None:
    touches_owner = membership.role is Role.OWNER or becomes is Role.OWNER
    if touches_owner and not actor.has(Right.OWN):
        raise Forbidden(
            _("Only an owner can make, change or remove an owner."),
            fix=_("Ask an owner of the company."),
        )
    if membership.role is not Role.OWNER or becomes is Role.OWNER:
        return
    owners = session.scalar(select(func.count()).select_from(Membership).where(Membership.role == Role.OWNER))
    if (owners or 0) <= 1:
        raise WrongState(
            _("This is the last owner of the company."),
            fix=_("Make somebody else an owner first."),
        )


def _withdraw_invitations(session: Session, membership: Membership) -> None:
    """Delete the open invitations a member sent whose role is more than their own role may give."""
    manage, own = Right.MANAGE.least_role, Right.OWN.least_role
    rank = membership.role.rank
    given = [role for role in Role if manage and own and rank >= (own if role is Role.OWNER else manage).rank]
    session.execute(
        delete(Invitation).where(
            Invitation.invited_by == membership.user_id,
            Invitation.accepted_at.is_(None),
            Invitation.role.not_in(given),
        )
    )


def _end_sessions(session: Session, membership: Membership, *, but: int | None) -> None:
    statement = delete(WebSession).where(
        WebSession.user_id == membership.user_id, WebSession.company_id == membership.company_id
    )
    if but is not None:
        statement = statement.where(WebSession.id != but)
    session.execute(statement)


def _member(membership: Membership, user: User) -> Member:
    return Member(
        user_id=user.id,
        public_id=user.public_id,
        name=user.name,
        email=user.email,
        role=membership.role,
        joined_at=membership.created_at,
        last_sign_in_at=user.last_sign_in_at,
    )
