"""What a reviewer sees: risk, findings and cost of an item; rules and budgets that admins keep."""

from __future__ import annotations

import re

from lux.gate import reads, submit
from lux.gate.review import own_rules
from lux.identity.access import Role
from lux.identity.models import Company
from lux.kit.errors import InvalidInput
from lux.ledger import audit
from lux.ports.acts import AudienceRef
from tests.factories import Installation
from tests.full_company import filled
from tests.gate.conftest import act
from tests.gate.review.test_items import KINDS, made

RULE = {
    "name": "Comparisons",
    "severity": "warn",
    "phrases": "cheapest\r\nbetter than ... competitor*",
    "unless": "in our test of",
    "message": "This compares.",
    "fix": "Name the comparison.",
}


def test_rules_are_written_tried_changed_and_removed(lux: Installation) -> None:
    """By admins alone, each change in the chain; a text is tried on all rules and the brand, and nothing is stored."""
    firm = lux.firm()
    client, marketer = lux.client(firm), lux.client(lux.member(firm.id, Role.MARKETER))
    assert marketer.get("/approvals/rules").status_code == 403
    assert marketer.post("/approvals/rules/new", data=RULE).status_code == 403
    page = client.get("/approvals/rules").text
    assert "Giveaway without terms" in page
    assert "terms and conditions" in page
    refused = client.post("/approvals/rules/new", data={**RULE, "phrases": "cheapest\nx*\n...", "message": ""})
    assert refused.status_code == 422
    assert "Line 2, “x*”: " in refused.text
    assert "Line 3, “...”: " in refused.text
    assert "The words for the reviewer are missing." in refused.text
    assert "cheapest\nx*\n..." in refused.text.replace("\r", ""), "nothing typed is lost"
    assert client.post("/approvals/rules/new", data=RULE).status_code == 303
    assert client.post("/approvals/rules/new", data=RULE).status_code == 422, "the name is taken"
    with lux.db.begin(0) as session:
        company = session.get(Company, firm.id)
        assert company is not None
        company.brand = {**company.brand, "banned_words": ["gadget"], "link_domains": ["shop.example.com"]}
    text = "The cheapest gadget. Act now! https://elsewhere.example/x"
    tried = client.post("/approvals/rules/try", data={"text": text}).text
    for words in ("This compares.", "This presses for time.", "“gadget” stands on the list", "elsewhere.example", text):
        assert words in tried.replace("&#34;", '"'), words
    assert "Nothing found." in client.post("/approvals/rules/try", data={"text": "Good morning"}).text
    with lux.db.read(firm.id) as session:
        row = own_rules.listing(session)[0]
        path, version = f"/approvals/rules/{row.public_id}", row.version
    assert "cheapest\nbetter than" in client.get(path).text
    assert client.post(path, data={**RULE, "unless": "", "version": version}).status_code == 303
    assert client.post(path, data={**RULE, "version": version}).status_code == 409
    other = lux.client(lux.firm())
    assert other.get(path).status_code == 404
    assert other.post(f"{path}/remove").status_code == 404
    assert client.post(f"{path}/remove").status_code == 303
    assert "no rules of its own" in client.get("/approvals/rules").text
    log = client.get("/approvals/audit").text
    assert all(f"review_rule.{verb}" in log for verb in ("added", "changed", "removed"))
    with lux.db.read(firm.id) as session:
        assert audit.verify(session, firm.id)[1] is None


def test_an_own_rule_that_blocks_keeps_an_item_out(lux_sqlite: Installation) -> None:
    """The submission is refused in the company's own words; another company's is not."""
    firm, other = filled(lux_sqlite), filled(lux_sqlite)
    client = lux_sqlite.client(firm)
    assert (
        client.post("/approvals/rules/new", data={**RULE, "severity": "block", "phrases": "secret*"}).status_code == 303
    )
    found = {}
    for one in (firm, other):
        with lux_sqlite.db.begin(one.id) as session:
            everyone = AudienceRef(source="everyone", key="", label="Everyone")
            mail = act(one, audience=everyone, from_email=f"news{one.id}@example.com", subject="Secrets")
            try:
                submit.submit_for_approval(session, mail, author=one.person, title="x", subject=("campaign", 1))
            except InvalidInput as error:
                found[one.id] = error.message
    assert found == {firm.id: "This compares."}


