"""Compares what the mail server took with what was approved and with what LUX says became of it."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import select

from lux.gate import messages, reads
from lux.gate.models import ApprovalDecision, Delivery, Outbound
from lux.gate.states import DeliveryState, OutboundState
from lux.ledger.audit import checks
from lux.ports.acts import act_from, digest_of
from tests.faults.stage import Stage

ENDED = {OutboundState.DONE, OutboundState.UNKNOWN, OutboundState.FAILED}
KNOWN = {DeliveryState.SENT, DeliveryState.UNKNOWN, DeliveryState.FAILED}
_BOUNDARY = re.compile(rb'boundary="?([^"\r\n;]+)"?')
_DATE = re.compile(rb"^Date:[^\r\n]*(\r\n[ \t][^\r\n]*)*\r\n", re.MULTILINE | re.IGNORECASE)


@dataclass(kw_only=True)
class Row:
    """A line of the table."""

    point: str
    n: int
    fault: str
    recovered: float | None = None  # seconds from the fault to the next sign of work
    lost: int = 0
    duplicates: int = 0
    unknown: int = 0
    unapproved: int = 0
    seconds: float = 0.0  # of the whole drill
    violations: list[str] = field(default_factory=list)

    def check(self, what: str, *, holds: bool) -> None:
        """Write a violation down."""
        if not holds:
            self.violations.append(what)


def digest(raw: bytes) -> str:
    """Return the hash of a message without what differs each time it is written: the date and the MIME boundary."""
    found = _BOUNDARY.findall(raw)
    for boundary in found:
        raw = raw.replace(boundary, b"boundary")
    return hashlib.sha256(_DATE.sub(b"", raw, count=1)).hexdigest()


def approved_hashes(stage: Stage, outbound_id: int) -> dict[str, str]:
    """Return the hash of each recipient's message, made anew from what was approved."""
    with stage.lux.db.read(stage.firm.id) as session:
        outbound = session.scalar(select(Outbound).where(Outbound.id == outbound_id))
        assert outbound is not None
        item = reads.outbound(session, outbound_id).item
        decision = session.scalar(select(ApprovalDecision).where(ApprovalDecision.item_id == outbound.item_id))
        assert decision is not None
        assert decision.content_hash == item.content_hash
        rows = list(session.scalars(select(Delivery).where(Delivery.outbound_id == outbound_id)))
        act = act_from(item.body)
        assert digest_of(item.body) == item.content_hash
        builder = messages.builder_for(session, outbound, act, is_preview=True)
        builder.load(session, rows)
        return {row.address: digest(builder.build(row).message) for row in rows}


def judge_campaign(stage: Stage, row: Row, outbound_id: int, *, may_be_unknown: int, may_fail: int = 0) -> None:
    """Fill a line of the table from the two records of one campaign."""
    with stage.lux.db.read(stage.firm.id) as session:
        query = select(Delivery.address, Delivery.state).where(Delivery.outbound_id == outbound_id)
        states: dict[str, DeliveryState] = {row.address: row.state for row in session.execute(query)}
        public_id = session.scalar(select(Outbound.public_id).where(Outbound.id == outbound_id))
    wanted = approved_hashes(stage, outbound_id)
    sign = f"<{public_id.hex}.".encode()  # type: ignore[union-attr]
    mine = [one for one in stage.smtp.messages if sign in one.raw]
    got = Counter(address for one in mine for address in one.recipients)
    unknown = {address for address, state in states.items() if state is DeliveryState.UNKNOWN}
    failed = {address for address, state in states.items() if state is DeliveryState.FAILED}
    missing = {address for address, state in states.items() if state not in KNOWN}
    missing |= {address for address, state in states.items() if state is DeliveryState.SENT and address not in got}
    row.lost = len(missing) + max(0, row.n - len(states))
    row.duplicates = sum(times - 1 for times in got.values())
    row.unknown = len(unknown)
    row.unapproved = sum(digest(one.raw) != wanted.get(one.recipients[0]) for one in mine)
    untold = {address for address in got if states.get(address) not in {DeliveryState.SENT, DeliveryState.UNKNOWN}}
    doubled = {address for address, times in got.items() if times > 1}
    row.check(f"{row.lost} lost", holds=row.lost == 0)
    row.check(f"{row.unapproved} not as approved", holds=row.unapproved == 0)
    row.check(f"{len(untold)} taken and not told", holds=not untold)
    row.check(f"{row.unknown} unknown of at most {may_be_unknown} in flight", holds=row.unknown <= may_be_unknown)
    row.check(f"{len(doubled - unknown)} doubled and not listed", holds=doubled <= unknown)
    row.check(f"{len(failed)} failed", holds=len(failed) <= may_fail)


def judge_house(stage: Stage, row: Row) -> None:
    """Verify the audit chains, and that nothing left which nobody approved."""
    strangers = [one for one in stage.smtp.messages if b"nobody approved this" in one.raw]
    row.unapproved += len(strangers)
    row.check(f"{len(strangers)} messages of an unapproved campaign", holds=not strangers)
    for company_id in (stage.firm.id,):
        found = checks.verify_all(stage.lux.db, stage.lux.settings, company_id)
        row.check(f"audit chain: row {found.seq}: {found.reason}", holds=found.state != checks.BROKEN)
