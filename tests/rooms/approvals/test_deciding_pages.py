"""Pages and API around deciding: policy, several at once, comments, history, figures, and who hears of what."""

from __future__ import annotations

import re

from sqlalchemy import select

from lux.gate import reads
from lux.gate.deciding import policies
from lux.gate.models import ApprovalQueue
from lux.gate.reads import ItemState, ItemView
from lux.gate.service import ApprovalService
from lux.identity import api_keys
from lux.identity.access import Role
from lux.identity.api_keys import Scope
from lux.ports.acts import ActKind, AudienceRef
from lux.rooms.notifications import service as notifications
from lux.rooms.notifications.models import Notification
from lux.rooms.notifications.topics import Wish
from tests.factories import Firm, Installation
from tests.gate.conftest import act, ready, submitted

EVERYONE = AudienceRef(source="everyone", key="", label="Everyone")


def waiting(lux: Installation, firm: Firm, count: int) -> list[ItemView]:
    """Submit some mails."""
    return [submitted(lux, firm, audience=EVERYONE, subject=f"Number {n}") for n in range(count)]


def states(lux: Installation, firm: Firm, items: list[ItemView]) -> list[ItemState]:
    """Return how items stand."""
    with lux.db.read(firm.id) as session:
        return [reads.item(session, one.public_id).state for one in items]


def chosen(text: str) -> list[str]:
    """Return what the form of the page carries for each item."""
    return re.findall(r'name="chosen" value="([^"]+)"', text.partition('id="reject-all"')[0])


def test_the_policy_is_chosen_by_admins_and_read_by_all(lux_sqlite: Installation) -> None:
    """A wrong value keeps the form and what was typed; letting more pass asks why and tells the others."""
    lux = lux_sqlite
    firm = lux.firm()
    admin, marketer = lux.member(firm.id, Role.ADMIN), lux.member(firm.id, Role.MARKETER)
    client, path = lux.client(firm), "/approvals/policy"
    assert "Nobody has chosen yet" in client.get(path).text
    form = {"version": "0", "four_eyes": "true", "two_above": "500", "expires_days": "10", "offer_hours": "48"}
    answer = client.post(path, data={**form, "expires_days": "400"})
    assert answer.status_code == 422
    assert 'value="500"' in answer.text
    assert lux.client(marketer).post(path, data=form).status_code == 403
    assert client.post(path, data=form).status_code == 303
    assert client.post(path, data=form).status_code == 409  # an old page
    shown = lux.client(marketer).get(path).text
    assert "four eyes: somebody else says yes" in shown
    assert "<form" not in shown.partition("<main")[2].partition("</main>")[0]
    looser = {"version": "1", "four_eyes": "false", "two_above": "", "expires_days": "10", "offer_hours": "48"}
    assert client.post(path, data=looser).status_code == 422
    assert client.post(path, data={**looser, "reason": "We are two"}).status_code == 303
    with lux.db.read(firm.id) as session:
        assert policies.rules_of(session) == policies.Rules(expires_days=10, offer_hours=48)
        told = session.execute(select(Notification.user_id, Notification.body).where(
            Notification.kind == "approval.policy")).all()  # fmt: skip
    assert [tuple(one) for one in told] == [(admin.user_id, "We are two")]


def test_a_batch_is_looked_at_typed_and_reported_item_by_item(lux_sqlite: Installation) -> None:
    """Without a script: choose, read, type the sum; the one that was changed meanwhile is named and waits."""
    lux = lux_sqlite
    firm = ready(lux, 2)
    items = waiting(lux, firm, 3)
    client = lux.client(firm)
    assert client.get("/approvals/").text.count('name="ids"') == 3
    path = "/approvals/batch?" + "&".join(f"ids={one.public_id}" for one in items)
    page = client.get(path).text
    assert all(f"Number {n}" in page for n in range(3))
    values = chosen(page)
    assert len(values) == 3
    wrong = client.post("/approvals/batch/approve", data={"chosen": values, "confirmation": "3"})
    assert wrong.status_code == 422
    assert chosen(wrong.text) == values
    with lux.db.begin(firm.id) as session:
        ApprovalService(session).edit(
            firm.person, items[1].public_id, act(firm, audience=EVERYONE, subject="Changed"), title="Changed"
        )
    done = client.post("/approvals/batch/approve", data={"chosen": values, "confirmation": "6"})
    assert done.status_code == 200
    assert "1 of 3 could not be decided on" in done.text
    assert "The content changed after you opened it." in done.text
    assert states(lux, firm, items) == [ItemState.APPROVED, ItemState.PENDING, ItemState.APPROVED]
    rest = chosen(client.get(f"/approvals/batch?ids={items[1].public_id}&ids=nonsense").text)
    for reason, status in (("", 422), ("Not this week", 200)):
        answer = client.post("/approvals/batch/reject", data={"chosen": rest, "reason": reason})
        assert answer.status_code == status
    assert states(lux, firm, items)[1] is ItemState.REJECTED
    marketer = lux.client(lux.member(firm.id, Role.MARKETER))
    assert marketer.get(path).status_code == 403
    assert marketer.post("/approvals/batch/approve", data={"chosen": values, "confirmation": "6"}).status_code == 403


