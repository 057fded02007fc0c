"""A mail in the browser: what was approved, with this recipient's details of today, and nothing for anybody else."""

from __future__ import annotations

from sqlalchemy import select, update

from lux.gate.messages import token_key
from lux.gate.models import Delivery
from lux.gate.reads import DeliveryState
from lux.render import tokens
from lux.rooms.contacts.models import Contact
from tests.factories import Installation
from tests.full_company import filled


def test_a_recipient_looks_at_their_own_mail(lux: Installation) -> None:
    """The token of one delivery shows that delivery, sandboxed; other purposes and strangers see nothing."""
    firm = filled(lux)
    with lux.db.read(firm.id) as session:
        key = token_key(session)
        one = session.scalars(select(Delivery).where(Delivery.state == DeliveryState.CAPTURED)).first()
    assert one is not None
    client = lux.client()
    answer = client.get(f"/v/{tokens.mint(key, tokens.VIEW, one.id)}")
    assert answer.status_code == 200
    assert "Hi First" in answer.get_data(as_text=True)
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    with lux.db.begin(firm.id) as session:
        session.execute(update(Contact).where(Contact.id == one.contact_id).values(first_name="Renamed"))
    assert "Hi Renamed" in client.get(f"/v/{tokens.mint(key, tokens.VIEW, one.id)}").get_data(as_text=True)
    for other in (tokens.mint(key, tokens.UNSUBSCRIBE, one.id), tokens.mint(key, tokens.VIEW, 10**9), "nothing"):
        assert client.get(f"/v/{other}").status_code == 404
