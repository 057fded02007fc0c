"""The checks before a yes: each finds its fault, says how to mend it, and what blocks keeps a campaign back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lux.gate import senders, stop
from lux.gate.models import FeatureToggle
from lux.identity import companies
from lux.kit.errors import InvalidInput, WrongState
from lux.rooms.email import preflight
from lux.rooms.email.links import no_links
from tests.rooms.email import campaigns
from tests.rooms.email.campaigns import BODY

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from tests.factories import Installation


def codes(session: Session, campaign: object) -> dict[str, str]:
    """Return code → severity of everything the checks find now."""
    return {one.code: one.severity for one in preflight.check(session, campaign, link=no_links).findings}


def test_a_complete_campaign_has_nothing_that_blocks(lux: Installation) -> None:
    firm = campaigns.ready(lux)
    public_id = campaigns.draft(lux, firm)
    with lux.db.read(firm.id) as session:
        found = preflight.check(session, campaigns.load(session, public_id), link=no_links)
    assert found.blocks == []
    assert found.split is not None
    assert (found.split.total, found.split.mailable) == (3, 3)
    assert {one.code for one in found.findings if one.severity != "info"} == set()
    assert "transport_mailbox" in {one.code for one in found.findings}


MJML = "<mjml><mj-body><mj-section><mj-column>{}</mj-column></mj-section></mj-body></mjml>"
OUT = '<a href="{{ unsubscribe_url }}">x</a>'


@pytest.mark.parametrize(
    ("values", "code", "severity"),
    [
        ({"subject": ""}, "subject_missing", "block"),
        ({"subject": "x" * 90}, "subject_long", "warn"),
        ({"preview_text": ""}, "preview_missing", "info"),
        ({"source": ""}, "content_missing", "block"),
        ({"source": BODY.replace("unsubscribe_url", "postal_address")}, "unsubscribe_missing", "block"),
        ({"text": "No way out"}, "unsubscribe_missing", "block"),
        ({"subject": "Hi {{ fist_name }}"}, "field_unknown", "block"),
        ({"subject": "Hi {{ first_name"}, "template_problem", "block"),
        ({"source": BODY + "{% if x %}"}, "template_problem", "block"),
        ({"format": "mjml", "source": "<mjml><mj-body></mjml>"}, "template_problem", "block"),
        ({"format": "mjml", "source": MJML.format("<mj-tex>a</mj-tex>")}, "template_problem", "block"),
        ({"source": BODY + '<a href="shop.example.com">x</a>'}, "link_address", "block"),
        ({"source": BODY + '<a href="javascript:alert(1)">x</a>'}, "link_address", "block"),
        ({"source": BODY + '<a href="#">x</a>'}, "link_empty", "warn"),
        ({"source": BODY + '<img src="https://x.example/a.png">'}, "alt_missing", "warn"),
        ({"source": BODY + "<p>" + "x" * 105_000 + "</p>"}, "clipped", "warn"),
        ({"sender_id": None}, "sender_missing", "block"),
        ({"sender_id": 999_999}, "sender_missing", "block"),
        ({"audience_source": ""}, "audience_missing", "block"),
        ({"audience_source": "segment", "audience_key": "0" * 32}, "audience_broken", "block"),
    ],
)
def test_each_fault_is_found(lux_sqlite: Installation, values: dict[str, object], code: str, severity: str) -> None:
    firm = campaigns.ready(lux_sqlite)
    public_id = campaigns.draft(lux_sqlite, firm, **values)
    with lux_sqlite.db.read(firm.id) as session:
        found = preflight.check(session, campaigns.load(session, public_id), link=no_links).findings
    one = next((one for one in found if one.code == code), None)
    assert one is not None, [one.code for one in found]
    assert one.severity == severity
    assert one.message
    assert one.fix


def test_a_problem_in_a_template_names_line_and_tag(lux_sqlite: Installation) -> None:
    firm = campaigns.ready(lux_sqlite)
    public_id = campaigns.draft(lux_sqlite, firm, source="<p>one</p>\n<p>{{ first_name | nope }}</p>")
    with lux_sqlite.db.read(firm.id) as session:
        found = preflight.check(session, campaigns.load(session, public_id), link=no_links).findings
    words = next(one.message for one in found if one.code == "template_problem")
    assert "nope" in words
    assert "Line 2" in words


def test_the_companys_state_is_looked_at(lux: Installation) -> None:
    firm = campaigns.ready(lux)
    public_id = campaigns.draft(lux, firm)
    with lux.db.begin(firm.id) as session:
        companies.current(session).postal_address = " "
        senders.verified(session)[0].verified_at = None
        session.query(FeatureToggle).delete()
        stop.press(session, company_id=firm.id, by=firm.person, reason="Drill")
    with lux.db.read(firm.id) as session:
        found = codes(session, campaigns.load(session, public_id))
    assert found["company_address_missing"] == "block"
    assert found["sender_unverified"] == "block"
    assert found["toggle_off"] == "warn"
    assert found["stop_active"] == "warn"


def test_an_audience_without_consent_is_empty(lux: Installation) -> None:
    firm = lux.firm()
    lux.contacts(firm, 4, with_consent=False)
    lux.sender(firm)
    lux.switch_on(firm)
    public_id = campaigns.draft(lux, firm)
    with lux.db.read(firm.id) as session:
        found = preflight.check(session, campaigns.load(session, public_id), link=no_links)
    assert found.split is not None
    assert (found.split.total, found.split.mailable, found.split.no_consent) == (4, 0, 4)
    assert "audience_empty" in {one.code for one in found.blocks}


def test_what_blocks_is_not_submitted_and_nothing_is_stored(lux: Installation) -> None:
    firm = campaigns.ready(lux)
    public_id = campaigns.draft(lux, firm, subject="", sender_id=None)
    with pytest.raises(InvalidInput) as refused:
        campaigns.submit(lux, firm, public_id)
    assert {problem.field for problem in refused.value.problems} == {"subject", "sender"}
    with lux.db.read(firm.id) as session:
        assert campaigns.load(session, public_id).outbound_id is None


def test_only_a_draft_is_submitted(lux_sqlite: Installation) -> None:
    firm = campaigns.ready(lux_sqlite)
    public_id = campaigns.draft(lux_sqlite, firm)
    campaigns.submit(lux_sqlite, firm, public_id)
    with pytest.raises(WrongState):
        campaigns.submit(lux_sqlite, firm, public_id)
