"""Small made-up worlds: contacts with everything a rule can ask for, as values and as rows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from sqlalchemy import insert
from sqlalchemy.orm import Session

from lux.gate import consent
from lux.gate.consent import ConsentEntry, ConsentState, SuppressionReason
from lux.kit.addresses import email_key
from lux.kit.db import uuid7
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.rooms.contacts.models import Contact, ContactTag, CustomField, FieldType, Lifecycle, Tag
from lux.rooms.email.models import Campaign
from lux.rooms.segments.models import Segment, SegmentMember

# Letters whose cases differ outside ASCII, the signs LIKE knows, quotes, and near misses.
WORDS = (
    "",
    "Berlin",
    "BERLIN",
    "berlin ost",
    "Äpfel",
    "äPFEL",
    "100%",
    "100",
    "a_b",
    "axb",
    "o'Hara",
    'say "hi"',
    "/x/",
    "\\",
)
COUNTRIES = ("", "DE", "AT", "FR")
LANGUAGES = ("", "de", "en")
NUMBERS = (-3, 0, 0.1, 0.5, 2, 2.5, 500, 1e12)
DAYS = (dt.date(1999, 12, 31), *(dt.date(2026, 3, 27) + dt.timedelta(days=n) for n in range(6)))
HOURS = (0, 1, 2, 5, 23, 24, 25, 26, 47, 48, 49, 71, 72, 73, 200)  # before now
TAGS = ("VIP", "Trade fair", "Cold")
LISTS = ("Friends", "Press")
CAMPAIGNS = ("Spring", "Summer")
FIELDS = {
    "note": FieldType.TEXT,
    "ltv": FieldType.NUMBER,
    "birthday": FieldType.DATE,
    "member": FieldType.BOOLEAN,
    "size": FieldType.CHOICE,
}
CHOICES = ("S", "M", "L")
EVENTS = ("sent", "opened", "clicked")
SHOP = ("order.placed", "order.paid", "order.refunded", "page.viewed", "custom.lesson")
CURRENCIES = ("EUR", "USD", "JPY")
AMOUNTS = (0, 100, 1000, 1050, 9999)  # minor units
PROPERTIES: tuple[dict[str, Any], ...] = (
    {}, {"path": "/Preise"}, {"path": 7}, {"products": ["A-1", "b"]}, {"products": "A-1"}, {"seats": 2},
    {"seats": True}, {"seats": "2"}, {"is_new": True}, {"is_new": False}, {"products": []},
)  # fmt: skip
SCORES = (-1, 0, 10, 12.5)
HUMAN = ("yes", "machine", "unknown")


@dataclass(frozen=True, kw_only=True)
class Happened:
    event: str
    hours_ago: int
    human: str
    campaign: int | None


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that is no mail."""

    kind: str
    hours_ago: int
    value_minor: int | None = None
    currency: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Said:
    """What somebody said last about a channel."""

    state: ConsentState
    hours_ago: int
    source: str


@dataclass(frozen=True, kw_only=True)
class Someone:
    """One contact and everything around it."""

    email: str | None
    phone: str | None
    first_name: str
    last_name: str
    organisation: str
    website: str
    street: str
    timezone: str
    postal_code: str
    city: str
    region: str
    source: str
    country: str
    language: str
    lifecycle: Lifecycle
    attrs: dict[str, Any]
    created_hours_ago: int
    active_hours_ago: int | None
    is_trashed: bool
    tags: frozenset[int]
    lists: frozenset[int]
    consent: ConsentState | None
    is_suppressed: bool
    happened: tuple[Happened, ...]
    said: dict[str, Said] = field(default_factory=dict)  # by channel, e-mail's besides `consent`
    facts: tuple[Fact, ...] = ()


@dataclass(kw_only=True)
class World:
    """A company's people; after `store` also what they are called in the database."""

    now: dt.datetime
    zone: str
    people: list[Someone]
    contact_ids: list[int] = field(default_factory=list)
    tags: list[UUID] = field(default_factory=list)
    lists: list[UUID] = field(default_factory=list)
    campaigns: list[UUID] = field(default_factory=list)
    nested: dict[UUID, dict[str, Any]] = field(default_factory=dict)  # segments by rule, in JSON form

    def ago(self, hours: int) -> dt.datetime:
        return self.now - dt.timedelta(hours=hours)


