"""Every SELECT over segments, their members, and what their rules name."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, case, func, not_, select
from sqlalchemy.orm import Session

from lux.gate import consent
from lux.gate.consent import ConsentState
from lux.identity.models import Company
from lux.kit.db.session import company_of
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.ledger.models import Fact
from lux.rooms.contacts.models import Contact, CustomField, Tag
from lux.rooms.contacts.queries.conditions import matches
from lux.rooms.segments.models import BulkAction, Segment, SegmentMember

CHANNEL = "email"


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many contacts an audience has, and how many of them may be written to."""

    total: int
    mailable: int  # consent given, not suppressed
    suppressed: int  # of the others: on the list of those never written to
    without_address: int  # of the others: no e-mail address

    @property
    def not_mailable(self) -> int:
        """Return how many may not be written to."""
        return self.total - self.mailable

    @property
    def without_consent(self) -> int:
        """Return how many have an address that nobody suppressed, but gave no consent."""
        return self.not_mailable - self.suppressed - self.without_address


@dataclass(frozen=True, kw_only=True)
class Person:
    """One contact as shown in a sample or a list of members."""

    id: int
    public_id: uuid.UUID
    email: str | None
    name: str
    is_mailable: bool

    @property
    def label(self) -> str:
        """Return what people recognise them by."""
        return self.email or self.name or _("Contact without e-mail")


def segment(session: Session, company_id: int, public_id: uuid.UUID) -> Segment:
    """Return a segment, also one in the trash; raises NotFound."""
    found = session.scalar(select(Segment).where(Segment.company_id == company_id, Segment.public_id == public_id))
    if found is None:
        raise NotFound(_("There is no such segment."), fix=_("It may have been deleted."))
    return found


def segments(
    session: Session,
    company_id: int,
    *,
    text: str = "",
    is_trash: bool = False,
    is_dynamic: bool | None = None,
    after: str = "",
    limit: int | None = None,
) -> Sequence[Segment]:
    """Return segments by name; `text` = every word occurs in the name, `after` = those behind this name key."""
    query = select(Segment).where(Segment.company_id == company_id).order_by(Segment.name_key)
    query = query.where(Segment.trashed_at.is_not(None) if is_trash else Segment.trashed_at.is_(None))
    for word in text.casefold().split():
        query = query.where(Segment.name_key.contains(word, autoescape=True, escape="/"))
    if is_dynamic is not None:
        query = query.where(Segment.is_dynamic.is_(is_dynamic))
    if after:
        query = query.where(Segment.name_key > after)
    return session.scalars(query.limit(limit)).all()


def static_segments(session: Session, company_id: int) -> Sequence[Segment]:
    """Return the static segments that are not in the trash, by name."""
    query = select(Segment).where(
        Segment.company_id == company_id,
        Segment.trashed_at.is_(None),
        Segment.is_dynamic.is_(False),
    )
    return session.scalars(query.order_by(Segment.name_key)).all()


def segment_by_name(session: Session, company_id: int, name_key: str) -> Segment | None:
    """Return the segment of that name, also one in the trash."""
    return session.scalar(select(Segment).where(Segment.company_id == company_id, Segment.name_key == name_key))


def static_ids_of(session: Session, company_id: int, contact_id: int) -> set[int]:
    """Return the ids of the static segments a contact is on."""
    query = select(SegmentMember.segment_id).where(
        SegmentMember.company_id == company_id, SegmentMember.contact_id == contact_id
    )
    return set(session.scalars(query))


def size(session: Session, ids: Select[int]) -> Size:
    """Count an audience, given as SELECT of contact ids from `contact`.

    Addresses are joined, not asked for one by one: PostgreSQL would look each one up.
    """
    company_id = company_of(session)
    said = consent.addresses_that_said(company_id, CHANNEL, ConsentState.GIVEN).subquery("said")
    barred = consent.suppressed_addresses(company_id, CHANNEL).subquery("barred")
    yes, no = said.c.address_key.is_not(None), barred.c.address_key.is_not(None)
    query: Any = (
        ids.outerjoin(said, said.c.address_key == Contact.email_key)
        .outerjoin(barred, barred.c.address_key == Contact.email_key)
        .with_only_columns(
            func.count(),
            func.count(Contact.email_key),
            func.count(case((and_(yes, not_(no)), 1))),
            func.count(case((no, 1))),
        )
    )
    total, with_address, mailable, suppressed = session.execute(query).one()
    return Size(total=total, mailable=mailable, suppressed=suppressed, without_address=total - with_address)


def people(session: Session, ids: Select[int], *, limit: int, before: int | None = None) -> Sequence[Person]:
    """Return contacts of an audience, the latest first, older than the contact id `before`."""
    query: Any = ids.with_only_columns(
        Contact.id,
        Contact.public_id,
        Contact.email,
        Contact.first_name,
        Contact.last_name,
        consent.mailable(_company(), _address(), CHANNEL).label("is_mailable"),
        maintain_column_froms=True,
    )
    if before is not None:
        query = query.where(Contact.id < before)
    rows = session.execute(query.order_by(Contact.id.desc()).limit(limit))
    return [
        Person(
            id=row.id,
            public_id=row.public_id,
            email=row.email,
            name=f"{row.first_name} {row.last_name}".strip(),
            is_mailable=bool(row.is_mailable),
        )
        for row in rows
    ]


