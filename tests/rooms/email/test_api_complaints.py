"""Complaints through the API: a program that reads a feedback loop reports them, as often as it likes."""

from __future__ import annotations

from sqlalchemy import update

from lux.gate.models import Delivery
from lux.gate.states import DeliveryState
from lux.identity.api_keys import Scope
from tests.callers import Caller
from tests.factories import Installation
from tests.rooms.email import campaigns


def test_a_program_reports_a_complaint(lux_sqlite: Installation) -> None:
    """The answer names the campaign, a repetition changes nothing, and the contact is blocked from then on."""
    lux = lux_sqlite
    program = Caller(lux, campaigns.ready(lux, 1))
    public_id = campaigns.sent(lux, program.firm)
    (contact,) = program.ask("GET", "/contacts").json["data"]
    refused = program.post("/complaints", {"email": contact["email"]}, expect=422).json
    assert refused["errors"][0]["field"] == "email"  # it was captured: nobody got it
    assert program.post("/complaints", {}, expect=422).json["errors"][0]["field"] == "message_id"
    with lux.db.begin(program.firm.id) as session:
        session.execute(update(Delivery).values(state=DeliveryState.SENT))
    body = {"email": contact["email"], "source": "yahoo"}
    assert program.post("/complaints", body).json == {"campaign": str(public_id), "is_new": True}
    assert program.post("/complaints", body).json == {"campaign": str(public_id), "is_new": False}
    consent = program.ask("GET", f"/contacts/{contact['id']}").json["consents"][0]
    assert (consent["state"], consent["suppressed"]) == ("withdrawn", "complained")
    reader = Caller(lux, program.firm, Scope.CAMPAIGNS_READ, Scope.CAMPAIGNS_WRITE)
    reader.post("/complaints", body, expect=403)
