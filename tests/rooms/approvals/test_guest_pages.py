"""Guests by their link: nothing by opening it, one item on a phone, nothing else anywhere; admins invite and revoke."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from lux.gate import captured, reads
from lux.gate.guests.models import Guest, GuestSession
from lux.gate.models import ApprovalQueue
from lux.gate.reads import ItemState, ItemView
from lux.identity.access import Role
from lux.kit import clock, rates
from lux.kit.db import ALL_COMPANIES
from lux.ports.acts import ActKind, AudienceRef
from lux.rooms.notifications.models import Notification
from lux.ui.access import rule_of
from tests.factories import Firm, Installation
from tests.gate.conftest import ready, submitted
from tests.gate.guests import allow, invited
from tests.house.test_routes import path_of, rules

EVERYONE = AudienceRef(source="everyone", key="", label="Everyone in Berlin", rule={"email": "ada@example.com"})


def asked(lux: Installation, firm: Firm, subject: str = "Hello {{ first_name }}") -> ItemView:
    return submitted(lux, firm, audience=EVERYONE, subject=subject)


def inside(lux: Installation, token: str) -> FlaskClient:
    """Return a browser that has followed a link."""
    client = lux.client()
    assert client.post(f"/review/link/{token}").headers["Location"] == "/review/"
    return client


def state(lux: Installation, firm: Firm, item: ItemView) -> ItemState:
    with lux.db.read(firm.id) as session:
        return reads.item(session, item.public_id).state


def test_opening_a_link_changes_nothing_and_the_button_lets_in(lux: Installation) -> None:
    """Scanners of mails open links: a GET leaves no session and no cookie that lets anybody in."""
    firm = ready(lux, 2)
    allow(lux, firm)
    item, token, client = asked(lux, firm), invited(lux, firm), lux.client()
    for _again in range(2):
        answer = client.get(f"/review/link/{token}")
        assert answer.status_code == 200
        assert "This link is for Cleo Client" in answer.text
        assert "<script" not in answer.text
    with lux.db.read(firm.id) as session:
        assert session.scalars(select(GuestSession)).all() == []
        assert session.scalars(select(Guest.last_seen_at)).one() is None
    assert client.get("/review/").status_code == 404
    client = inside(lux, token)
    waiting = client.get("/review/").text
    assert item.title in waiting
    assert "E-mail campaign · to 2 people" in waiting
    assert client.post("/review/leave").status_code == 200
    assert client.get("/review/").status_code == 404


def test_every_link_that_does_not_work_gets_one_answer_and_few_tries(lux_sqlite: Installation) -> None:
    """The same page for GET and POST, whatever is wrong; after that a limit."""
    lux = lux_sqlite
    firm = ready(lux, 1)
    allow(lux, firm)
    replaced, _newest = invited(lux, firm), invited(lux, firm)
    client = lux.client()

    def plain(text: str) -> str:
        return re.sub(r"nonce[^ >]*|[0-9a-f]{16}", "", text)

    found = set()
    for token in (replaced, "nobodys", "x" * 43):
        for method in ("GET", "POST"):
            answer = client.open(f"/review/link/{token}", method=method)
            found.add((answer.status_code, plain(answer.text)))
    assert len(found) == 1
    assert "Open the newest mail" in next(iter(found))[1]
    for _try in range(30):
        last = client.get("/review/link/nobodys").status_code
    assert last == 429
    with lux.db.begin(ALL_COMPANIES) as session:
        session.query(rates.RateWindow).delete()


def test_a_guest_sees_the_thing_and_nobodys_data(lux_sqlite: Installation) -> None:
    """The message as an invented contact gets it; of the audience its number; findings, history and comments."""
    lux = lux_sqlite
    firm = ready(lux, 0)
    lux.contacts(firm, 1, email="ada@berlin.example", first_name="Adalbert")
    allow(lux, firm)
    item = asked(lux, firm)
    client, place = inside(lux, invited(lux, firm)), f"/review/{item.public_id}"
    shown, frame = client.get(place), client.get(f"{place}/preview")
    text = client.get(f"{place}/preview?part=text")
    assert shown.status_code == frame.status_code == text.status_code == 200
    assert "sandbox" in frame.headers["Content-Security-Policy"]
    assert "Hi Alex" in frame.text
    assert "Shown as Alex Sample" in shown.text
    assert item.content_hash in shown.text
    assert "<script" not in shown.text
    for secret in ("ada@", "Adalbert", "Everyone in Berlin"):
        assert secret not in shown.text + frame.text + text.text + client.get("/review/").text

    assert client.post(f"{place}/comment", data={"text": "  "}).status_code == 422
    assert client.post(f"{place}/comment", data={"text": "The logo is old"}).status_code == 303
    assert "Cleo Client (guest) about version 1" in client.get(place).text
    member = lux.client(firm).get(f"/approvals/{item.public_id}").text
    assert "The logo is old" in member
    assert "Guests can read it: Cleo Client." in member
    with lux.db.read(firm.id) as session:
        notice = session.scalars(select(Notification).where(Notification.kind == "approval.comment")).one()
        assert "Cleo Client (guest)" in notice.title


def test_a_guest_decides_by_the_number_and_the_hash(lux: Installation) -> None:
    """A wrong number and an old page are told with what was typed; a yes lets it leave, a no has its reason."""
    firm = ready(lux, 2)
    allow(lux, firm)
    one, two = asked(lux, firm, "One"), asked(lux, firm, "Two")
    client, place = inside(lux, invited(lux, firm)), f"/review/{one.public_id}"
    form = {"shown_hash": one.content_hash, "confirmation": "2"}
    wrong = client.post(f"{place}/approve", data={**form, "confirmation": "17"})
    assert (wrong.status_code, 'value="17"' in wrong.text, "Type 2 to approve" in wrong.text) == (422, True, True)
    assert client.post(f"{place}/approve", data={**form, "shown_hash": "0" * 64}).status_code == 409
    assert state(lux, firm, one) is ItemState.PENDING
    done = client.post(f"{place}/approve", data=form, follow_redirects=True)
    assert "Approved. It leaves as you have seen it." in done.text
    assert client.post(f"{place}/approve", data=form).status_code == 409
    assert (
        client.post(f"/review/{two.public_id}/reject", data={"shown_hash": two.content_hash, "reason": ""}).status_code
        == 422
    )
    no = {"shown_hash": two.content_hash, "reason": "Not this price"}
    assert "Not this price" in client.post(f"/review/{two.public_id}/reject", data=no, follow_redirects=True).text
    lux.work()
    assert (state(lux, firm, one), state(lux, firm, two)) == (ItemState.PUBLISHED, ItemState.REJECTED)
    assert "Cleo Client (guest) said yes to version 1" in lux.client(firm).get(f"/approvals/{one.public_id}").text
    audit = lux.client(firm).get("/approvals/audit").text
    assert "Cleo Client (guest) approved" in audit
    assert "cleo@" not in audit


def test_guests_who_decide_hear_of_what_waits(lux_sqlite: Installation) -> None:
    """By a mail without a secret, once for each version; not who only comments, nor whose link is for another item."""
    lux = lux_sqlite
    firm = ready(lux, 1)
    allow(lux, firm)
    first = asked(lux, firm, "First")
    invited(lux, firm)
    invited(lux, firm, email="dan@client.example", may_decide=False)
    invited(lux, firm, email="eve@client.example", item=first.public_id, kinds=[])
    asked(lux, firm, "Second")
    with lux.db.read(firm.id) as session:
        mails = session.scalars(select(ApprovalQueue).where(ApprovalQueue.kind == ActKind.SYSTEM_EMAIL)).all()
        assert [(one.title, one.body["recipient"]) for one in mails] == [("approval_notice", "cleo@client.example")]


def test_a_guest_reaches_nothing_else(lux_sqlite: Installation) -> None:
    """Every route of the house with a guest's cookie is as closed as to a stranger; so are other items."""
    lux = lux_sqlite
    firm, other = ready(lux, 1), ready(lux, 1)
    allow(lux, firm)
    item, second, foreign = asked(lux, firm), asked(lux, firm, "Second"), asked(lux, other)
    client, asked_routes = inside(lux, invited(lux, firm, item=item.public_id, kinds=[])), 0
    for rule in rules(lux):
        found = rule_of(lux.app.view_functions[rule.endpoint])
        if found is None or found.right is None:
            continue
        for method in sorted((rule.methods or set()) & {"GET", "POST", "DELETE", "PUT", "PATCH"}):
            answer = client.open(path_of(rule, ids={"uuid": str(item.public_id)}), method=method)
            is_closed = answer.status_code in {401, 403, 404} or "/sign-in" in answer.headers.get("Location", "")
            assert is_closed, f"{method} {rule.rule} → {answer.status_code}"
            asked_routes += 1
    assert asked_routes > 200
    assert client.get(f"/review/{item.public_id}").status_code == 200
    for one in (second, foreign):
        place, shown = f"/review/{one.public_id}", {"shown_hash": one.content_hash}
        for path in (place, f"{place}/preview"):
            assert client.get(path).status_code == 404
        acts = {
            "approve": shown | {"confirmation": "1"},
            "reject": shown | {"reason": "mine"},
            "comment": {"text": "hello"},
        }
        for verb, form in acts.items():
            assert client.post(f"{place}/{verb}", data=form).status_code == 404
    assert (state(lux, firm, second), state(lux, other, foreign)) == (ItemState.PENDING, ItemState.PENDING)