def test_an_item_shows_risk_findings_and_cost(lux_sqlite: Installation) -> None:
    """On its page by icon and word with the reasons, in the list, and by the API; other kinds field by field."""
    firm = filled(lux_sqlite)
    client = lux_sqlite.client(firm)
    with lux_sqlite.db.begin(firm.id) as session:
        everyone = AudienceRef(source="everyone", key="", label="Everyone")
        values = {"subject": "Only today: guaranteed results", "links": ("https://new.example/a",)}
        mail = act(firm, audience=everyone, from_email=f"news{firm.id}@example.com", **values)
        made_one = submit.submit_for_approval(session, mail, author=firm.person, title="Loud", subject=("campaign", 1))
        item = reads.outbound(session, made_one.id).item
    page = client.get(f"/approvals/{item.public_id}").text
    assert "High risk" in page
    assert "Nothing approved before linked to new.example." in page
    assert "Subject: “Only today: guaranteed results”" in page
    assert "no cost known to LUX" in page
    assert len(re.findall(r'<li class="review-row" data-severity="(?:warn|info)">\s*<span class="chip', page)) == 2
    assert "High risk" in client.get("/approvals/").text
    for kind in list(KINDS)[1:]:
        with lux_sqlite.db.begin(firm.id) as session:
            one = submit.submit_for_approval(session, made(firm, kind), author=firm.person, title="x", subject=("x", 1))
            item = reads.outbound(session, one.id).item
        page = client.get(f"/approvals/{item.public_id}").text
        assert "This kind has no preview yet" in page
        assert "waits, and nothing of it leaves" in page
        answer = client.post(f"/approvals/{item.public_id}/approve",
                             data={"shown_hash": item.content_hash, "confirmation": "0"})  # fmt: skip
        assert answer.status_code == 303, kind


def test_budgets_are_kept_per_channel(lux_sqlite: Installation) -> None:
    """Set, shown as it is typed, refused with the field named, taken away; each change in the chain."""
    firm = lux_sqlite.firm()
    client = lux_sqlite.client(firm)
    form = {"channel": "sms", "currency": "EUR", "day": "25", "month": "300.50"}
    assert client.post("/approvals/budgets", data=form).status_code == 303
    page = client.get("/approvals/budgets").text
    assert 'value="€300.50"' in page
    assert "€0.00 of €25.00 are taken now" in page
    assert client.post("/approvals/budgets", data={**form, "day": "€26.00"}).status_code == 303, "as it is shown"
    refused = client.post("/approvals/budgets", data={**form, "day": "a lot"})
    assert refused.status_code == 422
    assert "This is not an amount of money." in refused.text
    assert 'value="a lot"' in refused.text
    assert client.post("/approvals/budgets", data={**form, "currency": "EU"}).status_code == 422
    assert client.post("/approvals/budgets", data={**form, "day": "-1"}).status_code == 422
    assert client.post("/approvals/budgets", data={**form, "channel": "pigeon"}).status_code == 404
    assert client.post("/approvals/budgets", data={**form, "day": "", "month": ""}).status_code == 303
    assert "are taken now" not in client.get("/approvals/budgets").text
    assert client.get("/approvals/audit?action=budget.changed").text.count("<tr data-row>") == 5
    marketer = lux_sqlite.client(lux_sqlite.member(firm.id, Role.MARKETER))
    assert marketer.get("/approvals/budgets").status_code == 403
    assert marketer.post("/approvals/budgets", data=form).status_code == 403
