"""Opens and clicks over HTTP: only our tokens count, and nothing leads anywhere but to what was approved."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lux.gate import captured
from lux.kit import crypto
from lux.ledger.models import Fact
from lux.render import tokens
from lux.rooms.contacts.models import Contact
from tests.rooms.email import campaigns

if TYPE_CHECKING:
    from tests.factories import Firm, Installation

LINKS = {1: "https://shop.example.com/a", 2: "https://shop.example.com/b?x=1&y=2"}


def token(lux: Installation, purpose: str, delivery_id: int) -> str:
    """Mint a token as a mail carries it."""
    key = crypto.derive(crypto.app_secret(lux.settings), "mail-tokens")
    return tokens.mint(key, purpose, delivery_id)


def kinds(lux: Installation, firm: Firm) -> list[str]:
    """Return the facts of engagement."""
    with lux.db.read(firm.id) as session:
        found = session.query(Fact.kind).filter(Fact.kind.in_(["email.opened", "email.clicked"])).order_by(Fact.id)
        return [kind for (kind,) in found]


def test_the_addresses_in_a_captured_mail_work_as_they_stand_there(lux: Installation) -> None:
    firm = campaigns.ready(lux, 1)
    public_id = campaigns.sent(lux, firm)
    one = campaigns.deliveries(lux, firm, public_id)[0]
    with lux.db.read(firm.id) as session:
        from lux.gate.preview import take_apart

        html = take_apart(captured.message(session, firm.person, one.id)).html
    campaigns.later(lux, firm)
    stranger = lux.client()
    picture = re.search(r'src="https?://[^/]+(/o/[^"]+)"', html)
    links = re.findall(r'href="https?://[^/]+(/c/[^"]+)"', html)
    assert picture
    assert len(links) == 2
    answer = stranger.get(picture[1], headers=campaigns.BROWSER)
    assert (answer.status_code, answer.mimetype, len(answer.data)) == (200, "image/gif", 43)
    assert "no-store" in answer.headers["Cache-Control"]
    for number, path in enumerate(links, 1):
        answer = stranger.get(path, headers=campaigns.BROWSER)
        assert (answer.status_code, answer.headers["Location"]) == (302, LINKS[number])
    assert kinds(lux, firm) == ["email.opened", "email.clicked", "email.clicked"]
    after = campaigns.deliveries(lux, firm, public_id)[0]
    assert after.first_opened_at is not None
    assert after.first_clicked_at is not None
    with lux.db.read(firm.id) as session:
        assert session.get(Contact, one.contact_id).last_activity_at is not None


def test_the_first_open_stays_and_every_open_is_a_fact(lux: Installation) -> None:
    firm = campaigns.ready(lux, 1)
    public_id = campaigns.sent(lux, firm)
    one = campaigns.deliveries(lux, firm, public_id)[0]
    path = f"/o/{token(lux, tokens.OPEN, one.id)}.gif"
    lux.client().get(path)
    first = campaigns.deliveries(lux, firm, public_id)[0].first_opened_at
    lux.client().get(path)
    assert campaigns.deliveries(lux, firm, public_id)[0].first_opened_at == first
    assert kinds(lux, firm) == ["email.opened"] * 2


def test_asking_for_the_head_alone_is_not_counted(lux_sqlite: Installation) -> None:
    firm = campaigns.ready(lux_sqlite, 1)
    public_id = campaigns.sent(lux_sqlite, firm)
    one = campaigns.deliveries(lux_sqlite, firm, public_id)[0]
    client = lux_sqlite.client()
    assert client.head(f"/o/{token(lux_sqlite, tokens.OPEN, one.id)}.gif").status_code == 200
    answer = client.head(f"/c/{token(lux_sqlite, tokens.CLICK, one.id)}/1")
    assert (answer.status_code, answer.headers["Location"]) == (302, LINKS[1])
    for name in ("Sec-Purpose", "Purpose"):
        early = client.get(f"/c/{token(lux_sqlite, tokens.CLICK, one.id)}/1", headers={name: "prefetch"})
        assert early.headers["Location"] == LINKS[1]
    assert kinds(lux_sqlite, firm) == []


def test_a_token_is_good_for_its_one_purpose(lux_sqlite: Installation) -> None:
    firm = campaigns.ready(lux_sqlite, 1)
    public_id = campaigns.sent(lux_sqlite, firm)
    one = campaigns.deliveries(lux_sqlite, firm, public_id)[0]
    client = lux_sqlite.client()
    made = {purpose: token(lux_sqlite, purpose, one.id) for purpose in sorted(tokens.PURPOSES)}
    for purpose, text in made.items():
        assert client.get(f"/o/{text}.gif").status_code == 200
        assert client.get(f"/c/{text}/1").status_code == (302 if purpose == tokens.CLICK else 404)
        assert client.get(f"/u/{text}").status_code == (200 if purpose == tokens.UNSUBSCRIBE else 404)
    assert kinds(lux_sqlite, firm) == ["email.clicked", "email.opened"]


def test_a_test_copy_is_followed_but_is_no_figure(lux: Installation) -> None:
    from lux.rooms.email import launch

    firm = campaigns.ready(lux, 1)
    public_id = campaigns.draft(lux, firm)
    with lux.db.begin(firm.id) as session:
        campaign = campaigns.load(session, public_id)
        launch.send_test(
            session, campaign, launch.Asked(author=firm.person, version=1), member_ids=[str(firm.person.user_public_id)]
        )
    lux.work()
    with lux.db.read(firm.id) as session:
        run = launch.latest_test(session, campaigns.load(session, public_id))
        assert run is not None
        number = run.deliveries[0].id
    client = lux.client()
    assert client.get(f"/o/{token(lux, tokens.OPEN, number)}.gif").status_code == 200
    assert client.get(f"/c/{token(lux, tokens.CLICK, number)}/1").headers["Location"] == LINKS[1]
    assert kinds(lux, firm) == []


@pytest.mark.parametrize("number", [0, 3, 99, 10**12])
def test_an_unknown_link_is_a_page_that_says_so(lux_sqlite: Installation, number: int) -> None:
    firm = campaigns.ready(lux_sqlite, 1)
    public_id = campaigns.sent(lux_sqlite, firm)
    one = campaigns.deliveries(lux_sqlite, firm, public_id)[0]
    answer = lux_sqlite.client().get(f"/c/{token(lux_sqlite, tokens.CLICK, one.id)}/{number}")
    assert answer.status_code == 404
    assert "This link is not known" in answer.text
    assert "Location" not in answer.headers


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.one_of(
        st.text(min_size=1, max_size=40).filter(lambda t: not set(t) & set("/\\?#.%") and t.strip(".")),
        st.binary(min_size=18, max_size=18).map(lambda raw: base64.urlsafe_b64encode(raw).decode()),
    ),
    number=st.integers(min_value=0, max_value=9),
    query=st.sampled_from(["", "?url=https://evil.example/", "?next=//evil.example"]),
)
def test_no_token_and_no_parameter_leads_out(lux_sqlite: Installation, text: str, number: int, query: str) -> None:
    client = lux_sqlite.client()
    for path in (f"/c/{text}/{number}{query}", f"/o/{text}.gif{query}", f"/u/{text}{query}"):
        answer = client.get(path)
        assert "evil" not in answer.headers.get("Location", "")
        assert answer.status_code in {200, 308, 404}