@st.composite
def someones(draw: st.DrawFn, number: int) -> Someone:
    word = st.sampled_from(WORDS)
    local = draw(st.sampled_from(["ada", "Ada.B", "käthe", "x_y", "100"]))
    domain = draw(st.sampled_from(["Example.com", "example.com", "bücher.example"]))
    value: dict[str, st.SearchStrategy[Any]] = {
        "note": word,
        "ltv": st.sampled_from(NUMBERS),
        "birthday": st.sampled_from(DAYS).map(dt.date.isoformat),
        "member": st.booleans(),
        "size": st.sampled_from(CHOICES),
    }
    # A value of another type than the field's is left from an earlier life of the field: it counts as empty.
    wrong = st.sampled_from([None, True, 7, "not a number", ["x"], {"a": 1}])
    attrs: dict[str, Any] = {}
    for key, good in value.items():
        kind = draw(st.integers(0, 9))
        if kind <= 6:
            attrs[key] = draw(good)
        elif kind == 7:
            attrs[key] = draw(wrong)
    return Someone(
        email=f"{local}+{number}@{domain}" if draw(st.integers(0, 4)) else None,
        phone=f"+4917{number}" if draw(st.booleans()) else None,
        first_name=draw(word),
        last_name=draw(word),
        organisation=draw(word),
        website=draw(word),
        street=draw(word),
        timezone=draw(word),
        postal_code=draw(word),
        city=draw(word),
        region=draw(word),
        source=draw(word),
        country=draw(st.sampled_from(COUNTRIES)),
        language=draw(st.sampled_from(LANGUAGES)),
        lifecycle=draw(st.sampled_from(list(Lifecycle))),
        attrs=attrs,
        created_hours_ago=draw(st.sampled_from(HOURS)),
        active_hours_ago=draw(st.none() | st.sampled_from(HOURS)),
        is_trashed=draw(st.integers(0, 9)) == 0,
        tags=draw(st.frozensets(st.integers(0, len(TAGS) - 1))),
        lists=draw(st.frozensets(st.integers(0, len(LISTS) - 1))),
        consent=draw(st.none() | st.sampled_from(list(ConsentState))),
        is_suppressed=draw(st.integers(0, 3)) == 0,
        happened=tuple(draw(st.lists(happenings(), max_size=4))),
        said=draw(st.dictionaries(st.sampled_from(["email", "sms", "social"]), sayings(), max_size=3)),
        facts=tuple(draw(st.lists(facts_of_shop() | changes_of_score(), max_size=5))),
    )


def sayings() -> st.SearchStrategy[Said]:
    return st.builds(
        Said,
        state=st.sampled_from(list(ConsentState)),
        hours_ago=st.sampled_from(HOURS),
        source=st.sampled_from(["", "Shop", "form"]),
    )


def facts_of_shop() -> st.SearchStrategy[Fact]:
    return st.builds(
        Fact,
        kind=st.sampled_from(SHOP),
        hours_ago=st.sampled_from(HOURS),
        value_minor=st.none() | st.sampled_from(AMOUNTS),
        currency=st.none() | st.sampled_from(CURRENCIES),
        properties=st.sampled_from(PROPERTIES),
    )


def changes_of_score() -> st.SearchStrategy[Fact]:
    value = st.sampled_from([*SCORES, "ten", None])
    score = st.sampled_from(["lead", "lead", "engagement", "other"])
    return st.builds(
        Fact,
        kind=st.just("score.changed"),
        hours_ago=st.sampled_from(HOURS),
        properties=st.fixed_dictionaries({"score": score, "value": value}),
    )


