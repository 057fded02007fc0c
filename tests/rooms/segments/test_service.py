"""Segments as other rooms use them: audiences for the gate, broken rules, membership, erasure, search."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from lux.gate import audience as gate_audience
from lux.kit.errors import BrokenRule, InvalidInput, WrongState
from lux.ledger import corrections, facts
from lux.ledger.facts import NewFact
from lux.ledger.models import Fact
from lux.ports.acts import AudienceRef
from lux.rooms.contacts.models import Contact, CustomField, FieldType, Tag
from lux.rooms.email.models import Campaign
from lux.rooms.segments import catalogue, queries, service
from lux.rooms.segments.contributions import CONTRIBUTIONS
from lux.rooms.segments.describe import describe
from lux.rooms.segments.rules import parse_rule
from lux.rooms.segments.service import Draft
from tests.factories import Firm, Installation


@pytest.fixture
def firm(lux: Installation) -> Firm:
    return lux.firm()


def rule(*conditions: Any, match: str = "all") -> Any:
    return parse_rule({"root": {"kind": "group", "match": match, "rules": list(conditions)}})


CITY = {"kind": "field", "field": "city", "test": {"type": "text", "op": "is", "value": "Berlin"}}


def created(session: Any, firm: Firm, name: str, made: Any = None) -> Any:
    return service.create(session, firm.id, Draft(name=name, rule=made), author=firm.person)


def ref(segment: Any) -> AudienceRef:
    return AudienceRef(source="segment", key=str(segment.public_id), label=segment.name, rule=segment.rule)


def test_the_gate_gets_everybody_with_an_address(lux: Installation, firm: Firm):
    ids = lux.contacts(firm, 3)
    with lux.db.begin(firm.id) as session:
        session.get_one(Contact, ids[0]).trashed_at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        session.add(Contact(phone="+4930123456"))
        session.flush()
        everyone = AudienceRef(source="everyone", key="", label="Everyone")
        rows = session.execute(gate_audience.members(session, everyone)).all()
    assert {row.contact_id for row in rows} == set(ids[1:])
    assert all(row.address and row.address_key for row in rows)


def test_the_gate_gets_a_segment_and_its_merge_data(lux: Installation, firm: Firm):
    inside = lux.contacts(firm, 2, city="Berlin")
    lux.contacts(firm, 1, city="Hamburg")
    with lux.db.begin(firm.id) as session:
        found = ref(created(session, firm, "Berliners", rule(CITY)))
        assert set(gate_audience.contact_ids(session, found)) == set(inside)
        source = gate_audience.source_of(found)
        data = source.merge_data(session, firm.id, inside, frozenset({"city"}))
        assert {row["city"] for row in data.values()} == {"Berlin"}


def test_a_rule_changed_after_submission_is_noticed(lux: Installation, firm: Firm):
    with lux.db.begin(firm.id) as session:
        segment = created(session, firm, "Berliners", rule(CITY))
        found = ref(segment)
        found = replace(found, rule=dict(found.rule))
        other = rule({**CITY, "test": {**CITY["test"], "value": "Hamburg"}})
        service.change(session, segment, Draft(name="Berliners", rule=other), version=segment.version)
        with pytest.raises(BrokenRule, match="changed after"):
            gate_audience.members(session, found)


@pytest.mark.parametrize("what", ["trashed", "unknown", "no id"])
def test_a_segment_that_is_gone_is_broken_and_never_empty(lux: Installation, firm: Firm, what: str):
    with lux.db.begin(firm.id) as session:
        segment = created(session, firm, "Berliners", rule(CITY))
        found = ref(segment)
        if what == "trashed":
            service.trash(session, segment)
        key = {"trashed": found.key, "unknown": str(uuid.uuid4()), "no id": "x"}[what]
        with pytest.raises(BrokenRule):
            gate_audience.members(session, replace(found, key=key))


def test_another_companys_segment_is_no_audience(lux: Installation, firm: Firm):
    other = lux.firm()
    with lux.db.begin(other.id) as session:
        found = ref(created(session, other, "Berliners", rule(CITY)))
    with lux.db.begin(firm.id) as session, pytest.raises(BrokenRule):
        gate_audience.members(session, found)


def break_tag(session: Any, firm: Firm) -> tuple[dict[str, Any], Any]:
    made = Tag(name="Fair", name_key="fair")
    session.add(made)
    session.flush()
    return {"kind": "tag", "op": "has_not", "tag": str(made.public_id)}, lambda: session.delete(made)


def break_field(session: Any, firm: Firm) -> tuple[dict[str, Any], Any]:
    made = CustomField(key="fair", label="Fair", type=FieldType.TEXT)
    session.add(made)
    session.flush()
    test = {"type": "text", "op": "is_not", "value": "x"}
    return {"kind": "custom", "key": "fair", "test": test}, lambda: session.delete(made)


def break_field_type(session: Any, firm: Firm) -> tuple[dict[str, Any], Any]:
    condition, _delete = break_field(session, firm)
    field = session.scalar(select(CustomField))
    return condition, lambda: setattr(field, "type", FieldType.NUMBER)


def break_list(session: Any, firm: Firm) -> tuple[dict[str, Any], Any]:
    made = created(session, firm, "Fair")
    condition = {"kind": "segment", "op": "not_in", "segment": str(made.public_id)}
    return condition, lambda: service.trash(session, made)


def break_campaign(session: Any, firm: Firm) -> tuple[dict[str, Any], Any]:
    made = Campaign(name="Fair")
    session.add(made)
    session.flush()
    condition = {"kind": "email_activity", "op": "did_not", "event": "opened", "campaign": str(made.public_id)}
    return condition, lambda: session.delete(made)


@pytest.mark.parametrize("breaking", [break_tag, break_field, break_field_type, break_list, break_campaign])
def test_what_a_rule_names_and_is_gone_breaks_it_by_name(lux: Installation, firm: Firm, breaking: Any):
    with lux.db.begin(firm.id) as session:
        condition, delete = breaking(session, firm)
        segment = created(session, firm, "Named", rule(CITY, condition, match="any"))
        ids = service.select_segment(session, segment)
        assert session.scalars(ids).all() == []
        delete()
        session.flush()
        with pytest.raises(BrokenRule, match="“Fair”"):
            service.select_segment(session, segment)
        assert [gap.name for gap in service.gaps(session, segment)] == ["Fair"]
        with pytest.raises(BrokenRule):
            gate_audience.members(session, ref(segment))
        with pytest.raises(InvalidInput, match="“Fair”"):
            service.change(session, segment, Draft(name="Named", rule=service.rule_of(segment)), version=1)
        standing = next(one for one in service.memberships(session, firm.id, 1) if one.segment is segment)
        assert standing.is_member is None


def test_only_lists_are_kept_by_hand(lux: Installation, firm: Firm):
    ids = lux.contacts(firm, 2)
    with lux.db.begin(firm.id) as session:
        dynamic = created(session, firm, "Rule", rule(CITY))
        with pytest.raises(WrongState):
            service.add_contacts(session, dynamic, ids)
        members = created(session, firm, "Friends")
        assert service.add_contacts(session, members, ids) == 2
        assert service.add_contacts(session, members, ids) == 0
        assert service.remove_contacts(session, members, ids[:1]) == 1
        kinds = session.scalars(select(Fact.kind).where(Fact.subject_type == "segment").order_by(Fact.id)).all()
        assert kinds == ["segment.entered", "segment.entered", "segment.left"]


def test_nobody_of_another_company_gets_onto_a_list(lux: Installation, firm: Firm):
    other = lux.firm()
    theirs = lux.contacts(other, 1, email="ada@example.com")
    with lux.db.read(other.id) as session:
        public_id = session.get_one(Contact, theirs[0]).public_id
    with lux.db.begin(firm.id) as session:
        members = created(session, firm, "Friends")
        assert service.add_selected(session, members, [public_id]) == 0
        assert service.add_pasted(session, members, "ada@example.com").unknown == ["ada@example.com"]


def test_an_erased_person_is_on_no_list(lux: Installation, firm: Firm):
    contact = lux.contacts(firm, 1)[0]
    with lux.db.begin(firm.id) as session:
        members = created(session, firm, "Friends")
        service.add_contacts(session, members, [contact])
        (eraser,) = CONTRIBUTIONS.erasers
        assert eraser.erase(session, firm.id, contact, None) == 1
        assert queries.static_ids_of(session, firm.id, contact) == set()


def test_a_contact_sees_its_segments(lux: Installation, firm: Firm):
    berliner = lux.contacts(firm, 1, city="Berlin")[0]
    with lux.db.begin(firm.id) as session:
        created(session, firm, "Berliners", rule(CITY))
        friends = created(session, firm, "Friends")
        shown = service.panel_of(session, firm.id, berliner)
        assert [one.segment.name for one in shown["inside"]] == ["Berliners"]
        assert shown["lists"] == [(str(friends.public_id), "Friends")]


def test_size_says_why_people_are_not_mailable(lux: Installation, firm: Firm):
    from lux.gate import consent
    from lux.gate.consent import SuppressionReason

    lux.contacts(firm, 2, city="Berlin")
    lux.contacts(firm, 1, city="Berlin", with_consent=False)
    lux.contacts(firm, 1, city="Berlin", email="gone@example.com")
    with lux.db.begin(firm.id) as session:
        session.add(Contact(city="Berlin", phone="+4930123456"))
        consent.suppress(session, channel="email", address_key="gone@example.com", reason=SuppressionReason.BOUNCED)
        segment = created(session, firm, "Berliners", rule(CITY))
        size = queries.size(session, service.select_segment(session, segment))
    assert (size.total, size.mailable, size.suppressed, size.without_address, size.without_consent) == (5, 2, 1, 1, 1)


def test_days_are_those_of_the_companys_zone(lux: Installation, firm: Firm):
    with time_machine.travel(dt.datetime(2026, 3, 1, 22, 30, tzinfo=dt.UTC), tick=False):  # 23:30 in Berlin
        contact = lux.contacts(firm, 1)[0]
    today = rule({"kind": "field", "field": "created_at", "test": {"type": "moment", "op": "in_last", "days": 0}})
    late, after = dt.datetime(2026, 3, 1, 22, 59, tzinfo=dt.UTC), dt.datetime(2026, 3, 1, 23, 1, tzinfo=dt.UTC)
    with lux.db.read(firm.id) as session:
        with time_machine.travel(late, tick=False):
            assert session.scalars(service.select_rule(session, firm.id, today)).all() == [contact]
        with time_machine.travel(after, tick=False):
            assert session.scalars(service.select_rule(session, firm.id, today)).all() == []


def test_an_open_that_was_later_found_to_be_a_machines_no_longer_counts(lux: Installation, firm: Firm):
    person, scanner = lux.contacts(firm, 2)
    opened = rule({"kind": "email_activity", "op": "did", "event": "opened", "days": 30})
    not_opened = rule({"kind": "email_activity", "op": "did_not", "event": "opened", "days": 30})
    with lux.db.begin(firm.id) as session:
        for contact in (person, scanner):
            facts.record(session, NewFact(kind="email.opened", contact_id=contact, channel="email", human="yes"))
        assert set(session.scalars(service.select_rule(session, firm.id, opened))) == {person, scanner}
        late = session.scalars(select(Fact.id).where(Fact.kind == "email.opened", Fact.contact_id == scanner)).all()
        corrections.judge_anew(session, late, rule="trap")
        assert session.scalars(service.select_rule(session, firm.id, opened)).all() == [person]
        assert session.scalars(service.select_rule(session, firm.id, not_opened)).all() == [scanner]


def test_a_rule_is_said_in_words(lux: Installation, firm: Firm):
    opened = {"kind": "email_activity", "op": "did_not", "event": "opened", "days": 30}
    ltv = {"kind": "custom", "key": "ltv", "test": {"type": "number", "op": "at_least", "value": 1234.5}}
    with lux.db.begin(firm.id) as session:
        session.add(CustomField(key="ltv", label="Lifetime value", type=FieldType.NUMBER))
        session.flush()
        said = describe(rule(CITY, opened, ltv, match="none"), catalogue.load(session, firm.id))
    assert said.text == "None of these is true"
    assert [one.text for one in said.inside] == [
        "City is “Berlin”",
        "Not: Opened any campaign in the last 30 days",
        "Lifetime value ≥ 1,234.5",
    ]


def test_segments_and_merge_fields_are_found(lux: Installation, firm: Firm):
    lux.contacts(firm, 1, email="grace@example.com", first_name="Grace")
    with lux.db.begin(firm.id) as session, lux.app.test_request_context():
        created(session, firm, "Spring fair visitors")
        (search,) = CONTRIBUTIONS.search
        assert [hit.label for hit in search.search(session, firm.id, "fair spr", 5)] == ["Spring fair visitors"]
        (merge,) = CONTRIBUTIONS.merge_sources
        ((public_id, label),) = merge.find(session, firm.id, "gra", 5)
        assert label == "grace@example.com"
        assert merge.values(session, firm.id, public_id, frozenset({"first_name"})) == {"first_name": "Grace"}
        assert merge.values(session, firm.id, uuid.uuid4(), frozenset({"first_name"})) is None
        assert "first_name" in {field.name for field in merge.fields(session, firm.id)}
