"""Who reads what in the built-in mailbox: campaigns everybody of the company, system mails only whom they are for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from lux.gate.automatic import SYSTEM_TEMPLATES
from lux.gate.models import ApprovalQueue, Delivery, Outbound
from lux.gate.reads import DeliveryState
from lux.gate.submit import submit_system_email
from lux.identity import invitations
from lux.identity.access import Role
from lux.kit.db import ALL_COMPANIES
from lux.ledger.models import ApprovalAuditLog
from tests.rooms.email import campaigns

if TYPE_CHECKING:
    import uuid

    from tests.factories import Firm, Installation

PARAMS = {
    "url": "http://localhost/reset/a-secret-link",
    "minutes": "60",
    "code": "123456",
    "company": "Lantern",
    "sender": "news@example.com",
    "inviter": "Maya",
    "name": "Ada",
    "role": "Admin",
    "days": "7",
    "title": "A title",
    "author": "Jo",
    "recipients": "3",
    "detail": "Words",
}
SHARED = {"invitation", "sender_code"}  # who could make one may read it; everything else is its addressee's


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A message in the mailbox."""

    delivery_id: int
    item: uuid.UUID


def kept(lux: Installation, firm: Firm, template: str, recipient: str) -> Kept:
    """Have a system mail captured."""
    with lux.db.begin(firm.id) as session:
        outbound = submit_system_email(
            session, company_id=firm.id, template=template, recipient=recipient, params=PARAMS
        )
        outbound_id = outbound.id
    lux.work()
    with lux.db.read(firm.id) as session:
        row = session.execute(
            select(Delivery.id, ApprovalQueue.public_id)
            .join(Outbound, Outbound.id == Delivery.outbound_id)
            .join(ApprovalQueue, ApprovalQueue.id == Outbound.item_id)
            .where(Delivery.outbound_id == outbound_id, Delivery.state == DeliveryState.CAPTURED)
        ).one()
        return Kept(delivery_id=row[0], item=row[1])


def ways_in(lux: Installation, reader: Firm, mail: Kept) -> dict[str, bool]:
    """Say by which ways somebody gets to see a message."""
    client = lux.client(reader)
    address = f"/mailbox/{mail.delivery_id}"
    found = {path or "/": client.get(address + path).status_code == 200 for path in ("", "/frame", "/source")}
    with lux.db.read(0) as session:
        taken = select(ApprovalAuditLog.actor_id).where(ApprovalAuditLog.action == "mailbox.message_downloaded")
        assert reader.user_id in session.scalars(taken).all() or not found["/source"], "who takes it is noted"
    found["list"] = f'href="{address}"' in client.get("/mailbox/").get_data(as_text=True)
    return found


def reads_it(lux: Installation, reader: Firm, mail: Kept) -> bool:
    """Say whether somebody may read a message, by every way or by none."""
    ways = ways_in(lux, reader, mail)
    assert len(set(ways.values())) == 1, ways
    return ways["list"]


@pytest.mark.parametrize("template", sorted(SYSTEM_TEMPLATES))
def test_a_system_mail_is_read_by_its_addressee_and_by_who_could_have_made_it(
    lux_sqlite: Installation, template: str
) -> None:
    """Each template × each role × the addressee × another company."""
    lux = lux_sqlite
    owner, other = lux.firm(), lux.firm()
    mail = kept(lux, owner, template, "Somebody.Else@example.com")
    for role in Role:
        person = lux.member(owner.id, role)
        is_shown = template in SHARED and role in {Role.ADMIN, Role.OWNER}
        assert reads_it(lux, person, mail) is is_shown, (template, role)
        own = kept(lux, owner, template, person.person.email.upper())
        assert reads_it(lux, person, own), (template, role)
        assert not reads_it(lux, other, own), (template, role)
    assert not reads_it(lux, other, mail)


