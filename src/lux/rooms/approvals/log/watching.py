"""Verification by the clock and on request: what it finds is told to owners and shown as health.

The emergency stop's own trigger reads the result and stops what belongs to a chain that does not hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from lux.identity import members
from lux.identity.access import Person, Right
from lux.identity.trail import note
from lux.kit import clock, jobs
from lux.kit.db import ALL_COMPANIES
from lux.kit.db.session import company_of
from lux.kit.i18n import gettext as _
from lux.ledger import audit
from lux.ledger.audit import checkpoints, checks, rights, rounds
from lux.ports.contributions import HealthFinding
from lux.rooms.notifications import service as notifications
from lux.rooms.notifications.topics import topic_of, wish_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.jobs import JobContext
    from lux.ledger.audit.checkpoints import Checkpoint
    from lux.ledger.audit.checks import Check

JOB: Final = "approvals.verify_audit"
SIGNED: Final = "audit_checkpoint.signed"  # a notice's kind
PAGE: Final = "/approvals/audit"
LATE: Final = timedelta(days=2)  # it is verified every night


def ask(session: Session, person: Person) -> None:
    """Have the company's chain verified now."""
    person.require(Right.MANAGE)
    company_id = company_of(session)
    note(session, company_id, person, "audit.verified")
    jobs.enqueue(session, JOB, {"company_id": company_id}, company_id=company_id, dedup_key="now")


def run(context: JobContext, company_id: int | None) -> None:
    """Verify one chain, or all of them; tell owners of those that do not hold."""
    if company_id is not None:
        found = checks.verify_all(context.db, context.settings, company_id)
        with context.db.begin(ALL_COMPANIES) as session:
            checks.keep(session, found)
        _tell(context, found)
        return
    for found in rounds.verify(context.db, context.settings, context.check_cancelled):
        _tell(context, found)


def sign(context: JobContext) -> None:
    """Make checkpoints, and send them to those who asked for mails about the audit log, once a day for each company."""
    for one in rounds.sign(context.db, context.settings, context.check_cancelled):
        if one.company:
            _send_out(context, one)


class AuditHealth:
    """The audit log holds, as far as its last verification knows."""

    key = "audit"

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:
        """Look at what the last verification found, and at what the database's user may do."""
        found = list(self._standing(session, company_id))
        if company_id is None and rights.may_empty(session):
            message = _("The database's user may empty the audit log: TRUNCATE fires no trigger on MariaDB.")
            fix = _("Take its right to DROP away, and let another user run `lux migrate`; see docs/rooms/approvals.md.")
            found.append(HealthFinding(key=f"{self.key}_rights", level="warn", message=message, fix=fix))
        return found

    def _standing(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:
        number = audit.INSTALLATION if company_id is None else company_id
        url = "" if company_id is None else PAGE
        found = audit.last_check(session, number)
        if found is None:
            message = _("The audit log was not verified yet; that is done every night.")
            fix = _("To do it now: `lux audit verify`, or the button on the audit log's page.")
            return (HealthFinding(key=self.key, level="unknown", message=message, fix=fix, url=url),)
        if found.state == checks.BROKEN:
            message = _("The audit log does not hold at row %(seq)s: %(why)s.", seq=found.seq, why=found.reason)
            fix = _("Keep a copy of the database as it is, and compare with checkpoints that were kept elsewhere.")
            return (HealthFinding(key=self.key, level="bad", message=message, fix=fix, url=url),)
        if not found.holds:
            message = _("The audit log holds, but its checkpoints' key is missing.")
            fix = _("Put keys/audit.key back from your backup, or set LUX_AUDIT_KEY.")
            return (HealthFinding(key=self.key, level="warn", message=message, fix=fix, url=url),)
        if found.at < clock.now() - LATE:
            message = _("The audit log was not verified for two days.")
            fix = _("See whether the clock ticks and the job “Verify the audit log” fails.")
            return (HealthFinding(key=self.key, level="warn", message=message, fix=fix, url=url),)
        return (HealthFinding(key=self.key, level="ok", message=_("The audit log holds."), url=url),)


def _tell(context: JobContext, found: Check) -> None:
    """Leave a notice for the company's owners; operators see the installation's chain under health."""
    if found.state != checks.BROKEN or not found.company_id:
        return
    with context.db.begin(found.company_id) as session:
        notifications.notify(
            session,
            Right.OWN,
            kind="audit.broken",
            title=lambda: _("The audit log does not hold"),
            body=lambda: _("Row %(seq)s: %(why)s.", seq=found.seq, why=found.reason),
            url=PAGE,
            level="bad",
        )


def _send_out(context: JobContext, one: Checkpoint) -> None:
    with context.db.read(ALL_COMPANIES) as session:
        before = checkpoints.before(session, one.company, one.seq)
    if before is not None and before.time[:10] == one.time[:10]:
        return
    with context.db.begin(one.company) as session:
        readers = members.readers_of(session, members.user_ids_with(session, Right.OWN))
        wishes = {user_id: wish_of(reader.preferences, topic_of(SIGNED)) for user_id, reader in readers.items()}
        notifications.notify(
            session,
            [user_id for user_id, wish in wishes.items() if wish.in_bell or wish.by_mail],
            kind=SIGNED,
            title=lambda: _("Checkpoint of the audit log: row %(seq)s", seq=one.seq),
            body=one.line,
            url=PAGE,
        )
