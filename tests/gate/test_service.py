"""ApprovalService by its stable names: submit and edit, as programs above the pages use them."""

from __future__ import annotations

import pytest

from lux.gate import reads
from lux.gate.reads import ItemState, ItemView, OutboundState
from lux.gate.service import ApprovalService
from lux.identity.access import Role
from lux.kit.errors import Forbidden, NotFound, WrongState
from tests.factories import Firm, Installation
from tests.gate.conftest import Told, act, approved, ready
from tests.gate.test_sending import states


def submitted(lux: Installation, firm: Firm) -> ItemView:
    """Queue a mail through the service."""
    with lux.db.begin(firm.id) as session:
        outbound = ApprovalService(session).submit(
            act(firm), author=firm.person, title="Hello", subject=("campaign", 1), rationale="It is autumn"
        )
        return reads.outbound(session, outbound.id).item


def edited(lux: Installation, firm: Firm, item: ItemView, **values: str) -> ItemView:
    """Change its content through the service."""
    with lux.db.begin(firm.id) as session:
        ApprovalService(session).edit(firm.person, item.public_id, act(firm, **values), title="Hello again")
    with lux.db.read(firm.id) as session:
        return reads.item(session, item.public_id)


def test_submitting_holds_it_until_a_yes(lux: Installation, told: Told) -> None:
    """It waits with its rationale; with a yes it leaves."""
    firm = ready(lux, 3)
    item = submitted(lux, firm)
    assert (item.state, item.rationale, item.version) == (ItemState.PENDING, "It is autumn", 1)
    lux.work()
    assert states(lux, firm.id) == {}
    approved(lux, firm, item)
    lux.work()
    assert states(lux, firm.id) == {"captured": 3}


def test_an_edit_voids_the_yes(lux: Installation, told: Told) -> None:
    """Version 2 waits; what was approved never leaves, the new content does after its own yes."""
    firm = ready(lux, 3)
    item = submitted(lux, firm)
    approved(lux, firm, item)
    after = edited(lux, firm, item, subject="Better")
    assert (after.state, after.version, after.title) == (ItemState.PENDING, 2, "Hello again")
    assert after.decided_by_name == ""
    lux.work()
    assert states(lux, firm.id) == {}
    with lux.db.read(firm.id) as session:
        assert reads.item_outbound(session, item.id).state is OutboundState.HELD
        assert reads.last_approved(session, item.id, before_version=2) == item.body
    approved(lux, firm, after)
    lux.work()
    assert states(lux, firm.id) == {"captured": 3}


def test_what_has_left_is_not_edited(lux_sqlite: Installation, told: Told) -> None:
    """Nor by a viewer, nor from another company."""
    firm = ready(lux_sqlite, 3)
    item = submitted(lux_sqlite, firm)
    viewer = lux_sqlite.member(firm.id, Role.VIEWER)
    with pytest.raises(Forbidden):
        edited(lux_sqlite, viewer, item)
    with pytest.raises(NotFound):
        edited(lux_sqlite, ready(lux_sqlite, 1), item)
    approved(lux_sqlite, firm, item)
    lux_sqlite.work()
    with pytest.raises(WrongState):
        edited(lux_sqlite, firm, item)
