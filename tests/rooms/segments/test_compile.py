"""The SQL of a rule matches exactly those whom a slow, plain evaluator matches."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import time_machine
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Session

from lux.kit.db import Database
from lux.rooms.contacts.models import Contact
from lux.rooms.segments import compile as sql
from lux.rooms.segments import references, service
from lux.rooms.segments.comparisons import Days
from lux.rooms.segments.models import Segment
from lux.rooms.segments.rules import MAX_CONDITIONS, parse_rule
from lux.rooms.segments.subjects import FIELDS, SubjectType
from tests.rooms.segments import reference, world
from tests.rooms.segments.conftest import make_company

TEXTS = [word for word in world.WORDS if word] + ["er", "0", "_", "%", "Ö", "ada", "example", "käthe+0@bücher.example",
         "ADA+0@EXAMPLE.COM", "no address"]  # fmt: skip
TEXT_OPS = ("is", "is_not", "contains", "does_not_contain", "starts_with", "ends_with")
EMPTY_OPS = ("is_empty", "is_set")
DAYS = st.sampled_from([*world.DAYS, dt.date(2026, 9, 6), dt.date(2026, 10, 25), dt.date(2026, 10, 24)])
REACH = st.sampled_from([0, 1, 2, 3, 30])


def empty_or(others: st.SearchStrategy[dict[str, Any]], kind: str) -> st.SearchStrategy[dict[str, Any]]:
    return others | st.fixed_dictionaries({"type": st.just(kind), "op": st.sampled_from(EMPTY_OPS)})


def text_tests() -> st.SearchStrategy[dict[str, Any]]:
    plain = {"type": st.just("text"), "op": st.sampled_from(TEXT_OPS), "value": st.sampled_from(TEXTS)}
    return empty_or(st.fixed_dictionaries(plain), "text")


def choice_tests(values: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    chosen = st.lists(st.sampled_from([v for v in values if v]), min_size=1, max_size=3, unique=True)
    op = st.sampled_from(["is_any_of", "is_none_of"])
    return empty_or(st.fixed_dictionaries({"type": st.just("choice"), "op": op, "values": chosen}), "choice")


def number_tests() -> st.SearchStrategy[dict[str, Any]]:
    number = st.sampled_from(world.NUMBERS)
    ops = ("equals", "not_equals", "greater", "at_least", "less", "at_most")
    one = st.fixed_dictionaries({"type": st.just("number"), "op": st.sampled_from(ops), "value": number})
    two = st.tuples(number, number).map(
        lambda ends: {"type": "number", "op": "between", "value": min(ends), "upper": max(ends)}
    )
    return empty_or(one | two, "number")


def date_tests(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    day = DAYS.map(dt.date.isoformat)
    one = st.fixed_dictionaries({"type": st.just(kind), "op": st.sampled_from(["on", "before", "after"]), "day": day})
    two = st.tuples(day, day).map(lambda ends: {"type": kind, "op": "between", "day": min(ends), "until": max(ends)})
    several = one | two | reaches(kind)
    if kind == "date":
        yearly = {"type": st.just(kind), "op": st.just("anniversary"), "days": REACH | st.sampled_from([364, 365])}
        several |= st.fixed_dictionaries(yearly)
    return empty_or(several, kind)


def reaches(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    ops = st.sampled_from(["in_last", "in_next", "more_than_ago", "more_than_ahead"])
    unit = st.sampled_from(["days", "days", "weeks", "months"])
    return st.fixed_dictionaries({"type": st.just(kind), "op": ops, "days": REACH, "unit": unit})


def windows() -> st.SearchStrategy[dict[str, Any] | None]:
    day = DAYS.map(dt.date.isoformat)
    op = st.sampled_from(["on", "before", "after"])
    return st.none() | reaches("moment") | st.fixed_dictionaries({"type": st.just("moment"), "op": op, "day": day})


def boolean_tests() -> st.SearchStrategy[dict[str, Any]]:
    ops = ("is_true", "is_false")
    return empty_or(st.fixed_dictionaries({"type": st.just("boolean"), "op": st.sampled_from(ops)}), "boolean")


CHOICES = {"country": world.COUNTRIES, "language": world.LANGUAGES, "lifecycle": ("lead", "customer", "vip", "gone")}


def field_conditions() -> st.SearchStrategy[dict[str, Any]]:
    def tests(name: str) -> st.SearchStrategy[dict[str, Any]]:
        kind = FIELDS[name].type
        if kind is SubjectType.CHOICE:
            return choice_tests(CHOICES[name])
        return text_tests() if kind is SubjectType.TEXT else date_tests("moment")

    return st.sampled_from(sorted(FIELDS)).flatmap(
        lambda name: st.fixed_dictionaries({"kind": st.just("field"), "field": st.just(name), "test": tests(name)})
    )


def custom_conditions() -> st.SearchStrategy[dict[str, Any]]:
    tests = {
        "note": text_tests(),
        "ltv": number_tests(),
        "birthday": date_tests("date"),
        "member": boolean_tests(),
        "size": choice_tests(world.CHOICES),
    }
    return st.sampled_from(sorted(tests)).flatmap(
        lambda key: st.fixed_dictionaries({"kind": st.just("custom"), "key": st.just(key), "test": tests[key]})
    )


def other_conditions(made: world.World) -> st.SearchStrategy[dict[str, Any]]:
    def of(kind: str, **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries({"kind": st.just(kind), **parts})

    def ops(*names: str) -> st.SearchStrategy[str]:
        return st.sampled_from(names)

    return st.one_of(
        of("tag", op=ops("has", "has_not"), tag=st.sampled_from(made.tags)),
        of("segment", op=ops("in", "not_in"), segment=st.sampled_from([*made.lists, *made.nested])),
        of("consent", op=ops("is", "is_not"), state=ops("given", "requested", "withdrawn", "none")),
        of(
            "consent",
            op=ops("is", "is_not"),
            channel=ops("email", "sms", "social"),
            state=ops("given", "requested", "withdrawn"),
            when=windows(),
            source=st.none() | text_tests(),
        ),
        of("suppression", op=ops("is", "is_not"), channel=ops("email", "sms")),
        happenings("email_activity", event=ops(*world.EVENTS), campaign=st.none() | st.sampled_from(made.campaigns)),
        happenings("fact", event=ops(*world.SHOP), property=st.none() | properties()),
        of("score", score=ops("lead", "engagement"), test=amounts(world.SCORES)),
        of("orders", measure=st.just("count"), test=amounts((0, 1, 2, 2.5)), when=windows()),
        of(
            "orders",
            measure=ops("total", "average"),
            currency=ops("EUR", "USD"),
            test=amounts((0, 1, 10, 10.5, 99.99)),
            when=windows(),
        ),
        of("orders", measure=ops("total"), currency=st.just("JPY"), test=amounts((0, 100, 1000)), when=windows()),
        of(
            "email_activity",
            op=ops("did", "did_not"),
            event=ops(*world.EVENTS),
            campaign=st.none() | st.sampled_from(made.campaigns),
            days=st.none() | REACH,
        ),
    )


def happenings(kind: str, **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    start: dict[str, Any] = {"kind": st.just(kind), "op": st.sampled_from(["did", "did_not"]), **parts}
    times = st.fixed_dictionaries(
        {"op": st.sampled_from(["at_least", "exactly", "at_most"]), "count": st.integers(0, 3)}
    )
    often = st.fixed_dictionaries({**start, "times": st.none() | times, "when": windows()})
    when = windows().filter(lambda window: window is not None)
    return often | st.fixed_dictionaries({**start, "which": st.sampled_from(["first", "last"]), "when": when})


def properties() -> st.SearchStrategy[dict[str, Any]]:
    listed = st.sampled_from(["A-1", "b", "a-1", "x"]).map(
        lambda value: {"type": "list", "op": "includes", "value": value}
    )
    kinds = {
        "path": text_tests() | st.just({"type": "text", "op": "is", "value": "/preise"}),
        "products": listed | text_tests(),
        "seats": amounts((1, 2)),
        "is_new": boolean_tests(),
    }
    return st.sampled_from(sorted(kinds)).flatmap(
        lambda name: st.fixed_dictionaries({"name": st.just(name), "test": kinds[name]})
    )


def amounts(values: tuple[float, ...]) -> st.SearchStrategy[dict[str, Any]]:
    number = st.sampled_from(values)
    ops = ("equals", "not_equals", "greater", "at_least", "less", "at_most")
    one = st.fixed_dictionaries({"type": st.just("number"), "op": st.sampled_from(ops), "value": number})
    two = st.tuples(number, number).map(
        lambda ends: {"type": "number", "op": "between", "value": min(ends), "upper": max(ends)}
    )
    return empty_or(one | two, "number")


def leaves(made: world.World) -> st.SearchStrategy[dict[str, Any]]:
    return field_conditions() | custom_conditions() | other_conditions(made)


def single(made: world.World) -> st.SearchStrategy[dict[str, Any]]:
    """Return rules of one condition: nothing hides a fault of it."""
    return leaves(made).map(lambda leaf: {"kind": "group", "match": "all", "rules": [leaf]})


def trees(made: world.World) -> st.SearchStrategy[dict[str, Any]]:
    leaf = leaves(made)

    def group(children: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
        match = st.sampled_from(["all", "any", "none", "not_all"])
        rules = st.lists(children, min_size=1, max_size=4)
        return st.fixed_dictionaries({"kind": st.just("group"), "match": match, "rules": rules})

    return group(st.recursive(leaf, group, max_leaves=8)).filter(lambda root: depth(root) <= 6)


def depth(node: dict[str, Any]) -> int:
    return 1 + max(map(depth, node["rules"])) if node["kind"] == "group" else 0


STEADY = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(STEADY, max_examples=3)
@given(made=world.worlds(), data=st.data())
def test_sql_matches_whom_the_plain_evaluator_matches(shared_db: Database, made: world.World, data: st.DataObject):
    compare_with_the_yardstick(shared_db, made, data)


@pytest.mark.slow
@settings(STEADY, max_examples=150)
@given(made=world.worlds(), data=st.data())
def test_sql_matches_whom_it_should_in_many_worlds(shared_db: Database, made: world.World, data: st.DataObject):
    compare_with_the_yardstick(shared_db, made, data)


def compare_with_the_yardstick(shared_db: Database, made: world.World, data: st.DataObject) -> None:
    # Earlier examples' companies stay in the database: nobody of them may ever appear.
    company = make_company(shared_db, made.zone)
    with time_machine.travel(made.now, tick=False), shared_db.begin(company) as session:
        world.store(session, company, made)
        add_nested(session, company, made, data)
        whole, alone = trees(made), single(made)  # made once: hypothesis looks through each of them
        for number in range(16):
            raw = {"root": data.draw(whole if number % 4 == 0 else alone)}
            ids = service.select_rule(session, company, parse_rule(raw))
            wanted = reference.matching(raw, made)
            event("some match" if 0 < len(wanted) < len(made.people) else "all or nobody")
            assert set(session.scalars(ids)) == wanted, raw
            found = references.resolve(session, company, parse_rule(raw))[0]
            scope = service.scope_of(session, company, found)
            for contact_id in made.contact_ids[:2]:
                one = replace(scope, is_for_one=True, contact_id=contact_id)
                found_alone = session.scalars(sql.contact_ids(parse_rule(raw), one).where(Contact.id == contact_id))
                assert set(found_alone) == wanted & {contact_id}, raw


def add_nested(session: Session, company: int, made: world.World, data: st.DataObject) -> None:
    """Store two segments by rule, the second of which may ask for the first."""
    for name in ("Inner", "Outer"):
        root = data.draw(trees(made))
        row = Segment(company_id=company, name=name, name_key=name.casefold(), rule=parse_rule({"root": root}).stored())
        session.add(row)
        session.flush()
        made.nested[row.public_id] = root


def test_an_unfiltered_session_still_sees_one_company_only(shared_db: Database):
    mine, theirs = make_company(shared_db), make_company(shared_db)
    rule = parse_rule({"root": {"kind": "group", "match": "none", "rules": [
        {"kind": "field", "field": "city", "test": {"type": "text", "op": "is", "value": "nowhere"}}]}})  # fmt: skip
    ids = {}
    for company in (mine, theirs):
        with shared_db.begin(company) as session:
            made = world.World(now=dt.datetime(2026, 3, 1, tzinfo=dt.UTC), zone="UTC", people=[someone()])
            world.store(session, company, made)
            ids[company] = set(made.contact_ids)
    with shared_db.read(0) as session:
        found = references.resolve(session, mine, rule)[0]
        days = Days(today=dt.date(2026, 3, 1), zone="UTC")
        scope = sql.Scope(company_id=mine, dialect=shared_db.dialect, days=days, found=found)
        assert set(session.scalars(sql.contact_ids(rule, scope))) == ids[mine]


@pytest.mark.parametrize("dialect", [mysql.dialect()])
def test_every_condition_compiles_for_mariadb(dialect: Any):
    tag = "019f0000-0000-7000-8000-000000000000"
    conditions = [
        {"kind": "custom", "key": "ltv", "test": {"type": "number", "op": "at_least", "value": 5}},
        {"kind": "custom", "key": "note", "test": {"type": "text", "op": "contains", "value": "5%"}},
        {"kind": "custom", "key": "birthday", "test": {"type": "date", "op": "in_last", "days": 5}},
        {"kind": "custom", "key": "member", "test": {"type": "boolean", "op": "is_true"}},
        {"kind": "tag", "op": "has_not", "tag": tag},
        {"kind": "email_activity", "op": "did_not", "event": "opened", "campaign": tag, "days": 3},
        {"kind": "consent", "op": "is", "state": "none"},
        {"kind": "suppression", "op": "is_not"},
        {"kind": "segment", "op": "in", "segment": tag},
        {"kind": "score", "score": "lead", "test": {"type": "number", "op": "at_least", "value": 5}},
        {
            "kind": "fact",
            "op": "did",
            "event": "order.placed",
            "property": {"name": "products", "test": {"type": "list", "op": "includes", "value": "A"}},
        },
    ]
    rule = parse_rule({"root": {"kind": "group", "match": "not_all", "rules": conditions}})
    named = references.Named(id=7, name="x")
    key = UUID(tag)
    found = references.References(tags={key: named}, fields={}, segments={key: named}, campaigns={key: named})
    days = Days(today=dt.date(2026, 3, 1), zone="UTC")
    text = str(
        sql.contact_ids(rule, sql.Scope(company_id=1, dialect="mysql", days=days, found=found)).compile(dialect=dialect)
    )
    assert "NOT (EXISTS" in text
    assert "JSON_TYPE" in text.upper()


def test_the_largest_rule_runs(shared_db: Database):
    company = make_company(shared_db)
    test = {"type": "text", "op": "contains", "value": "x"}
    leaves = [{"kind": "field", "field": "city", "test": test} for _n in range(MAX_CONDITIONS)]
    rule = parse_rule({"root": {"kind": "group", "match": "any", "rules": leaves}})
    with shared_db.read(company) as session:
        assert session.scalars(service.select_rule(session, company, rule)).all() == []


def someone() -> world.Someone:
    return world.Someone(
        email="ada@example.com", phone=None, first_name="Ada", last_name="", organisation="", website="",
        street="", timezone="", postal_code="", city="", region="", source="", country="", language="",
        lifecycle=world.Lifecycle.LEAD, attrs={}, created_hours_ago=1,
        active_hours_ago=None, is_trashed=False, tags=frozenset(), lists=frozenset(), consent=None,
        is_suppressed=False, happened=(),
    )  # fmt: skip
