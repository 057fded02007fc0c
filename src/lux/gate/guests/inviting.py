"""Inviting a guest, mailing the link anew, taking it back; each ends what an earlier link had begun."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lux.gate.deciding import policies
from lux.gate.deciding.policies import Rules
from lux.gate.guests.doors import link_hash
from lux.gate.guests.models import Guest, GuestSession
from lux.gate.guests.reviewer import KINDS
from lux.gate.models import ApprovalQueue
from lux.gate.states import ItemState
from lux.identity.access import Person, Right
from lux.identity.models import Membership, User
from lux.identity.trail import note
from lux.kit import clock
from lux.kit.addresses import parse_email
from lux.kit.crypto import random_token
from lux.kit.errors import InvalidInput, NotFound, WrongState
from lux.kit.i18n import gettext as _

DAYS: Final = 30  # how long a link is good for unless somebody says otherwise
MOST_DAYS: Final = 365


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Whom to invite, to what, until when."""

    name: str
    email: str
    may_comment: bool
    may_decide: bool
    until: dt.datetime  # UTC
    kinds: Sequence[str] = ()  # all waiting items of these kinds
    item: uuid.UUID | None = None  # or this one alone


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link that was just made: its token exists here and in the mail alone."""

    name: str
    email: str
    token: str = field(repr=False)
    expires_at: dt.datetime


def invite(session: Session, person: Person, wanted: Wanted) -> Link:
    """Invite a guest into the session's company; returns the link to mail.

    An address is one guest: inviting it again replaces what it had. Raises Forbidden, InvalidInput naming the field.
    """
    person.require(Right.MANAGE)
    address = parse_email(wanted.email)
    _check(session, wanted, policies.rules_of(session), address.key)
    item = _item(session, wanted)
    guest = session.scalar(select(Guest).where(Guest.email_key == address.key).with_for_update())
    token = random_token()
    try:
        with session.begin_nested():
            guest = guest or Guest(email_key=address.key)
            guest.name, guest.email = wanted.name.strip()[:200], address.text
            guest.may_comment, guest.may_decide = wanted.may_comment, wanted.may_decide
            guest.kinds = [] if item is not None else [kind for kind in KINDS if kind in wanted.kinds]
            guest.item_id = item.id if item is not None else None
            guest.token_hash, guest.expires_at, guest.revoked_at = link_hash(token), wanted.until, None
            guest.invited_by, guest.invited_by_name = person.user_id, (person.name or person.email)[:200]
            guest.invited_at = clock.now()
            session.add(guest)
    except IntegrityError as error:
        raise InvalidInput(
            field="email",
            message=_("Somebody else has invited this address at the same moment."),
            fix=_("Look at the list of guests; invite again to replace the link."),
        ) from error
    _end_sessions(session, guest)
    detail = {
        "may": [verb for verb, may in (("comment", guest.may_comment), ("decide", guest.may_decide)) if may],
        "kinds": list(guest.kinds),
        "item": str(item.public_id) if item is not None else None,
        "until": guest.expires_at.isoformat(),
    }
    _note(session, person, guest, "guest.invited", detail)
    return Link(name=guest.name, email=guest.email, token=token, expires_at=guest.expires_at)


def renew(session: Session, person: Person, public_id: uuid.UUID) -> Link:
    """Give a guest a new link; the earlier one and what it had begun are over. Raises NotFound, WrongState."""
    person.require(Right.MANAGE)
    guest = _locked(session, public_id)
    if guest.revoked_at is not None or guest.expires_at <= clock.now():
        raise WrongState(_("The time of this guest is over."), fix=_("Invite them again, with a new end."))
    token = random_token()
    guest.token_hash = link_hash(token)
    _end_sessions(session, guest)
    _note(session, person, guest, "guest.link_renewed")
    return Link(name=guest.name, email=guest.email, token=token, expires_at=guest.expires_at)


def revoke(session: Session, person: Person, public_id: uuid.UUID) -> str:
    """End a guest's link and where they are; returns the name.

    A yes of theirs that still waits for a second counts no more.
    """
    person.require(Right.MANAGE)
    guest = _locked(session, public_id)
    if guest.revoked_at is None:
        guest.revoked_at = clock.now()
        _end_sessions(session, guest)
        _note(session, person, guest, "guest.revoked")
    return guest.name


def _check(session: Session, wanted: Wanted, rules: Rules, key: str) -> None:
    for name, is_wanted, is_allowed in (
        ("may_comment", wanted.may_comment, rules.guests_comment),
        ("may_decide", wanted.may_decide, rules.guests_decide),
    ):
        if is_wanted and not is_allowed:
            raise InvalidInput(
                field=name,
                message=_("The approval policy does not let guests do this."),
                fix=_("Change the policy first, or leave it out."),
            )
    if not (wanted.may_comment or wanted.may_decide):
        raise InvalidInput(
            field="may_comment", message=_("This guest could do nothing."), fix=_("Let them comment, decide, or both.")
        )
    if not wanted.name.strip():
        raise InvalidInput(field="name", message=_("The name is missing."), fix=_("It stands beside what they say."))
    now = clock.now()
    if not now < wanted.until <= now + dt.timedelta(days=MOST_DAYS + 1):
        raise InvalidInput(
            field="until",
            message=_("This end is not within the next %(n)s days.", n=MOST_DAYS),
            fix=_("Choose a day from tomorrow on."),
        )
    _check_outside(session, key)


def _check_outside(session: Session, key: str) -> None:
    query = select(Membership.id).join(User, User.id == Membership.user_id).where(User.email_key == key)
    if session.scalar(query) is not None:
        raise InvalidInput(
            field="email",
            message=_("This person belongs to the company already."),
            fix=_("Members decide where they are signed in; change their role instead."),
        )


def _item(session: Session, wanted: Wanted) -> ApprovalQueue | None:
    """Return the one item a link is for; raises InvalidInput where there is none, and no kind either."""
    if wanted.item is None:
        if not set(wanted.kinds) & set(KINDS):
            raise InvalidInput(
                field="kinds", message=_("Nothing is chosen to look at."), fix=_("Choose kinds, or one item.")
            )
        return None
    item = session.scalar(
        select(ApprovalQueue).where(
            ApprovalQueue.public_id == wanted.item, ApprovalQueue.state == ItemState.PENDING
        )
    )  # fmt: skip
    if item is None or item.kind.value not in KINDS:
        raise InvalidInput(field="item", message=_("This does not wait for a yes."), fix=_("Choose one from the list."))
    return item


def _locked(session: Session, public_id: uuid.UUID) -> Guest:
    guest = session.scalar(select(Guest).where(Guest.public_id == public_id).with_for_update())
    if guest is None:
        raise NotFound
    return guest


def _end_sessions(session: Session, guest: Guest) -> None:
    session.flush()
    session.execute(delete(GuestSession).where(GuestSession.guest_id == guest.id))


def _note(
    session: Session, person: Person, guest: Guest, action: str, detail: Mapping[str, object] | None = None
) -> None:
    note(session, guest.company_id, person, action, about=("guest", guest.public_id), detail=detail)
