"""A system mail lets its recipient in: no page of the approvals shows one to anybody, whatever their role."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from lux.gate import automatic, preview, reads, submit
from lux.gate.models import ApprovalQueue
from lux.gate.service import ApprovalService
from lux.identity.access import Role
from lux.kit.errors import NotFound
from lux.ports.acts import ActKind
from lux.render.system import NUMBERS, PARAMS
from tests.factories import Firm, Installation

SECRET = "Zq7-only-for-the-recipient"


def test_every_template_is_tried() -> None:
    """The test below covers what the gate may send by itself."""
    assert set(PARAMS) == automatic.SYSTEM_TEMPLATES


def test_nobody_reads_a_system_mail_on_the_approvals_pages(lux_sqlite: Installation) -> None:
    """Item, preview, text and each decision, for each role: not found."""
    firm = lux_sqlite.firm()
    people = [firm, *(lux_sqlite.member(firm.id, role) for role in Role if role is not Role.OWNER)]
    items = [system_mail(lux_sqlite, firm, template) for template in sorted(PARAMS)]
    lux_sqlite.work()
    for somebody in people:
        client = lux_sqlite.client(somebody)
        for item in items:
            refuses_to_show(client, item)
        for tab in ("waiting", "going", "past"):
            assert SECRET not in client.get(f"/approvals/?tab={tab}").text


def refuses_to_show(client: FlaskClient, item: ApprovalQueue) -> None:
    """Ask every page of one item, and every decision on it."""
    place = f"/approvals/{item.public_id}"
    for path in (place, f"{place}/preview", f"{place}/preview?part=text", f"{place}/preview?as=1"):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert SECRET not in answer.text
    form = {"shown_hash": item.content_hash, "confirmation": "1", "reason": "looking"}
    for verb in ("approve", "reject", "cancel"):
        answer = client.post(f"{place}/{verb}", data=form)
        assert answer.status_code in {403, 404}, verb
        assert SECRET not in answer.text


def test_the_gate_itself_shows_none(lux_sqlite: Installation) -> None:
    """Not even code that asks the gate directly gets the words of a system mail."""
    firm = lux_sqlite.firm()
    item = system_mail(lux_sqlite, firm, "password_reset")
    with lux_sqlite.db.begin(firm.id) as session:
        for look in (
            lambda: reads.item(session, item.public_id),
            lambda: preview.rendered(session, item.id),
            lambda: ApprovalService(session).cancel(firm.person, item.public_id),
            lambda: ApprovalService(session).reject(
                firm.person, item.public_id, shown_hash=item.content_hash, reason="no"
            ),
        ):
            with pytest.raises(NotFound):
                look()


def system_mail(lux: Installation, firm: Firm, template: str) -> ApprovalQueue:
    """Let one system mail be on its way; returns its item."""
    params = {name: "5" if name in NUMBERS else f"https://lux.example.com/{SECRET}" for name in PARAMS[template]}
    with lux.db.begin(firm.id) as session:
        outbound = submit.submit_system_email(
            session, company_id=firm.id, template=template, recipient=f"{template}@example.com", params=params
        )
        item = session.scalar(select(ApprovalQueue).where(ApprovalQueue.id == outbound.item_id))
    assert item is not None
    assert item.kind is ActKind.SYSTEM_EMAIL
    return item
