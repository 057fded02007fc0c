"""What the sink received is a subset of what was approved, hash for hash: the proof that every state machine holds.

A machine tells what people said yes to, by the hash that they were shown, and takes it back when that yes is void by
the rules of the house. Every message that lies in the sink is then led back to a yes: by the rows, and without them, by
building it anew from the version that was approved and comparing the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.gate.messages import builder_for
from lux.gate.models import ApprovalDecision, ApprovalQueue, ApprovalVersion, Delivery, Outbound
from lux.gate.registry import mailbox_folder
from lux.gate.series import frame
from lux.gate.states import Method, Verdict
from lux.kit import clock
from lux.ports.acts import AUTOMATIC, RunSeries, SendEmail, act_from, digest_of
from tests.factories import Installation


@dataclass
class Proof:
    """The yeses of one installation, as whoever gave them knows them, and what its sink got."""

    lux: Installation
    allowed: set[str] = field(default_factory=set)
    _looked_at: dict[Path, int] = field(default_factory=dict)  # a file that was looked at, and when it was written
    _automatic: set[Path] = field(default_factory=set)

    def allow(self, shown_hash: str) -> None:
        """Somebody said the last yes that was needed over what has this hash."""
        self.allowed.add(shown_hash)

    def void(self, shown_hash: str) -> None:
        """That yes is over: an edit, a return, taken back."""
        self.allowed.discard(shown_hash)

    def hold(self, company_id: int) -> int:
        """Lead back every message that the built-in mailbox keeps for a company; returns how many people said yes to.

        System mails and test copies lie there too: under a decision of a fixed rule, and counted out.
        """
        files = sorted(mailbox_folder(self.lux.settings, company_id).rglob("*.eml"))
        new = [path for path in files if self._looked_at.get(path) != path.stat().st_mtime_ns]
        if new:
            with self.lux.db.read(company_id) as session:
                for path in new:
                    if not self.hold_one(session, int(path.stem), path.read_bytes()):
                        self._automatic.add(path)
                    self._looked_at[path] = path.stat().st_mtime_ns
        return len(set(files) - self._automatic)

    def hold_one(self, session: Session, delivery_id: int, received: bytes) -> bool:
        """Lead one message back to its yes; `received` are the bytes of the sink. Returns whether a person said it."""
        row = session.get(Delivery, delivery_id)
        assert row is not None, "nobody was to get this"
        outbound = session.get_one(Outbound, row.outbound_id)
        decision = session.get(ApprovalDecision, outbound.approval_id or 0)
        assert decision is not None, "it left without a yes"
        approved = _approved(session, decision)
        if outbound.kind in AUTOMATIC:
            assert decision.method in {Method.SYSTEM, Method.TEST}, "a fixed rule stands for nobody's yes"
            return False
        if decision.method is Method.SERIES:
            parent = session.get(ApprovalDecision, decision.parent_id or 0)
            assert parent is not None, "a run without a yes over its series"
            series = _approved(session, parent)
            assert frame.is_same_mail(series, approved), "a run that is not the mail of its series"
            decision, approved = parent, series
        assert decision.method in {Method.PERSON, Method.SOLO, Method.GUEST}, "nobody said this yes"
        assert decision.content_hash in self.allowed, "the yes over this was never whole, or is over"
        assert received == rebuilt(session, outbound, row, approved, received), "not, byte for byte, what was approved"
        body = session.get_one(ApprovalQueue, outbound.item_id).body
        assert digest_of(body) == session.get_one(ApprovalDecision, outbound.approval_id).content_hash, "changed since"
        return True


def _approved(session: Session, decision: ApprovalDecision) -> dict[str, object]:
    """Return the version that somebody said yes to, its own hash recomputed."""
    of_item = (ApprovalVersion.item_id == decision.item_id, ApprovalVersion.version == decision.version)
    version = session.scalars(select(ApprovalVersion).where(*of_item)).one()
    assert decision.verdict is Verdict.YES, "that was a no"
    assert decision.content_hash == version.content_hash == digest_of(version.body), "the version is another one"
    return dict(version.body)


def rebuilt(session: Session, outbound: Outbound, row: Delivery, approved: dict[str, object], received: bytes) -> bytes:
    """Build a recipient's message from an approved version, as the product does, at the second its Date names."""
    act = act_from(approved)
    mail = frame.mail_of(act) if isinstance(act, RunSeries) else act
    assert isinstance(mail, SendEmail)
    at = parsedate_to_datetime(str(message_from_bytes(received, policy=policy.default)["Date"]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: at)
        builder = builder_for(session, outbound, mail)
        builder.load(session, [row])
        return builder.build(row).message
