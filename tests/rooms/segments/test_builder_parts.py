"""What the builder writes for conditions over time, mails, facts and orders, it reads back and says in words."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from lux.kit.errors import InvalidInput
from lux.rooms.segments import builder, catalogue
from lux.rooms.segments.catalogue import Catalogue, Entry
from lux.rooms.segments.describe import describe
from lux.rooms.segments.rules import parse_rule
from tests.rooms.segments.test_rules import group, problem_of


def offered() -> Catalogue:
    return Catalogue(
        [
            Entry(what="custom.birthday", label="Birthday", group="g", kind="date"),
            Entry(what="email.opened", label="Opened", group="g", kind="activity"),
            Entry(what="fact.form.submitted", label="Submitted a form", group="g", kind="fact"),
            Entry(what="orders.total", label="Total spent", group="g", kind="amount"),
            Entry(what="orders.count", label="Number of orders", group="g", kind="amount"),
            Entry(what="score.lead", label="Lead score", group="g", kind="number"),
            Entry(what="consent.sms", label="SMS", group="g", kind="consent", options=catalogue.consent_states()),
        ],
        [],
    )


def posted(**fields: str) -> dict[str, Any]:
    """Return the stored condition of one posted row."""
    form = MultiDict([("match.0", "all"), ("node", "1"), ("parent.1", "0")])
    for name, value in fields.items():
        form.add(f"{name}.1", value)
    tree = builder.from_form(form, offered())
    assert builder.problems(tree) == {}
    rule = builder.build(tree)
    again = builder.build(builder.from_rule(rule, offered()))
    assert again == rule, "what was stored is what the form shows"
    stored: dict[str, Any] = rule.stored()["root"]["rules"][0]
    return stored | {"words": describe(rule, offered()).inside[0].text}


def test_birthdays_come_each_year():
    found = posted(what="custom.birthday", op="anniversary", value="7")
    assert found["test"]["op"] == "anniversary"
    assert found["words"] == "Birthday comes this year or next within 7 days"


def test_lengths_are_counted_in_days_weeks_or_months():
    found = posted(what="custom.birthday", op="more_than_ago", value="3", unit="months")
    assert (found["test"]["days"], found["test"]["unit"]) == (3, "months")
    assert found["words"] == "Birthday is more than 3 months ago"


def test_mails_are_counted_within_a_window():
    found = posted(what="email.opened", op="did", times="at_least", count="3", when="in_last", more="2", unit="weeks")
    assert found["times"] == {"op": "at_least", "count": 3}
    assert found["words"] == "Opened any campaign at least 3 times in the last 2 weeks"


def test_a_number_of_days_alone_stays_what_it_was():
    found = posted(what="email.opened", op="did_not", more="30")
    assert (found["days"], found["when"]) == (30, None)
    assert found["words"] == "Not: Opened any campaign in the last 30 days"


def test_the_first_time_can_be_asked_for():
    found = posted(what="email.opened", op="did", which="first", when="after", more="2026-01-01")
    assert (found["which"], found["when"]["day"]) == ("first", "2026-01-01")
    assert "for the first time after" in found["words"]


def test_forms_are_told_apart_by_a_property():
    found = posted(what="fact.form.submitted", op="did", how="text.is", prop="form", text="Contact")
    assert found["property"]["name"] == "form"
    assert found["words"] == "Submitted a form with a property that is (form) “Contact”"


def test_spending_names_its_currency_and_time():
    found = posted(
        what="orders.total", op="greater", value="200", currency="EUR", when="in_last", more="90", unit="days"
    )
    assert (found["test"]["value"], found["currency"], found["when"]["days"]) == (200, "EUR", 90)
    assert found["words"] == "Total spent > 200 EUR in the last 90 days"
    between = posted(what="orders.count", op="between", value="2", upper="4", when="")
    assert (between["test"]["upper"], between["words"]) == (4, "Number of orders is between 2 and 4")


def test_consent_by_channel_time_and_source():
    found = posted(what="consent.sms", op="is", value="given", when="before", more="2026-01-01", source="Shop")
    assert (found["channel"], found["source"]["value"]) == ("sms", "Shop")
    assert found["words"] == "SMS: “given” before Jan 1, 2026 through “Shop”"


def test_scores_are_numbers():
    assert posted(what="score.lead", op="at_least", value="50")["words"] == "Lead score ≥ 50"


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"kind": "orders", "measure": "total", "test": {"op": "greater", "value": 1}}, "Choose a currency"),
        (
            {"kind": "orders", "measure": "total", "currency": "JPY", "test": {"op": "greater", "value": 1.5}},
            "0 decimal places",
        ),
        ({"kind": "fact", "op": "did", "event": "moon.landed"}, "not a known kind"),
        (
            {"kind": "fact", "op": "did", "event": "page.viewed",
             "property": {"name": 'a"b', "test": {"type": "text", "op": "is", "value": "x"}}},
            "",
        ),
        ({"kind": "email_activity", "op": "did", "event": "opened", "which": "first"}, "first or the last time"),
        (
            {"kind": "email_activity", "op": "did", "event": "opened", "days": 3,
             "when": {"type": "moment", "op": "in_last", "days": 3}},
            "once only",
        ),
        ({"kind": "consent", "op": "is", "state": "none", "when": {"type": "moment", "op": "in_last", "days": 3}},
         "no time and no source"),
        ({"kind": "field", "field": "created_at", "test": {"type": "moment", "op": "anniversary", "days": 3}},
         "come back each year"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(condition: dict[str, Any], words: str):
    assert words in problem_of(group(condition))


def test_a_rule_from_before_is_read_as_it_was():
    old = {"kind": "email_activity", "op": "did", "event": "opened", "campaign": None, "name": "", "days": 30}
    rule = parse_rule({"version": 1, "root": group(old)})
    assert describe(rule, offered()).inside[0].text == "Opened any campaign in the last 30 days"


def test_an_amount_without_currency_is_marked_where_it_stands():
    form = MultiDict([("match.0", "all"), ("node", "1"), ("parent.1", "0"), ("what.1", "orders.total"),
                      ("op.1", "greater"), ("value.1", "5"), ("when.1", "")])  # fmt: skip
    tree = builder.from_form(form, offered())
    assert "Choose a currency" in builder.problems(tree)["1"]
    with pytest.raises(InvalidInput):
        builder.build(tree)
