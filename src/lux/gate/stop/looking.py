"""The triggers at work: looked at after batches with failures and by the clock; each stops the narrowest that fits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy import or_, select

from lux.gate import moves
from lux.gate.models import Outbound, Stop
from lux.gate.states import OutboundState
from lux.gate.stop import alarming, figures, pressing, rates, scopes, signals, telling
from lux.gate.stop.figures import Figures
from lux.gate.stop.scopes import Scope, ScopeKind
from lux.gate.stop.standing import BROKEN
from lux.gate.stop.triggers import Cause, Trigger, listing
from lux.identity.models import Company
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.db.session import savepoint
from lux.kit.i18n import use_locale
from lux.ledger import audit
from lux.ports.acts import ActKind
from lux.ports.receipts import Outcome, Receipt

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

log = structlog.get_logger(__name__)
LOOK_SECONDS: Final = 1.0  # between two looks of one run
RECENT: Final = dt.timedelta(days=30)  # how long after its end complaints about a campaign are looked at
EMAIL: Final = "email"
_LONG_AGO: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Eye:
    """Looks at the triggers while one run goes on."""

    def __init__(self) -> None:
        """Look at the first failure."""
        self._looked_at = -LOOK_SECONDS

    def after_outcomes(self, session: Session, outbound: Outbound, receipts: Sequence[Receipt]) -> None:
        """Count what failed in a batch, and look; a batch without a failure costs nothing."""
        failed = sum(one.outcome is Outcome.FAILED for one in receipts)
        refused = sum(one.outcome is Outcome.REFUSED for one in receipts)
        signals.note(session, outbound, failed=failed)
        is_due = clock.monotonic() - self._looked_at >= LOOK_SECONDS
        if not (failed or refused) or outbound.kind is not ActKind.EMAIL_CAMPAIGN or not is_due:
            return
        self._looked_at = clock.monotonic()
        look(session, outbound.company_id)


def tick(db: Database) -> None:
    """Look at every company that is sending, or has sent lately: complaints come days later."""
    with db.read(ALL_COMPANIES) as session:
        query = select(Outbound.company_id).where(
            Outbound.kind.in_(signals.COUNTED),
            or_(Outbound.state == OutboundState.WORKING, Outbound.finished_at > clock.now() - RECENT),
        )
        companies = session.scalars(query.distinct().order_by(Outbound.company_id)).all()
    for company_id in companies:
        with db.begin(company_id) as session:
            look(session, company_id)
    stop_broken_chains(db)
    alarming.tell_operators(db)


def look(session: Session, company_id: int) -> list[Stop]:
    """Press what the company's bounds ask for; returns the stops that were pressed."""
    at = _Look(session, company_id)
    try:
        with savepoint(session):
            _ = at.stops
    except BROKEN as error:  # what can't be read holds already: nothing is left to press
        log.warning("stop_unreadable", company_id=company_id, error=type(error).__name__)
        return []
    return [*at.rates_of_campaigns(), *at.rates_of_channel(), *at.storms()]


def after_verification(session: Session, company_id: int, fault: audit.ChainFault) -> Stop | None:
    """Stop a company, or the installation (chain 0), whose audit chain does not hold; once for each fault."""
    scope = scopes.of_company(company_id) if company_id else scopes.INSTALLATION
    with use_locale(_locale(session, company_id)):
        reason = telling.about_chain(fault)
    evidence = f"{Cause.AUDIT.value}:{fault.seq}:{fault.reason}"[:200]
    return _press(session, scope, Cause.AUDIT, reason, evidence=evidence)


def stop_broken_chains(db: Database) -> None:
    """Stop what belongs to an audit chain of which the last verification said that it does not hold."""
    with db.read(ALL_COMPANIES) as session:
        broken = audit.broken(session)
    for one in broken:
        fault = audit.ChainFault(company_id=one.company_id, seq=one.seq or 0, reason=one.reason)
        with db.begin(one.company_id or ALL_COMPANIES) as session:
            after_verification(session, one.company_id, fault)


