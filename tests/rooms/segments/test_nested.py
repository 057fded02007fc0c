"""Segments that ask for segments: never a circle, never silently wrong, and frozen as a whole."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from lux.identity.access import Person
from lux.kit.db import Database
from lux.kit.errors import BrokenRule, InvalidInput
from lux.ports.acts import AudienceRef
from lux.rooms.contacts.models import Contact
from lux.rooms.segments import references, service
from lux.rooms.segments.contributions import SegmentAudience
from lux.rooms.segments.models import Segment
from lux.rooms.segments.rules import Rule, parse_rule


def city(name: str) -> dict[str, Any]:
    return {"kind": "field", "field": "city", "test": {"type": "text", "op": "is", "value": name}}


def asks(segment: Segment, op: str = "in") -> dict[str, Any]:
    return {"kind": "segment", "op": op, "segment": str(segment.public_id)}


def rule(*rules: dict[str, Any]) -> Rule:
    return parse_rule({"root": {"kind": "group", "match": "all", "rules": list(rules)}})


def make(session: Session, company: int, author: Person, name: str, *rules: dict[str, Any]) -> Segment:
    return service.create(session, company, service.Draft(name=name, rule=rule(*rules)), author=author)


def change(session: Session, segment: Segment, *rules: dict[str, Any]) -> None:
    draft = service.Draft(name=segment.name, rule=rule(*rules))
    service.change(session, segment, draft, version=segment.version)


def names(session: Session, segment: Segment) -> set[str]:
    ids = service.select_segment(session, segment)
    return {row.first_name for row in session.query(Contact).where(Contact.id.in_(ids))}


def test_a_segment_is_asked_for_as_it_is_now(db: Database, company: int, author: Person):
    with db.begin(company) as session:
        session.add_all([Contact(first_name="Ada", city="Berlin"), Contact(first_name="Bo", city="Bonn")])
        inner = make(session, company, author, "Inner", city("Berlin"))
        outer = make(session, company, author, "Outer", asks(inner))
        others = make(session, company, author, "Others", asks(outer, "not_in"))
        assert (names(session, outer), names(session, others)) == ({"Ada"}, {"Bo"})
        change(session, inner, city("Bonn"))
        assert (names(session, outer), names(session, others)) == ({"Bo"}, {"Ada"})


def test_a_circle_is_refused_with_the_way_it_takes(db: Database, company: int, author: Person):
    with db.begin(company) as session:
        a = make(session, company, author, "A", city("Berlin"))
        b = make(session, company, author, "B", asks(a))
        c = make(session, company, author, "C", asks(b, "not_in"))
        with pytest.raises(InvalidInput, match="A → C → B → A"):
            change(session, a, city("Berlin"), asks(c))
        with pytest.raises(InvalidInput, match="A → A"):
            change(session, a, asks(a))


def test_a_circle_that_two_people_made_at_once_is_broken_and_matches_nobody(db: Database, company: int, author: Person):
    with db.begin(company) as session:
        a = make(session, company, author, "A", city("Berlin"))
        b = make(session, company, author, "B", asks(a))
        a.rule = rule(asks(b)).stored()
        session.flush()
        with pytest.raises(BrokenRule, match="circle"):
            service.select_segment(session, b)
        assert [gap.kind for gap in service.gaps(session, a)] == ["cycle"]
        assert service.frozen_rule(session, a) == a.rule, "and nothing runs in circles"


def test_segments_stand_only_so_deep_and_so_large(db: Database, company: int, author: Person):
    with db.begin(company) as session:
        last = make(session, company, author, "S0", city("Berlin"))
        for number in range(references.MAX_NESTING):
            last = make(session, company, author, f"S{number + 1}", asks(last))
        with pytest.raises(InvalidInput, match="5 deep"):
            make(session, company, author, "Too deep", asks(last))
        wide = make(session, company, author, "Wide", *[city(str(n)) for n in range(49)])
        with pytest.raises(InvalidInput, match="more than 300 conditions"):
            make(session, company, author, "Too large", *[asks(wide)] * 7)


def test_what_is_broken_inside_breaks_what_asks_for_it(db: Database, company: int, author: Person):
    with db.begin(company) as session:
        inner = make(session, company, author, "Inner", city("Berlin"))
        middle = make(session, company, author, "Middle", asks(inner))
        outer = make(session, company, author, "Outer", asks(middle, "not_in"))
        service.trash(session, inner)
        with pytest.raises(BrokenRule, match=r"“Middle” is broken: The segment “Inner” was deleted"):
            service.select_segment(session, outer)
        service.restore(session, inner)
        assert service.gaps(session, outer) == []


def test_what_was_approved_holds_the_rules_it_asked_for(db: Database, company: int, author: Person):
    with db.begin(company) as session:
        inner = make(session, company, author, "Inner", city("Berlin"))
        outer = make(session, company, author, "Outer", asks(inner, "not_in"))
        frozen = service.frozen_rule(session, outer)
        assert frozen["root"]["rules"][0]["match"] == "none"
        assert frozen["root"]["rules"][0]["rules"][0]["rules"][0]["test"]["value"] == "Berlin"
        ref = AudienceRef(source="segment", key=str(outer.public_id), label="Outer", rule=frozen)
        SegmentAudience().select(session, company, ref)
        change(session, inner, city("Bonn"))
        with pytest.raises(BrokenRule, match="changed after this was submitted"):
            SegmentAudience().select(session, company, ref)


def test_another_companys_segment_can_not_be_asked_for(db: Database, company: int, author: Person):
    from tests.rooms.segments.conftest import make_company, person

    theirs = make_company(db)
    with db.begin(theirs) as session:
        foreign = make(session, theirs, person(theirs), "Theirs", city("Berlin"))
    with db.begin(company) as session, pytest.raises(InvalidInput, match="was deleted"):
        make(session, company, author, "Mine", asks(foreign))