def test_no_preview_shows_a_system_mail(lux_sqlite: Installation) -> None:
    """Not even an owner who knows the item's number sees a link that belongs to somebody else."""
    owner = lux_sqlite.firm()
    mail = kept(lux_sqlite, owner, "password_reset", "somebody@example.com")
    answer = lux_sqlite.client(owner).get(f"/approvals/{mail.item}/preview")
    assert answer.status_code == 404
    assert "a-secret-link" not in lux_sqlite.client(owner).get(f"/approvals/{mail.item}").get_data(as_text=True)


def test_an_admin_does_not_read_an_invitation_to_become_owner(lux_sqlite: Installation) -> None:
    """Only owners make owners: an open invitation to become one is read by owners, one to be admin by admins too."""
    lux = lux_sqlite
    owner = lux.firm()
    admin = lux.member(owner.id, Role.ADMIN)
    for role, email in ((Role.OWNER, "next@example.com"), (Role.ADMIN, "help@example.com")):
        with lux.db.begin(owner.id) as session:
            invitations.invite(session, owner.person, email=email, role=role)
        mail = kept(lux, owner, "invitation", email)
        assert reads_it(lux, owner, mail)
        assert reads_it(lux, admin, mail) is (role is Role.ADMIN)


def test_everybody_of_the_company_reads_what_a_campaign_left_there(lux_sqlite: Installation) -> None:
    """Captured campaigns are there to be looked at."""
    firm = campaigns.ready(lux_sqlite, 1)
    one = campaigns.deliveries(lux_sqlite, firm, campaigns.sent(lux_sqlite, firm))[0]
    mail = Kept(delivery_id=one.id, item=firm.person.user_public_id)
    assert reads_it(lux_sqlite, lux_sqlite.member(firm.id, Role.VIEWER), mail)
    assert not reads_it(lux_sqlite, lux_sqlite.firm(), mail)


def test_nobody_becomes_somebody_else_through_the_forgotten_password(lux: Installation) -> None:
    """A viewer asks for the owner's link and finds it nowhere; the owner, signed in elsewhere, does."""
    owner = lux.firm()
    viewer = lux.member(owner.id, Role.VIEWER)
    assert lux.client().post("/forgot", data={"email": owner.person.email}).status_code == 200
    lux.work()
    pages = [lux.client(viewer).get(path).get_data(as_text=True) for path in ("/mailbox/", "/", "/approvals/?tab=past")]
    assert all(owner.person.email not in page for page in pages)
    listed = re.findall(r'href="(/mailbox/\d+)"', lux.client(owner).get("/mailbox/").get_data(as_text=True))
    assert len(listed) == 1
    for path in ("", "/frame", "/source"):
        assert lux.client(viewer).get(listed[0] + path).status_code == 404
        assert "/reset/" in lux.client(owner).get(listed[0] + path).get_data(as_text=True)


def test_a_reset_mail_goes_through_the_company_in_which_the_person_may_most(lux: Installation) -> None:
    """A company in which somebody only looks does not get to carry the key to the company they own."""
    first, own = lux.firm("Aardvark & Co"), lux.firm("Zebra & Co")
    with lux.db.begin(ALL_COMPANIES) as session:
        from lux.identity import members

        members.add(session, first.id, own.user_id, Role.VIEWER)
    lux.client().post("/forgot", data={"email": own.person.email})
    lux.work()
    with lux.db.read(ALL_COMPANIES) as session:
        assert session.scalars(select(Delivery.company_id)).all() == [own.id]


def test_the_answer_to_a_forgotten_password_is_the_same_for_everybody(lux_sqlite: Installation) -> None:
    """Known or not: one page, which also names the way for a house without a mail server."""
    firm = lux_sqlite.firm()
    known = lux_sqlite.client().post("/forgot", data={"email": firm.person.email}).get_data(as_text=True)
    unknown = lux_sqlite.client().post("/forgot", data={"email": "nobody@example.com"}).get_data(as_text=True)
    strip = re.compile(r'<meta name="csrf-token"[^>]*>|nonce="[^"]*"|name="csrf_token" value="[^"]*"')
    assert strip.sub("", known) == strip.sub("", unknown)
    assert "lux reset-link" in known
