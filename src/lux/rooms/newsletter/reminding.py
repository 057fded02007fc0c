"""Asking somebody once more who was asked and has not answered: by a person's hand, seldom, never after an answer."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lux.gate import consent
from lux.gate.consent import ConsentState
from lux.identity.access import Person, mark_of
from lux.kit import clock
from lux.kit.errors import WrongState
from lux.kit.i18n import gettext as _
from lux.ports.opt_in import OptInAsk, OptInOutcome
from lux.rooms.newsletter import opt_in, queries

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.rooms.contacts.models import Contact
    from lux.rooms.newsletter.models import OptIn

MOST: Final = 3  # mails that ask one contact within the window; the first is among them
WINDOW: Final = dt.timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Somebody who was asked and has not answered."""

    row: OptIn | None  # None = it was long ago, or elsewhere
    why_not: str  # why nobody may ask again now, in the person's language; "" = one may


def waiting(session: Session, contact: Contact) -> Waiting | None:
    """Return what is known of a contact who was asked; None when nobody waits for an answer of theirs."""
    key = contact.email_key
    standing = consent.status(session, opt_in.CHANNEL, [key])[key] if key else None
    row = queries.opt_in_of(session, key) if key else None
    is_asked = standing is not None and standing.state is ConsentState.REQUESTED and standing.suppressed is None
    if is_asked:
        return Waiting(row=row, why_not=_why_not(session, contact, row))
    if row is not None and row.confirmed_at is None:
        return Waiting(row=row, why_not=_("Something else keeps mail from this address, or they answered elsewhere."))
    return None


def ask_again(session: Session, contact: Contact, person: Person) -> None:
    """Mail the question once more, as it was asked before; raises WrongState saying why not."""
    found = waiting(session, contact)
    if found is None or found.why_not:
        raise WrongState(found.why_not if found else _("They were not asked, or have answered."))
    row = found.row
    ask = OptInAsk(
        address=contact.email or "",
        address_key=contact.email_key or "",
        via=row.via if row else "person",
        source=row.source if row else _("asked again"),
        language=row.locale if row else contact.language or "",
        wording=row.wording if row else "",
        first_name=row.first_name if row else "",
        last_name=row.last_name if row else "",
        proof=row.proof if row else {},
        by=mark_of(person),
    )
    outcome = opt_in.start(session, ask)
    if outcome is not OptInOutcome.SENT:
        raise WrongState(_said(outcome))


def _why_not(session: Session, contact: Contact, row: OptIn | None) -> str:
    now = clock.now()
    if contact.trashed_at is not None:
        return _("This contact is in the trash.")
    if row is not None and row.asked_at > now - opt_in.PAUSE:
        return _("They were asked within the last 24 hours.")
    if queries.times_asked(session, contact.id, now - WINDOW) >= MOST:
        return _("They were asked %(n)s times within 30 days: that is enough.", n=MOST)
    return ""


def _said(outcome: OptInOutcome) -> str:
    if outcome is OptInOutcome.BUSY:
        return _("Too many such mails left within the hour. Try again later.")
    if outcome is OptInOutcome.ASKED:
        return _("Their mailbox was asked within the last 24 hours, under an address like this one.")
    return _("They were not asked, or have answered.")
