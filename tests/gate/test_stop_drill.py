"""The rehearsal: measured on real sending into the mailbox, without touching anything real."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import select, text, update

from lux.gate import captured, checks, stop
from lux.gate.models import ApprovalQueue, Delivery, Outbound
from lux.gate.registry import mailbox_folder
from lux.gate.states import DeliveryState, OutboundState
from lux.gate.stop import drill, scopes
from lux.gate.stop.drill import Rehearsal
from lux.gate.stop.models import DrillState, StopDrill
from lux.identity.access import Role
from lux.kit.errors import Forbidden, WrongState
from lux.ports.acts import AudienceRef, digest_of
from tests.factories import Installation
from tests.gate.conftest import approved, ready, submitted

EVERYONE = AudienceRef(source="everyone", key="", label="Everyone")


def begun(lux: Installation, firm_id: int, person: object) -> int:
    """Start a rehearsal; returns its number. The test itself does what the job would."""
    with lux.db.begin(firm_id) as session:
        drill.start(session, person)  # type: ignore[arg-type]
        session.execute(text("DELETE FROM job WHERE kind = 'gate.drill'"))
        return session.scalars(select(StopDrill.id).order_by(StopDrill.id.desc())).first() or 0


def test_a_rehearsal_is_measured_and_touches_nothing(lux_sqlite: Installation) -> None:
    """While it is stopped a real campaign leaves; afterwards the figure stands there, and its mails are gone."""
    lux = lux_sqlite
    firm = ready(lux, 3)
    with lux.db.begin(firm.id) as session:
        session.execute(text("UPDATE feature_toggle SET is_on = 0"))  # a rehearsal needs no switch and no sender
    number = begun(lux, firm.id, firm.person)
    worker = threading.Thread(target=lux.work)
    worker.start()
    Rehearsal(lux.db, lux.settings, number, time.sleep).run()
    worker.join(20)
    with lux.db.begin(firm.id) as session:
        session.execute(text("UPDATE feature_toggle SET is_on = 1"))
    approved(lux, firm, submitted(lux, firm, audience=EVERYONE))
    lux.work()
    with lux.db.read(firm.id) as session:
        found = drill.history(session)[0]
        assert (found.state, found.reason) == (DrillState.DONE, "")
        assert found.left_before >= drill.BEFORE
        assert found.rest_ms is not None
        assert found.settled_ms is not None
        assert (found.rest_ms <= found.settled_ms <= 20_000, found.is_kept) == (True, found.rest_ms <= 2000)
        assert found.left_before + found.left_after < drill.RECIPIENTS
        assert stop.active(session, firm.id) == []
        assert session.scalars(select(Outbound.state).order_by(Outbound.id)).all() == [
            OutboundState.CANCELLED, OutboundState.DONE,
        ]  # fmt: skip
        addresses = [row.address for row, _item in captured.listing(session, firm.person)]
        assert len(addresses) == 3  # the campaign's; a rehearsal's are nobody's to read
    assert len(list(mailbox_folder(lux.settings, firm.id).rglob("*.eml"))) == 3
    Rehearsal(lux.db, lux.settings, number, time.sleep).run()  # twice is once
    with lux.db.read(firm.id) as session:
        assert drill.history(session)[0] == found


def test_what_cannot_be_measured_says_so(lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker: it ends with the reason; a worker that died in the middle is found by its stop; both clean up."""
    lux = lux_sqlite
    firm = lux.firm()
    monkeypatch.setattr(drill, "PATIENCE", 0.0)
    first = begun(lux, firm.id, firm.person)
    with pytest.raises(WrongState, match="is running"), lux.db.begin(firm.id) as session:
        drill.start(session, firm.person)
    Rehearsal(lux.db, lux.settings, first, time.sleep).run()
    second = begun(lux, firm.id, firm.person)
    scope = scopes.Scope(kind=scopes.ScopeKind.DRILL, company_id=firm.id, value=str(second))
    with lux.db.begin(firm.id) as session:
        stop.press_by_system(session, scope, cause="drill", evidence="", reason="")
    Rehearsal(lux.db, lux.settings, second, time.sleep).run()
    with lux.db.read(firm.id) as session:
        reasons = [(one.state, one.reason.partition(" ")[0], one.rest_ms) for one in drill.history(session)]
        assert reasons == [(DrillState.FAILED, "The", None), (DrillState.FAILED, "Nothing", None)]
        assert stop.active(session, firm.id) == []
        assert set(session.scalars(select(Delivery.state))) == {DeliveryState.SKIPPED}


def test_who_may_not_and_when_not(lux_sqlite: Installation) -> None:
    """Owners and operators, and not while something is stopped in earnest."""
    firm = lux_sqlite.firm()
    admin = lux_sqlite.member(firm.id, Role.ADMIN)
    with pytest.raises(Forbidden), lux_sqlite.db.begin(firm.id) as session:
        drill.start(session, admin.person)
    with lux_sqlite.db.begin(firm.id) as session:
        stop.press(session, company_id=firm.id, by=firm.person)
    with pytest.raises(WrongState, match="in earnest"), lux_sqlite.db.begin(firm.id) as session:
        drill.start(session, firm.person)


@pytest.mark.parametrize("change", [{"account": "8c1f"}, {"recipients": ["a@example.com"]}, {"audience": {
    "source": "everyone", "key": "", "label": "", "rule": {}}}])  # fmt: skip
def test_a_rehearsal_goes_nowhere_else(lux_sqlite: Installation, change: dict[str, object]) -> None:
    """Changed in the database, hash and all: refused before anything could leave."""
    firm = lux_sqlite.firm()
    begun(lux_sqlite, firm.id, firm.person)
    with lux_sqlite.db.begin(firm.id) as session:
        item = session.query(ApprovalQueue).one()
        body = {**item.body, **change}
        digest = digest_of(body)
        item.body, item.content_hash = body, digest
        session.flush()
        session.execute(update(ApprovalQueue).values(content_hash=digest))
        session.execute(text("UPDATE approval_decision SET content_hash = :digest"), {"digest": digest})
        outbound_id = session.query(Outbound).one().id
    with pytest.raises(checks.Refusal) as caught, lux_sqlite.db.begin(firm.id) as session:
        checks.clear(session, outbound_id)
    assert caught.value.check == "drill"