def recipients(ids: Select[int]) -> Select[Any]:
    """Return SELECT contact_id, address, address_key of those of an audience who have an e-mail address."""
    chosen: Any = ids.with_only_columns(
        Contact.id.label("contact_id"),
        Contact.email.label("address"),
        Contact.email_key.label("address_key"),
        maintain_column_froms=True,
    )
    found: Select[Any] = chosen.where(Contact.email_key.is_not(None))
    return found


def search(session: Session, company_id: int, text: str, limit: int) -> Sequence[Person]:
    """Return contacts with an address whose e-mail or name begins with the text; no text = the latest."""
    ids = select(Contact.id).where(
        Contact.company_id == company_id, Contact.trashed_at.is_(None), Contact.email_key.is_not(None)
    )
    matching = matches(company_id, text, "")
    return people(session, ids if matching is None else ids.where(matching), limit=limit)


def contact_public_id(session: Session, company_id: int, contact_id: int) -> uuid.UUID | None:
    """Return the public id of a contact."""
    return session.scalar(select(Contact.public_id).where(Contact.company_id == company_id, Contact.id == contact_id))


def contains(session: Session, ids: Select[int], contact_id: int) -> bool:
    """Say whether a contact belongs to an audience."""
    return session.scalar(ids.where(Contact.id == contact_id)) is not None


def contacts_by_public_id(session: Session, company_id: int, public_ids: Sequence[uuid.UUID]) -> Sequence[int]:
    """Return the ids of contacts that exist and are not in the trash."""
    query = select(Contact.id).where(
        Contact.company_id == company_id,
        Contact.public_id.in_(public_ids),
        Contact.trashed_at.is_(None),
    )
    return session.scalars(query).all()


def contacts_by_address(session: Session, company_id: int, keys: Sequence[str]) -> Mapping[str, int]:
    """Return address key → contact id of contacts that are not in the trash."""
    found: dict[str, int] = {}
    for start in range(0, len(keys), 500):
        query = select(Contact.email_key, Contact.id).where(
            Contact.company_id == company_id,
            Contact.email_key.in_(keys[start : start + 500]),
            Contact.trashed_at.is_(None),
        )
        found.update({str(row[0]): row[1] for row in session.execute(query)})
    return found


def present_members(session: Session, company_id: int, segment_id: int, contact_ids: Sequence[int]) -> set[int]:
    """Return which of these contacts are on a static segment."""
    found: set[int] = set()
    for start in range(0, len(contact_ids), 500):
        query = select(SegmentMember.contact_id).where(
            SegmentMember.company_id == company_id,
            SegmentMember.segment_id == segment_id,
            SegmentMember.contact_id.in_(contact_ids[start : start + 500]),
        )
        found.update(session.scalars(query))
    return found


def zone(session: Session, company_id: int) -> str:
    """Return the company's time zone."""
    return session.scalar(select(Company.timezone).where(Company.id == company_id)) or "UTC"


def tags(session: Session, company_id: int) -> Sequence[tuple[uuid.UUID, str]]:
    """Return all tags by name."""
    query = select(Tag.public_id, Tag.name).where(Tag.company_id == company_id)
    return [(row[0], row[1]) for row in session.execute(query.order_by(Tag.name_key))]


def custom_fields(session: Session, company_id: int) -> Sequence[CustomField]:
    """Return all custom fields by label."""
    query = select(CustomField).where(CustomField.company_id == company_id)
    return session.scalars(query.order_by(CustomField.label, CustomField.key)).all()


def languages(session: Session, company_id: int) -> Sequence[str]:
    """Return the languages contacts have."""
    query = select(Contact.language).where(Contact.company_id == company_id, Contact.language != "")
    return session.scalars(query.distinct().order_by(Contact.language).limit(200)).all()


def bulk_action(session: Session, public_id: uuid.UUID) -> BulkAction:
    """Return what was done to many contacts; raises NotFound."""
    found = session.scalar(select(BulkAction).where(BulkAction.public_id == public_id))
    if found is None:
        raise NotFound(_("There is no such change."))
    return found


def bulk_actions(session: Session, limit: int = 50) -> Sequence[BulkAction]:
    """Return the latest of them."""
    return session.scalars(select(BulkAction).order_by(BulkAction.id.desc()).limit(limit)).all()


def order_currencies(session: Session) -> Sequence[str]:
    """Return the currencies of the latest orders."""
    latest = (
        select(Fact.currency)
        .where(Fact.company_id == company_of(session), Fact.kind == "order.paid", Fact.currency.is_not(None))
        .order_by(Fact.at.desc())
        .limit(1_000)
        .subquery()
    )
    return [str(code) for code in session.scalars(select(latest.c.currency).distinct().order_by(latest.c.currency))]


def own_events(session: Session) -> Sequence[str]:
    """Return the company's own kinds of facts."""
    query = select(Fact.kind).where(
        Fact.company_id == company_of(session), Fact.kind >= "custom.", Fact.kind < "custom/"
    )
    return session.scalars(query.distinct().order_by(Fact.kind).limit(100)).all()


def _company() -> Any:  # noqa: ANN401 - a mapped column
    return Contact.company_id


def _address() -> Any:  # noqa: ANN401 - a mapped column
    return Contact.email_key