def happenings() -> st.SearchStrategy[Happened]:
    return st.builds(
        Happened,
        event=st.sampled_from(EVENTS),
        hours_ago=st.sampled_from(HOURS),
        human=st.sampled_from(HUMAN),
        campaign=st.none() | st.integers(0, len(CAMPAIGNS) - 1),
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    people = [draw(someones(number)) for number in range(draw(st.integers(1, 8)))]
    now = draw(
        st.sampled_from(
            [
                dt.datetime(2026, 3, 29, 0, 30, tzinfo=dt.UTC),  # Berlin's clocks go forward half an hour later
                dt.datetime(2026, 3, 30, 12, 0, tzinfo=dt.UTC),
                dt.datetime(2026, 10, 25, 1, 30, tzinfo=dt.UTC),  # and have just gone back
                dt.datetime(2026, 4, 1, 0, 0, tzinfo=dt.UTC),  # whole days ago are midnights: ends of days are exact
                dt.datetime(2026, 9, 6, 12, 0, tzinfo=dt.UTC),  # Santiago has no midnight on this day
            ]
        )
    )
    zone = draw(st.sampled_from(["UTC", "Europe/Berlin", "America/Santiago", "Pacific/Kiritimati"]))
    return World(now=now, zone=zone, people=people)


def store(session: Session, company_id: int, world: World) -> None:
    """Write a world down; its ids are then known."""
    for key, kind in FIELDS.items():
        choices = list(CHOICES) if kind is FieldType.CHOICE else []
        session.add(CustomField(company_id=company_id, key=key, label=key.title(), type=kind, choices=choices))
    tags = [Tag(company_id=company_id, name=name, name_key=name.casefold()) for name in TAGS]
    lists = [Segment(company_id=company_id, name=name, name_key=name.casefold(), is_dynamic=False) for name in LISTS]
    campaigns = [Campaign(company_id=company_id, name=name) for name in CAMPAIGNS]
    contacts = [_contact(company_id, world, someone) for someone in world.people]
    session.add_all([*tags, *lists, *campaigns, *contacts])
    session.flush()
    world.tags, world.lists = [t.public_id for t in tags], [s.public_id for s in lists]
    world.campaigns, world.contact_ids = [c.public_id for c in campaigns], [c.id for c in contacts]
    for contact, someone in zip(contacts, world.people, strict=True):
        for number in someone.tags:
            session.execute(
                insert(ContactTag).values(
                    company_id=company_id, tag_id=tags[number].id, contact_id=contact.id, added_at=world.now
                )
            )
        for number in someone.lists:
            session.execute(
                insert(SegmentMember).values(
                    company_id=company_id, segment_id=lists[number].id, contact_id=contact.id, added_at=world.now
                )
            )
        _say(session, world, contact, someone)
        _happen(session, world, contact.id, someone, [c.id for c in campaigns])


def _contact(company_id: int, world: World, someone: Someone) -> Contact:
    plain = ("phone", "first_name", "last_name", "organisation", "website", "street", "timezone", "postal_code",
             "city", "region", "source", "country", "language", "lifecycle", "attrs", "email")  # fmt: skip
    return Contact(
        company_id=company_id,
        public_id=uuid7(),
        email_key=email_key(someone.email) if someone.email else None,
        created_at=world.ago(someone.created_hours_ago),
        last_activity_at=None if someone.active_hours_ago is None else world.ago(someone.active_hours_ago),
        trashed_at=world.now if someone.is_trashed else None,
        **{name: getattr(someone, name) for name in plain},
    )


def _say(session: Session, world: World, contact: Contact, someone: Someone) -> None:
    keys = {"email": contact.email_key, "sms": contact.phone, "social": f"social:{contact.id}"}
    for channel, said in someone.said.items():
        if (key := keys[channel]) is not None and not (channel == "email" and someone.consent):
            entry = ConsentEntry(channel=channel, address_key=key, contact_id=contact.id, state=said.state,
                                 source=said.source, at=world.ago(said.hours_ago))  # fmt: skip
            consent.record(session, entry)
    if contact.email_key is None:
        return
    if someone.consent is not None:
        entry = ConsentEntry(channel="email", address_key=contact.email_key, state=someone.consent)
        consent.record(session, entry)
    if someone.is_suppressed:
        consent.suppress(session, channel="email", address_key=contact.email_key, reason=SuppressionReason.MANUAL)


def _happen(session: Session, world: World, contact_id: int, someone: Someone, campaigns: list[int]) -> None:
    facts.record_many(
        session,
        [
            NewFact(
                kind=f"email.{item.event}",
                contact_id=contact_id,
                subject=None if item.campaign is None else ("campaign", campaigns[item.campaign]),
                channel="email",
                at=world.ago(item.hours_ago),
                human=item.human,
            )
            for item in someone.happened
        ]
        + [
            NewFact(
                kind=item.kind,
                contact_id=contact_id,
                at=world.ago(item.hours_ago),
                value_minor=item.value_minor,
                currency=item.currency,
                properties=item.properties,
            )
            for item in someone.facts
        ],
    )
