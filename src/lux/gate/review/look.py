"""One look at an act before a person is asked: everything that is to be said about it, together."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from lux.gate import policy
from lux.gate.models import ApprovalQueue
from lux.gate.policy import Finding
from lux.gate.review import brand, compliance, costs, gathering, own_rules, risk
from lux.gate.review.compliance import Scanner
from lux.gate.review.passages import Passage, hosts_of, links_of, passages, written_links
from lux.gate.review.risk import Risk, RiskFacts
from lux.gate.review.rules import built_in
from lux.identity import companies
from lux.kit.money import Money
from lux.ports.acts import QueuedAct

ORDER = ("block", "warn", "info")
DUTIES = frozenset({"missing_postal_address", "missing_unsubscribe", "missing_opt_out"})  # a room says them its own way


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """What a reviewer is told."""

    findings: list[Finding]
    risk: Risk
    cost: Money | None  # None = not known to LUX

    def columns(self) -> dict[str, Any]:
        """Return the values that are stored with the item."""
        unique = {finding.code + finding.message: finding.plain() for finding in self.findings}
        return {
            "findings": sorted(unique.values(), key=lambda one: ORDER.index(one["severity"])),
            "risk_level": self.risk.level,
            "risk_reasons": [reason.plain() for reason in self.risk.reasons],
            "cost_minor": self.cost.minor if self.cost else None,
            "cost_currency": self.cost.currency if self.cost else "",
        }

    def write_on(self, item: ApprovalQueue) -> None:
        """Put the values into an item that is not stored yet."""
        for name, value in self.columns().items():
            setattr(item, name, value)


def look(
    session: Session,
    act: QueuedAct,
    *,
    recipients: int,
    author_type: str,
    confidence: int | None = None,
    told: Sequence[Finding] = (),
    item_id: int = 0,
) -> Reviewed:
    """Return findings, risk and cost of an act; `told` = what its room found; raises nothing for what blocks."""
    found = [*policy.review(act, audience_count=recipients), *of_words(session, act)]
    ours = {finding.code for finding in found}
    found = [*(finding for finding in told if finding.code not in ours), *found]
    cost = costs.estimate(session, act, recipients)
    at = dt.datetime.fromisoformat(act.send_at) if act.send_at else None
    found += costs.about_budget(session, act, cost, at=at, item_id=item_id)
    facts = _facts(session, act, found, recipients=recipients, author_type=author_type, confidence=confidence)
    return Reviewed(findings=found, risk=risk.assess(facts), cost=cost)


def again(session: Session, item: ApprovalQueue, act: QueuedAct, *, recipients: int) -> dict[str, Any]:
    """Return the columns of an item that waits anew over the same words: what its room found stays."""
    ours = policy.CODES | brand.CODES | costs.CODES | own_rules.codes(session)
    kept = [Finding(**one) for one in item.findings if one["code"] not in ours]
    reviewed = look(session, act, recipients=recipients, author_type=item.author_type, confidence=item.confidence,
                    told=kept, item_id=item.id)  # fmt: skip
    return reviewed.columns()


def of_words(session: Session, act: QueuedAct) -> list[Finding]:
    """Return what rules and brand say of the words and links of an act; raises InvalidInput for HTML that is none."""
    company, parts = companies.current(session), passages(act)
    found = [
        finding
        for scanner in _scanners(session)
        for finding in scanner.findings(parts, kind=act.kind.value, channel=act.channel, act=act)
    ]
    return found + brand.review(parts, links_of(act), company.brand, company.website)


def of_text(session: Session, text: str) -> list[Finding]:
    """Return what rules and brand say of a text that somebody pasted; nothing is stored."""
    company, parts = companies.current(session), [Passage(field="pasted", text=text)]
    found = [
        compliance.finding_of(rule, places[rule.code])
        for scanner in _scanners(session)
        for places in [scanner.places(parts)]
        for rule in scanner.rules
        if rule.code in places and not rule.needs
    ]
    return found + brand.review(parts, written_links(text), company.brand, company.website)


def _scanners(session: Session) -> list[Scanner]:
    return [_of_built_in(), Scanner(own_rules.as_rules(session))]


@functools.cache
def _of_built_in() -> Scanner:
    return Scanner(built_in())


def _facts(session: Session, act: QueuedAct, found: Sequence[Finding], **known: Any) -> RiskFacts:  # noqa: ANN401 - of RiskFacts
    hosts = hosts_of(links_of(act))
    sender = str(getattr(act, "from_email", "") or getattr(act, "sender", ""))
    return RiskFacts(
        **known,
        largest_before=gathering.largest_audience(session, act.channel),
        sender=sender,
        is_new_sender=bool(sender) and gathering.is_new_sender(session, act.channel, sender),
        hosts=hosts,
        new_hosts=gathering.new_hosts(session, hosts),
        finding_codes=[one.code for one in found],
        warnings=sum(one.severity == "warn" for one in found),
    )
