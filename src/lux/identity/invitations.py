"""Inviting an address into a company, and accepting with an old or a new account."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.identity import members, users
from lux.identity.access import Person, Right, Role
from lux.identity.models import Company, Invitation, Membership, User
from lux.identity.tokens import LinkGone
from lux.identity.trail import note
from lux.kit import clock
from lux.kit.addresses import parse_email
from lux.kit.crypto import random_token, token_hash
from lux.kit.errors import Forbidden, InvalidInput, NotFound
from lux.kit.i18n import gettext as _

LIFETIME: Final = dt.timedelta(days=7)


def invite(session: Session, actor: Person, *, email: str, role: Role) -> tuple[Invitation, str]:
    """Invite an address into the session's company; returns the invitation and its token.

    Inviting again replaces the earlier link. Raises InvalidInput naming `email`, Forbidden.
    """
    actor.require(Right.MANAGE)
    if role is Role.OWNER and not actor.has(Right.OWN):
        raise Forbidden(_("Only an owner can make, change or remove an owner."))
    address = parse_email(email)
    _check_not_member(session, address.key)
    token = random_token()
    found = session.scalars(select(Invitation).where(Invitation.email_key == address.key)).one_or_none()
    if found is None:
        found = Invitation(email_key=address.key)
        session.add(found)
    found.email, found.role, found.invited_by = address.text, role, actor.user_id
    found.token_hash = token_hash(token)
    found.created_at, found.accepted_at = clock.now(), None
    found.expires_at = clock.now() + LIFETIME
    session.flush()
    about = ("invitation", found.public_id)
    note(
        session,
        found.company_id,
        actor,
        "invitation.sent",
        about=about,
        detail={"role": role.value},
    )
    return found, token


def pending(session: Session) -> Sequence[Invitation]:
    """Return the company's invitations that were not accepted, expired ones included."""
    return session.scalars(
        select(Invitation).where(Invitation.accepted_at.is_(None)).order_by(Invitation.created_at.desc())
    ).all()


def withdraw(session: Session, actor: Person, public_id: uuid.UUID) -> None:
    """Make an invitation's link useless; raises NotFound."""
    actor.require(Right.MANAGE)
    found = session.scalars(
        select(Invitation).where(Invitation.public_id == public_id, Invitation.accepted_at.is_(None))
    ).one_or_none()
    if found is None:
        raise NotFound
    session.delete(found)
    session.flush()
    about = ("invitation", public_id)
    note(session, found.company_id, actor, "invitation.withdrawn", about=about)


def by_token(session: Session, token: str, *, lock: bool = False) -> tuple[Invitation, Company]:
    """Return an open invitation and its company (session over all companies); raises LinkGone."""
    statement = (
        select(Invitation, Company)
        .join(Company, Company.id == Invitation.company_id)
        .where(
            Invitation.token_hash == token_hash(token),
            Invitation.accepted_at.is_(None),
            Invitation.expires_at > clock.now(),
        )
    )
    row = session.execute(statement.with_for_update(of=Invitation) if lock else statement).one_or_none()
    if row is None:
        raise LinkGone(
            _("This invitation was used already, was withdrawn, or is too old."),
            fix=_("Ask the person who invited you for a new one."),
        )
    return row[0], row[1]


def accept(session: Session, token: str, user: User) -> Company:
    """Let a signed-in person into the company; raises Forbidden when somebody else was invited."""
    invitation, company = by_token(session, token, lock=True)
    if user.email_key != invitation.email_key:
        raise Forbidden(
            _(
                "This invitation is for %(invited)s, and you are signed in as %(present)s.",
                invited=invitation.email,
                present=user.email,
            ),
            fix=_("Sign out, then open the invitation again."),
        )
    _enter(session, invitation, user)
    return company


def accept_as_new(session: Session, token: str, *, name: str, password: str, hashed: str = "") -> tuple[User, Company]:
    """Make the invited person's account and let them in; raises InvalidInput.

    The address needs no further proof: the link was mailed to it.
    """
    invitation, company = by_token(session, token, lock=True)
    user = users.create(
        session, name=name, email=invitation.email, password=password, context=[company.name], hashed=hashed
    )
    _enter(session, invitation, user)
    return user, company


def _enter(session: Session, invitation: Invitation, user: User) -> None:
    members.add(session, invitation.company_id, user.id, invitation.role)
    invitation.accepted_at = clock.now()
    session.flush()
    detail = {"role": invitation.role.value, "invited_by": invitation.invited_by}
    about = ("user", user.public_id)
    note(session, invitation.company_id, user.id, "member.added", about=about, detail=detail)


def _check_not_member(session: Session, email_key: str) -> None:
    present = session.scalars(
        select(Membership.id).join(User, User.id == Membership.user_id).where(User.email_key == email_key)
    ).one_or_none()
    if present is not None:
        raise InvalidInput(
            field="email",
            message=_("This person belongs to the company already."),
            fix=_("Change their role in the list of members."),
        )
