"""Facts that other programs report: known kinds only, each once, set-based."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from sqlalchemy import select

from lux.identity.models import Company
from lux.kit import clock
from lux.kit.addresses import email_key
from lux.kit.db.session import company_of
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.rooms.contacts.models import Contact
from lux.rooms.contacts.service.edit import touch
from lux.rooms.contacts.service.origin import actor_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person

KINDS: Final = (
    "product.viewed", "cart.updated", "cart.abandoned", "order.placed", "order.paid", "order.shipped",
    "order.delivered", "order.refunded", "event.registered", "event.attended", "appointment.scheduled",
    "demo.completed", "trial.started",
)  # fmt: skip
CUSTOM: Final = "custom."
SIGNS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")
_CLOCKS_DIFFER: Final = dt.timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Reported:
    """One fact as it was sent; the contact by id or by address."""

    kind: str
    contact: uuid.UUID | None
    email: str | None
    at: dt.datetime | None
    dedup_key: str | None
    value_minor: int | None
    currency: str | None
    properties: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of it."""

    outcome: Literal["recorded", "duplicate", "refused"]
    field: str = ""
    message: str = ""


def record(session: Session, sent: Sequence[Reported], person: Person) -> list[Outcome]:
    """Record facts and return what became of each."""
    by_id, by_key = _contacts(session, sent)
    keys = [one.dedup_key for one in sent if one.dedup_key]
    if keys:  # one reporter at a time: two who bring the same key would both find it new
        session.execute(select(Company.id).where(Company.id == company_of(session)).with_for_update(key_share=True))
    known = facts.known_keys(session, keys)
    found: list[Outcome] = []
    new: list[NewFact] = []
    for one in sent:
        contact_id = by_id.get(one.contact) if one.contact else by_key.get(_key(one.email))
        refusal = _refusal(one, contact_id)
        if refusal is not None:
            found.append(refusal)
            continue
        if one.dedup_key is not None and one.dedup_key in known:
            found.append(Outcome(outcome="duplicate"))
            continue
        if one.dedup_key is not None:
            known.add(one.dedup_key)
        new.append(_fact(one, contact_id, actor_of(person)))
        found.append(Outcome(outcome="recorded"))
    facts.record_many(session, new)
    touch(session, [fact.contact_id for fact in new if fact.contact_id is not None])
    return found


def _refusal(one: Reported, contact_id: int | None) -> Outcome | None:
    rest = one.kind.removeprefix(CUSTOM)
    is_own = one.kind.startswith(CUSTOM) and rest != "" and set(rest) <= SIGNS
    if one.kind not in KINDS and not is_own:
        words = _(
            "“%(kind)s” is not a kind that can be reported. Known are %(kinds)s, and any that begins with custom. "
            "and goes on with small letters, digits, dots and hyphens.",
            kind=one.kind,
            kinds=", ".join(KINDS),
        )
        return Outcome(outcome="refused", field="kind", message=words)
    if contact_id is None:
        field = "contact" if one.contact else "email"
        return Outcome(outcome="refused", field=field, message=_("There is no such contact, or it is in the trash."))
    if one.at is not None and one.at > clock.now() + _CLOCKS_DIFFER:
        return Outcome(outcome="refused", field="at", message=_("This moment is in the future."))
    if (one.value_minor is None) is not (one.currency is None):
        field = "currency" if one.currency is None else "value_minor"
        return Outcome(outcome="refused", field=field, message=_("An amount and its currency come together."))
    return None


def _fact(one: Reported, contact_id: int | None, actor: str) -> NewFact:
    return NewFact(
        kind=one.kind,
        contact_id=contact_id,
        channel="shop" if one.kind.partition(".")[0] in {"product", "cart", "order"} else "",
        actor=actor,
        at=min(one.at, clock.now()) if one.at else None,
        properties=one.properties,
        dedup_key=one.dedup_key,
        value_minor=one.value_minor,
        currency=one.currency,
        human="yes",
    )


def _contacts(session: Session, sent: Sequence[Reported]) -> tuple[dict[uuid.UUID, int], dict[str, int]]:
    ids = list({one.contact for one in sent if one.contact})
    keys = list({key for one in sent if not one.contact and (key := _key(one.email))})
    by_id: dict[uuid.UUID, int] = {}
    by_key: dict[str, int] = {}
    for start in range(0, len(ids), 500):
        query = select(Contact.public_id, Contact.id).where(Contact.public_id.in_(ids[start : start + 500]))
        by_id.update({row[0]: row[1] for row in session.execute(query.where(Contact.trashed_at.is_(None)))})
    for start in range(0, len(keys), 500):
        named = select(Contact.email_key, Contact.id).where(Contact.email_key.in_(keys[start : start + 500]))
        by_key.update({str(row[0]): row[1] for row in session.execute(named.where(Contact.trashed_at.is_(None)))})
    return by_id, by_key


def _key(address: str | None) -> str:
    if not address:
        return ""
    try:
        return email_key(address)
    except InvalidInput:
        return ""
