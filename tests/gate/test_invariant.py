"""The proof of the state machines can fail: break the gate in one place, and it finds what left without its yes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from lux.gate import checks, decide, moves, submit
from lux.gate.models import ApprovalDecision, ApprovalQueue
from lux.gate.reads import ItemView
from lux.gate.registry import mailbox_folder
from lux.gate.service import ApprovalService
from lux.kit.errors import Conflict
from tests.factories import Firm, Installation
from tests.gate.conftest import Told, act, approved, ready, submitted
from tests.gate.invariant import Proof


@pytest.fixture
def proof(lux_sqlite: Installation, told_sqlite: Told) -> Proof:
    """Watch an installation."""
    assert told_sqlite.events == []
    return Proof(lux_sqlite)


def yes(proof: Proof, firm: Firm, item: ItemView) -> None:
    """Say yes, and tell the proof."""
    approved(proof.lux, firm, item)
    proof.allow(item.content_hash)


def edit(proof: Proof, firm: Firm, item: ItemView, subject: str = "Other") -> None:
    """Change what it says: whatever yes there was is void."""
    with proof.lux.db.begin(firm.id) as session:
        ApprovalService(session).edit(firm.person, item.public_id, act(firm, subject=subject), title="Hello")
    proof.void(item.content_hash)


def test_what_was_approved_is_found_to_be_so(proof: Proof) -> None:
    """Each message is the approved one, byte for byte; a byte more, or a file that no row knows, is told."""
    firm = ready(proof.lux, 2)
    yes(proof, firm, submitted(proof.lux, firm))
    proof.lux.work()
    assert proof.hold(firm.id) == 2
    path = next(mailbox_folder(proof.lux.settings, firm.id).rglob("*.eml"))
    path.write_bytes(path.read_bytes().replace(b"Hello", b"Hullo", 1))
    with pytest.raises(AssertionError, match="byte for byte"):
        proof.hold(firm.id)
    path.rename(path.with_name("999999.eml"))
    with pytest.raises(AssertionError, match="nobody was to get this"):
        proof.hold(firm.id)


def unchecked(session: Any, _item: ApprovalQueue, outbound: Any) -> ApprovalDecision:
    """Stand for a check at departure that compares nothing."""
    return session.scalars(select(ApprovalDecision).where(ApprovalDecision.id == outbound.approval_id)).one()


def changed_behind_the_gate(proof: Proof, firm: Firm, patch: pytest.MonkeyPatch) -> None:
    """The hashes are not compared at departure, and somebody changes the row."""
    patch.setattr(checks, "_decision", unchecked)
    yes(proof, firm, submitted(proof.lux, firm))
    with proof.lux.db.begin(firm.id) as session:
        row = session.scalars(select(ApprovalQueue)).one()
        row.body = {**row.body, "subject": "Something else"}


def approved_from_a_stale_page(proof: Proof, firm: Firm, patch: pytest.MonkeyPatch) -> None:
    """The hash that was shown is not asked for."""
    item = submitted(proof.lux, firm)
    edit(proof, firm, item)
    real = decide.decide

    def careless(session: Any, decider: Any, item: Any, *, shown_hash: str, **more: Any) -> Any:
        assert shown_hash
        return real(session, decider, item, shown_hash=item.content_hash, **more)

    with pytest.raises(Conflict):
        approved(proof.lux, firm, item)
    patch.setattr("lux.gate.service.decide", careless)
    approved(proof.lux, firm, item)
    proof.allow(item.content_hash)  # this is what somebody saw and meant


def sent_after_an_edit(proof: Proof, firm: Firm, patch: pytest.MonkeyPatch) -> None:
    """An edit leaves the yes where it is, and departure compares nothing."""
    item = submitted(proof.lux, firm)
    yes(proof, firm, item)
    with patch.context() as during:
        during.setattr(submit.moves, "move_outbound", lambda *_arguments, **_named: None)
        edit(proof, firm, item)
    patch.setattr(checks, "_decision", unchecked)


def sent_at_the_first_of_two(proof: Proof, firm: Firm, patch: pytest.MonkeyPatch) -> None:
    """It leaves although nobody ever said the last yes."""
    item = submitted(proof.lux, firm)
    with proof.lux.db.begin(firm.id) as session:
        row = session.scalars(select(ApprovalQueue).where(ApprovalQueue.public_id == item.public_id)).one()
        decision = ApprovalDecision(
            item_id=row.id, version=row.version, content_hash=row.content_hash, verdict="yes", method="person",
            decided_by=firm.user_id, session_id=firm.person.session_id, number=1, needed=2,
        )  # fmt: skip
        session.add(decision)
        session.flush()
        moves.move_item(session, row, checks.ItemState.APPROVED)
        moves.release(session, row, decision, due_at=checks.clock.now())
    patch.setattr(checks, "_decision", unchecked)


BREAKS: dict[str, tuple[Callable[[Proof, Firm, pytest.MonkeyPatch], None], str]] = {
    "the hash is not compared": (changed_behind_the_gate, "byte for byte"),
    "a stale page approves": (approved_from_a_stale_page, "never whole, or is over"),
    "an edit keeps the yes": (sent_after_an_edit, "is over"),
    "one yes of two lets it go": (sent_at_the_first_of_two, "never whole, or is over"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_gate_that_is_broken_in_one_place_is_found_out(
    proof: Proof, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Each break lets something leave, and the proof says so; whole, the gate lets nothing of it leave."""
    breaks, words = BREAKS[name]
    firm = ready(proof.lux, 2)
    breaks(proof, firm, monkeypatch)
    proof.lux.work()
    assert len(list(mailbox_folder(proof.lux.settings, firm.id).rglob("*.eml"))) == 2, "the break broke nothing"
    with pytest.raises(AssertionError, match=words):
        proof.hold(firm.id)
