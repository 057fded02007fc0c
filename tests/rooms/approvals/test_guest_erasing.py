"""A guest is erased: name and address stand nowhere any more, the link is dead, the chain holds, decisions stay."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from lux.gate.guests.models import Guest
from lux.gate.models import ApprovalDecision
from lux.identity import api_keys
from lux.identity.api_keys import Scope
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Base
from lux.ledger import audit
from lux.ledger.models import ApprovalAuditLog
from tests.factories import Firm, Installation
from tests.gate.conftest import ready
from tests.gate.guests import allow, invited
from tests.rooms.approvals.test_guest_pages import asked, inside


def places(lux: Installation) -> list[str]:
    """Return the tables and files that name the guest."""
    with lux.db.read(ALL_COMPANIES) as session:
        found = [
            table.name
            for table in Base.metadata.sorted_tables
            if any("cleo" in str(tuple(row)).lower() for row in session.execute(select(table)))
        ]
    files = [path for path in (lux.settings.home / "mailbox").rglob("*") if path.is_file()]
    return found + [path.name for path in files if b"cleo" in path.read_bytes().lower()]


def key(lux: Installation, firm: Firm, *scopes: Scope) -> dict[str, str]:
    """Return the header of a program's calls."""
    with lux.db.begin(firm.id) as session:
        token = api_keys.issue(session, name="Erasure", scopes=scopes, by=firm.person)[1]
    return {"Authorization": f"Bearer {token}"}


def test_an_erased_guest_stands_nowhere_and_what_they_decided_stays(lux: Installation) -> None:
    """Rows, notices, mails kept by the mailbox, words in the audit log; the chain is as it was, one row longer."""
    firm, other = ready(lux, 2), lux.firm()
    allow(lux, firm)
    admin, address = lux.client(firm), {"name": "Cleo Client", "email": "cleo@client.example"}
    form = {**address, "may_comment": "1", "may_decide": "1", "reach": "kinds", "kinds": "email_campaign",
            "until": (clock.now() + timedelta(days=9)).date().isoformat()}  # fmt: skip
    assert admin.post("/approvals/guests", data=form).status_code == 303
    token = invited(lux, firm)
    item, client = asked(lux, firm), inside(lux, token)
    place = f"/review/{item.public_id}"
    assert client.post(f"{place}/comment", data={"text": "The logo is old"}).status_code == 303
    assert client.post(f"{place}/reject", data={"shown_hash": item.content_hash, "reason": "Not us"}).status_code == 303
    with lux.db.begin(firm.id) as session:
        audit.append(
            session, firm.id, actor=audit.SYSTEM, action="stop.pressed", detail={"reason": "cleo@client.example"}
        )
        public_id = session.scalars(select(Guest.public_id)).one()
    url = f"/approvals/guests/{public_id}/erase"
    waiting = admin.post(url)
    assert (waiting.status_code, "is leaving just now" in waiting.text) == (409, True)
    lux.work()
    assert {"guest", "approval_queue", "approval_decision", "approval_comment", "notification", "delivery",
            "audit_words"} <= set(places(lux))  # fmt: skip

    assert lux.client(other).post(url).status_code == 404
    assert admin.post(url).status_code == 303
    assert places(lux) == []
    assert client.get("/review/").status_code == 404
    assert lux.client().get(f"/review/link/{token}").status_code == 404
    assert admin.post(url).status_code == 409, "once is enough"
    assert admin.post(f"/approvals/guests/{public_id}/renew").status_code == 409
    assert "A guest whose name was erased" in admin.get("/approvals/guests").text
    shown = admin.get(f"/approvals/{item.public_id}").text
    assert all(words in shown for words in ("The logo is old", "Not us", "(guest)"))
    assert "erased the name and address of a guest reviewer" in admin.get("/approvals/audit").text
    with lux.db.read(firm.id) as session:
        assert audit.verify(session, firm.id)[1] is None
        assert session.scalar(select(func.count()).where(ApprovalDecision.guest_id.is_not(None))) == 1
        last = session.scalars(select(ApprovalAuditLog.action).order_by(ApprovalAuditLog.seq.desc()).limit(1)).one()
        assert last == "guest.erased"
    assert inside(lux, invited(lux, firm)).get("/review/").status_code == 200, "somebody new of the same address"


def test_a_program_erases_a_guest(lux_sqlite: Installation) -> None:
    """With the scope that erases people; one of another company is not there."""
    lux = lux_sqlite
    firm, other = ready(lux, 1), lux.firm()
    allow(lux, firm)
    invited(lux, firm)
    client, reads = lux.client(), key(lux, firm, Scope.CONTACTS_READ)
    writes, foreign = key(lux, firm, Scope.CONTACTS_WRITE), key(lux, other, Scope.CONTACTS_WRITE)
    (guest,) = client.get("/api/v1/guests", headers=reads).json["data"]
    assert (guest["email"], guest["state"]) == ("cleo@client.example", "open")
    url = f"/api/v1/guests/{guest['id']}"
    assert client.delete(url, headers=reads).status_code == 403
    assert client.delete(url, headers=foreign).status_code == 404
    assert client.delete(url, headers=writes).status_code == 204
    (guest,) = client.get("/api/v1/guests", headers=reads).json["data"]
    assert (guest["name"], guest["email"], guest["state"]) == ("", "", "erased")
    assert places(lux) == []
