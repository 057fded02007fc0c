"""Consent given and withdrawn by hand, with its proof, and blocks lifted with a reason; all through the gate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lux.gate import consent
from lux.gate.consent import ConsentEntry, ConsentState, Standing
from lux.kit import clock
from lux.kit.db.session import company_of
from lux.kit.errors import InvalidInput, WrongState
from lux.kit.i18n import gettext as _
from lux.ledger import audit
from lux.rooms.contacts import values
from lux.rooms.contacts.service.origin import actor_of, auditor_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person
    from lux.rooms.contacts.forms.small import ConsentForm, ReasonForm
    from lux.rooms.contacts.models import Contact

CHANNELS: Final = ("email", "sms")
_CLOCKS_DIFFER: Final = dt.timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class ChannelStanding:
    """How a contact stands on one channel."""

    channel: str
    address: str  # "" = the contact has none there
    standing: Standing | None


@dataclass(frozen=True, kw_only=True)
class Said:
    """What somebody said about a channel, as another program reports it."""

    channel: str
    is_yes: bool
    basis: str
    wording: str
    source: str
    at: dt.datetime | None  # None = now
    proof: Mapping[str, str]


def standings(session: Session, contact: Contact) -> list[ChannelStanding]:
    """Return how a contact stands on each channel."""
    found = []
    for channel in CHANNELS:
        key = _key(contact, channel)
        standing = consent.status(session, channel, [key])[key] if key else None
        address = (contact.email if channel == "email" else contact.phone) or ""
        found.append(ChannelStanding(channel=channel, address=address, standing=standing))
    return found


def give(session: Session, contact: Contact, form: ConsentForm, person: Person, *, address: str) -> None:
    """Record a yes that a person tells us of; `address` is where they sit (IP), kept as part of the proof."""
    now = clock.now()
    if form.day is not None and values.is_future(form.day, person.timezone):
        raise InvalidInput(field="day", message=_("This day is in the future."))
    is_today = form.day in {None, clock.in_zone(now, person.timezone).date()}
    at = None if form.day is None or is_today else values.beginning_of(form.day)
    key = _required_key(contact, form.channel)
    _refuse_older_than_no(session, form.channel, key, at or now)
    entry = ConsentEntry(
        channel=form.channel,
        address_key=key,
        state=ConsentState.GIVEN,
        contact_id=contact.id,
        basis=form.basis,
        source=form.how,
        wording=form.wording,
        proof=_proof(person, address) | {"how": form.how, "entered_at": now.isoformat(timespec="seconds")},
        at=at,
    )
    consent.record(session, entry, actor=actor_of(person))


def report(session: Session, contact: Contact, said: Said, person: Person, *, address: str) -> None:
    """Record a yes or a no that another program reports; `address` is where it calls from (IP), part of the proof.

    Raises InvalidInput for a yes without its wording, one older than a no, and a moment in the future.
    """
    now, key = clock.now(), _required_key(contact, said.channel)
    if said.at is not None and said.at > now + _CLOCKS_DIFFER:
        raise InvalidInput(field="at", message=_("This moment is in the future."))
    proof = {**said.proof, **_proof(person, address), "entered_at": now.isoformat(timespec="seconds")}
    if not said.is_yes:
        consent.withdraw(
            session, channel=said.channel, address_key=key, contact_id=contact.id, source=said.source, proof=proof,
            actor=actor_of(person),
        )  # fmt: skip
        return
    if not said.wording:
        raise InvalidInput(
            field="wording", message=_("A yes needs its wording."), fix=_("Send what the person saw and agreed to.")
        )
    at = min(said.at or now, now)
    _refuse_older_than_no(session, said.channel, key, at, field="at")
    entry = ConsentEntry(
        channel=said.channel, address_key=key, state=ConsentState.GIVEN, contact_id=contact.id, basis=said.basis,
        source=said.source, wording=said.wording, proof=proof, at=at,
    )  # fmt: skip
    consent.record(session, entry, actor=actor_of(person))


def withdraw(session: Session, contact: Contact, form: ReasonForm, person: Person, *, address: str) -> bool:
    """Take consent back for a contact and block the address; False when it was so already."""
    return consent.withdraw(
        session,
        channel=form.channel,
        address_key=_required_key(contact, form.channel),
        contact_id=contact.id,
        source=form.reason[:200],
        proof=_proof(person, address) | {"reason": form.reason},
        actor=actor_of(person),
    )


def release(session: Session, contact: Contact, form: ReasonForm, person: Person) -> None:
    """Lift the block of an address; the audit chain keeps who and why. Consent stays as it is."""
    key = _required_key(contact, form.channel)
    before = consent.status(session, form.channel, [key])[key]
    if not consent.release(session, channel=form.channel, address_key=key):
        raise WrongState(_("This address is not blocked."))
    audit.append(
        session,
        company_of(session),
        actor=auditor_of(person),
        action="suppression.released",
        object_type="contact",
        object_id=str(contact.public_id),
        detail={
            "channel": form.channel,
            "reason": form.reason,
            "was": before.suppressed.value if before.suppressed else "",
        },
    )


def _refuse_older_than_no(session: Session, channel: str, key: str, at: dt.datetime, *, field: str = "day") -> None:
    before = consent.status(session, channel, [key])[key]
    if before.state is ConsentState.WITHDRAWN and before.at is not None and before.at > at:
        raise InvalidInput(
            field=field,
            message=_("They withdrew their consent on %(day)s, after that day.", day=before.at.date().isoformat()),
            fix=_("Only a yes that came later counts."),
        )


def _proof(person: Person, address: str) -> dict[str, Any]:
    return {"by": person.name or person.email, "user": str(person.user_public_id), "ip": address}


def _key(contact: Contact, channel: str) -> str | None:
    return contact.email_key if channel == "email" else contact.phone


def _required_key(contact: Contact, channel: str) -> str:
    key = _key(contact, channel)
    if key is None:
        words = (
            _("This contact has no e-mail address.") if channel == "email" else _("This contact has no phone number.")
        )
        raise InvalidInput(field="channel", message=words, fix=_("Enter it first."))
    return key