def test_admins_invite_mail_anew_and_revoke(lux_sqlite: Installation) -> None:
    """The link leaves once, sealed; only its addressee may read it in the built-in mailbox."""
    lux = lux_sqlite
    firm = ready(lux, 1)
    admin, marketer = lux.member(firm.id, Role.ADMIN), lux.member(firm.id, Role.MARKETER)
    client, path = lux.client(admin), "/approvals/guests"
    assert "The policy allows no guests" in client.get(path).text
    assert lux.client(marketer).get(path).status_code == 403
    allow(lux, firm, guests_decide=False)
    item = asked(lux, firm)
    assert "Let a guest look at it" in client.get(f"/approvals/{item.public_id}").text
    assert f'value="{item.public_id}" selected' in client.get(f"{path}?item={item.public_id}").text
    form: dict[str, Any] = {
        "name": "Cleo",
        "email": "cleo@client.example",
        "may_comment": "1",
        "reach": "kinds",
        "kinds": ["email_campaign"],
        "until": (clock.now() + timedelta(days=30)).date().isoformat(),
    }
    refused = client.post(path, data={**form, "may_decide": "1"})
    assert (refused.status_code, 'value="cleo@client.example"' in refused.text) == (422, True)
    assert client.post(path, data={**form, "reach": "item", "item": ""}).status_code == 422
    assert client.post(path, data={**form, "reach": "item", "item": str(item.public_id)}).status_code == 303
    assert client.post(path, data=form).status_code == 303  # again: the same guest, another link
    with lux.db.read(firm.id) as session:
        guest = session.scalars(select(Guest)).one()
        mails = session.scalars(select(ApprovalQueue).where(ApprovalQueue.kind == ActKind.SYSTEM_EMAIL)).all()
        assert [one.title for one in mails] == ["guest_link", "guest_link"]
        assert all("/review/" not in str(one.body) for one in mails)
    lux.work()
    with lux.db.read(firm.id) as session:
        for reader in (firm, admin):
            assert [row for row, _item in captured.listing(session, reader.person) if "cleo" in row.address] == []
    assert "Cleo" in client.get(path).text
    for verb, words in (("renew", "A new link to cleo@client.example"), ("revoke", "does not work any more")):
        done = client.post(f"{path}/{guest.public_id}/{verb}", follow_redirects=True).text
        assert words in done
    assert "Revoked" in done
    assert client.post(f"{path}/{guest.public_id}/renew").status_code == 409
    stranger = lux.client(ready(lux, 0))
    assert stranger.post(f"{path}/{guest.public_id}/revoke").status_code == 404