@dataclass
class _Look:
    """One look at one company."""

    session: Session
    company_id: int

    @cached_property
    def now(self) -> dt.datetime:
        return clock.now()

    @cached_property
    def triggers(self) -> Mapping[Cause, Trigger]:
        return {one.spec.cause: one for one in listing(self.session)}

    @cached_property
    def stops(self) -> Mapping[str, tuple[bool, dt.datetime]]:
        """Return (is on, since) of every scope that was ever stopped here."""
        own = scopes.of_company(self.company_id).key
        wide = [own, scopes.FILE.key, scopes.INSTALLATION.key, scopes.of_channel(EMAIL, None).key]
        is_wanted = or_(Stop.scope.in_(wide), Stop.scope.startswith(f"{own}/", autoescape=True))
        rows = self.session.execute(select(Stop.scope, Stop.is_on, Stop.changed_at).where(is_wanted))
        return {scope: (is_on, changed_at) for scope, is_on, changed_at in rows}

    @cached_property
    def running(self) -> list[int]:
        """Return the campaigns that are leaving now."""
        query = select(Outbound.subject_id).where(
            Outbound.kind == ActKind.EMAIL_CAMPAIGN,
            Outbound.state == OutboundState.WORKING,
            Outbound.subject_type == figures.CAMPAIGN,
            Outbound.subject_id.is_not(None),
        )
        return [number for number in self.session.scalars(query.distinct()) if number is not None]

    def rates_of_campaigns(self) -> list[Stop]:
        """Stop each campaign that runs with too high a rate of its own."""
        fresh = [number for number in self.running if not self._is_on(self._campaign(number))]
        looked_at = {self._seen_until(self._campaign(number), *self._wide) for number in fresh}
        found: list[Stop] = []
        for since in looked_at:
            ids = [one for one in fresh if self._seen_until(self._campaign(one), *self._wide) == since]
            for number, one in figures.by_campaign(self.session, ids, since=since).items():
                found += self._judge(self._campaign(number), one)
        return found

    def rates_of_channel(self) -> list[Stop]:
        """Stop the channel when all campaigns together, but for those that are stopped, have too high a rate."""
        scope = scopes.of_channel(EMAIL, self.company_id)
        if self._is_on(scope):
            return []
        stopped = self._stopped_campaigns()
        since = self._seen_until(*self._wide)
        found: list[Stop] = []
        for cause in (Cause.COMPLAINTS, Cause.BOUNCES):
            if not found:
                counted = self._lately(self.triggers[cause], since)
                found += self._judge(scope, figures.together(counted, but=stopped), only=cause)
        return found

    def _lately(self, trigger: Trigger, since: dt.datetime | None) -> Mapping[int, Figures]:
        """Return the figures of the time looked at, without what somebody has seen who ended a stop."""
        begin = self.now - dt.timedelta(minutes=trigger.minutes)
        if since is not None and since > begin:
            counted = figures.by_campaign(self.session, since=since)
        else:
            counted = figures.by_campaign(self.session, day=begin.date())
        for number in counted.keys() & self._ended_campaigns().keys():
            end = max(self._ended_campaigns()[number], since or begin)
            counted[number] = figures.by_campaign(self.session, [number], since=end).get(number, Figures())
        return counted

    def storms(self) -> list[Stop]:
        """Stop what fails again and again: one campaign, or the channel when several do."""
        found: list[Stop] = []
        for cause in (Cause.ERRORS, Cause.DENIED):
            trigger = self.triggers[cause]
            since = self._seen_until(*self._wide) or _LONG_AGO
            storms = signals.since(self.session, since, trigger.minutes, now=self.now)
            numbers = {one.outbound_id: one.failed if cause is Cause.ERRORS else one.denied for one in storms}
            if sum(numbers.values()) < trigger.threshold:
                continue
            worst = max(numbers, key=lambda one: numbers[one])
            is_one = numbers[worst] >= trigger.threshold
            scope = self._scope_of(worst) if is_one else scopes.of_channel(EMAIL, self.company_id)
            with use_locale(_locale(self.session, self.company_id)):
                reason = telling.about_storm(cause, sum(numbers.values()), trigger)
            found += self._pressed(scope, cause, reason)
        return found

    @property
    def _wide(self) -> tuple[Scope, ...]:
        """Return the scopes whose end means that a person has seen what was there until then."""
        company_id = self.company_id
        channels = (scopes.of_channel(EMAIL, None), scopes.of_channel(EMAIL, company_id))
        return (scopes.FILE, scopes.INSTALLATION, scopes.of_company(company_id), *channels)

    def _campaign(self, number: int) -> Scope:
        return scopes.of_campaign(self.company_id, number)

    def _scope_of(self, outbound_id: int) -> Scope:
        """Return the narrowest scope around one outbound."""
        query = select(Outbound.subject_type, Outbound.subject_id).where(Outbound.id == outbound_id)
        kind, number = self.session.execute(query).one()
        if kind == figures.CAMPAIGN and number is not None:
            return self._campaign(number)
        return scopes.of_channel(EMAIL, self.company_id)

    def _is_on(self, scope: Scope) -> bool:
        return self.stops.get(scope.key, (False, self.now))[0]

    def _seen_until(self, *looked_at: Scope) -> dt.datetime | None:
        """Return when the latest of these stops was ended, None when none ever was."""
        ends = [at for one in looked_at for is_on, at in [self.stops.get(one.key, (True, self.now))] if not is_on]
        return max(ends, default=None)

    def _stopped_campaigns(self) -> list[int]:
        """Return the campaigns that are stopped now, also those this look has stopped."""
        own = f"{scopes.of_company(self.company_id).key}/{ScopeKind.CAMPAIGN.value}:"
        keys = self.session.scalars(select(Stop.scope).where(Stop.is_on.is_(True), Stop.scope.startswith(own)))
        return [int(scopes.from_key(key).value) for key in keys]

    def _ended_campaigns(self) -> Mapping[int, dt.datetime]:
        """Return campaigns whose stop somebody ended, and when."""
        found = [(scopes.from_key(key), at) for key, (is_on, at) in self.stops.items() if not is_on]
        return {int(scope.value): at for scope, at in found if scope.kind is ScopeKind.CAMPAIGN}

    def _judge(self, scope: Scope, of: Figures, *, only: Cause | None = None) -> list[Stop]:
        for cause, count in ((Cause.COMPLAINTS, of.complained), (Cause.BOUNCES, of.bounced)):
            trigger = self.triggers[cause]
            total = of.tried if cause is Cause.BOUNCES else of.sent
            bounds = {"threshold": trigger.threshold, "minimum": trigger.minimum}
            if (only is None or only is cause) and rates.is_too_high(count, total, **bounds):
                with use_locale(_locale(self.session, self.company_id)):
                    reason = telling.about_rate(cause, count, total, trigger)
                return self._pressed(scope, cause, reason)
        return []

    def _pressed(self, scope: Scope, cause: Cause, reason: str) -> list[Stop]:
        row = _press(self.session, scope, cause, reason)
        return [row] if row is not None else []


def _press(session: Session, scope: Scope, cause: Cause, reason: str, *, evidence: str = "") -> Stop | None:
    row = pressing.press_by_system(session, scope, cause=cause.value, evidence=evidence, reason=reason)
    if row is None:
        return None
    log.warning("stopped_by_itself", scope=scope.key, cause=cause.value)
    if scope.company_id is not None:
        moves.tell_of(session, scope.company_id, ("stop", row.id), "stopped")
    return row


def _locale(session: Session, company_id: int) -> str | None:
    return session.scalar(select(Company.locale).where(Company.id == company_id)) or None