def test_two_yeses_comments_and_figures_stand_on_the_pages(lux_sqlite: Installation) -> None:
    """One of two is said in the list and on the item; a comment reaches the author; a figure without data is none."""
    lux = lux_sqlite
    firm = ready(lux, 2)
    admin, marketer = lux.member(firm.id, Role.ADMIN), lux.member(firm.id, Role.MARKETER)
    client = lux.client(firm)
    figures = client.get("/approvals/").text.partition('id="figures"')[2]
    assert figures.count("Not known") == 4
    with lux.db.begin(firm.id) as session:
        policies.choose(session, firm.person, policies.Rules(two_above=1), version=0)
    item = waiting(lux, firm, 1)[0]
    path = f"/approvals/{item.public_id}"
    form = {"shown_hash": item.content_hash, "confirmation": "2"}
    assert "Your yes counts: 1 of 2." in client.post(f"{path}/approve", data=form, follow_redirects=True).text
    assert "1 of 2 yeses" in client.get("/approvals/").text
    mine = client.get(path).text
    assert "You said yes already" in mine
    assert f'action="{path}/approve"' not in mine
    assert f'action="{path}/reject"' in mine
    said = lux.client(marketer).post(f"{path}/comment", data={"text": "Shorter, please"}, follow_redirects=True)
    assert "Shorter, please" in said.text
    assert lux.client(marketer).post(f"{path}/comment", data={"text": ""}).status_code == 422
    with lux.db.read(firm.id) as session:
        kinds = session.execute(select(Notification.user_id, Notification.kind)).all()
    assert (firm.user_id, "approval.comment") in [tuple(one) for one in kinds]
    assert lux.client(admin).post(f"{path}/approve", data=form).status_code == 303
    assert states(lux, firm, [item]) == [ItemState.APPROVED]
    assert "said yes to their own work (solo)" in client.get(path).text
    assert "over 1 yes" in client.get("/approvals/").text


def test_programs_read_how_it_was_decided_and_decide_nothing(lux_sqlite: Installation) -> None:
    """Yeses, history, figures and policy by key; there is no operation that decides."""
    lux = lux_sqlite
    firm = ready(lux, 2)
    lux.member(firm.id, Role.ADMIN)
    with lux.db.begin(firm.id) as session:
        policies.choose(session, firm.person, policies.Rules(two_above=1), version=0)
        _key, secret = api_keys.issue(session, name="Reader", scopes=[Scope.APPROVALS_READ], by=firm.person)
    item = waiting(lux, firm, 1)[0]
    with lux.db.begin(firm.id) as session:
        ApprovalService(session).approve(firm.person, item.public_id, shown_hash=item.content_hash)
    client, headers = lux.client(), {"Authorization": f"Bearer {secret}"}

    def read(path: str) -> dict[str, object]:
        answer = client.get(f"/api/v1/approvals{path}", headers=headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.get_json()
        return found

    shown = read(f"/{item.public_id}")
    assert (shown["yeses"], shown["yeses_needed"], shown["comes_after"]) == (1, 2, None)
    assert [one["what"] for one in read(f"/{item.public_id}/history")["data"]] == ["submitted", "solo"]  # type: ignore[attr-defined]
    figures = read("/figures?days=90")
    assert (figures["waiting"], figures["median_seconds"], figures["days"]) == (1, None, 90)
    assert read("/policy") == {
        "is_chosen": True, "four_eyes": False, "two_above": 1, "expires_days": 14, "offer_hours": 72,
    }  # fmt: skip
    for verb in ("post", "put", "patch", "delete"):
        answer = getattr(client, verb)(f"/api/v1/approvals/{item.public_id}/approve", headers=headers)
        assert answer.status_code in {404, 405}


def test_a_mail_about_what_waits_leads_to_the_page_and_decides_nothing(lux_sqlite: Installation) -> None:
    """Only to who asked for mails; opening its link, as mail scanners do, leaves the item as it was."""
    lux = lux_sqlite
    firm = ready(lux, 2)
    admin = lux.member(firm.id, Role.ADMIN)
    with lux.db.begin(firm.id) as session:
        notifications.wish(session, admin.user_id, {"approvals": Wish(in_bell=True, by_mail=True)})
    item = waiting(lux, firm, 1)[0]
    with lux.db.read(firm.id) as session:
        query = select(ApprovalQueue).where(ApprovalQueue.kind == ActKind.SYSTEM_EMAIL)
        mails = [row.body for row in session.scalars(query)]
    assert [(one["template"], one["recipient"]) for one in mails] == [("approval_notice", admin.person.email)]
    for who in (admin, firm):
        for path in ("", "/preview", "/approve", "/reject", "/comment"):
            lux.client(who).get(f"/approvals/{item.public_id}{path}")
        lux.client(who).get(f"/approvals/batch?ids={item.public_id}")
    assert states(lux, firm, [item]) == [ItemState.PENDING]
    lux.work()
    with lux.db.read(firm.id) as session:
        sent = session.scalars(select(ApprovalQueue.state).where(ApprovalQueue.kind == ActKind.SYSTEM_EMAIL)).all()
    assert list(sent) == [ItemState.PUBLISHED]
