"""Inviting guest reviewers: the link leaves by mail, once, to one address."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

from lux.gate import reads
from lux.gate.guests import erasing, inviting, seeing
from lux.gate.guests.inviting import Link, Wanted
from lux.gate.guests.reviewer import KINDS
from lux.gate.submit import submit_system_email
from lux.identity import companies
from lux.kit import clock
from lux.kit.db.session import settings_of
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.approvals import queries
from lux.rooms.notifications import service as notifications

if TYPE_CHECKING:
    import uuid

    from sqlalchemy.orm import Session

    from lux.gate.guests.reviewer import GuestView
    from lux.identity.access import Person
    from lux.rooms.approvals.guest_forms import GuestForm

PATH = "/review/link"


def invite(session: Session, person: Person, form: GuestForm) -> str:
    """Invite a guest and mail the link; returns the address. Raises Forbidden, InvalidInput, RateLimitReached."""
    if form.reach == "item" and form.item is None:
        raise InvalidInput(field="item", message=_("No item is chosen."), fix=_("Choose one from the list."))
    wanted = Wanted(
        name=form.name, email=form.email, may_comment=form.may_comment, may_decide=form.may_decide,
        until=_end_of(form.until, companies.current(session).timezone), kinds=form.kinds, item=form.item,
    )  # fmt: skip
    link = inviting.invite(session, person, wanted)
    _mail(session, person, link)
    return link.email


def renew(session: Session, person: Person, public_id: uuid.UUID) -> str:
    """Mail a guest a new link, which ends the earlier one; returns the address."""
    link = inviting.renew(session, person, public_id)
    _mail(session, person, link)
    return link.email


def revoke(session: Session, person: Person, public_id: uuid.UUID) -> str:
    """End a guest's link; returns the name."""
    return inviting.revoke(session, person, public_id)


def erase(session: Session, who: Person, public_id: uuid.UUID) -> None:
    """Erase a guest's name and address, also from notices; raises NotFound, WrongState."""
    erased = erasing.erase(session, who, public_id)
    notifications.forget_text(session, (erased.name, erased.email))


def guests(session: Session) -> list[GuestView]:
    """Return all guests of the company."""
    return seeing.guests(session)


def kinds() -> list[tuple[str, str]]:
    """Return the kinds of items that guests may see, in words."""
    return [(kind, queries.kind_word(kind)) for kind in KINDS]


def items(session: Session) -> list[tuple[str, str]]:
    """Return what waits and a guest may be shown alone."""
    waiting = reads.items(session, states=queries.WAITING, limit=queries.PAGE)
    return [(str(item.public_id), item.title) for item in waiting if item.kind in KINDS]


def usual_end(zone: str) -> dt.date:
    """Return the last day of a link unless somebody chooses another."""
    return clock.in_zone(clock.now(), zone).date() + dt.timedelta(days=inviting.DAYS)


def _end_of(day: dt.date, zone: str) -> dt.datetime:
    return clock.local_to_utc(dt.datetime.combine(day, dt.time(23, 59)), zone)


def _mail(session: Session, person: Person, link: Link) -> None:
    company = companies.current(session)
    left = (link.expires_at - clock.now()) / dt.timedelta(days=1)
    submit_system_email(
        session,
        company_id=company.id,
        template="guest_link",
        recipient=link.email,
        params={
            "url": f"{settings_of(session).base_url}{PATH}/{link.token}",
            "company": company.name,
            "inviter": person.name or person.email,
            "name": link.name,
            "days": str(max(1, math.floor(left))),
        },
        locale=company.locale,
    )
