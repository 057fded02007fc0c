"""A rehearsal: mails to nobody leave into the built-in mailbox, their own stop is pressed, the time is measured."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from lux.connectors.mailbox import path_of
from lux.gate import automatic, deliveries, moves
from lux.gate.models import Delivery, Stop
from lux.gate.registry import mailbox_folder
from lux.gate.states import DeliveryState, ItemState, OutboundState
from lux.gate.stop import pressing, standing
from lux.gate.stop.models import DrillState, StopDrill
from lux.gate.stop.scopes import Scope, ScopeKind
from lux.identity.access import Person, Right
from lux.kit import clock, jobs
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.db.session import company_of
from lux.kit.errors import Forbidden, NotFound, WrongState
from lux.kit.i18n import gettext as _
from lux.ledger import audit
from lux.ports.acts import ActKind, SendEmail

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.settings import Settings

RECIPIENTS: Final = 400
BEFORE: Final = 30  # messages that leave before the press
PATIENCE: Final = 30.0  # seconds until they have
QUIET: Final = 2.5  # seconds without a message, beyond the promised two, until it counts as still
LONGEST: Final = 20.0  # seconds after the press until the rehearsal gives up
BOUND_MS: Final = 2000  # what is promised
SHOWN: Final = 12
STALE: Final = dt.timedelta(minutes=5)  # a rehearsal without an end is not waited for any longer
_LOOK: Final = 0.05


@dataclass(frozen=True, kw_only=True)
class DrillView:
    """One rehearsal as people see it."""

    number: int
    public_id: uuid.UUID
    state: DrillState
    by: str
    started_at: dt.datetime
    recipients: int
    left_before: int
    left_after: int
    rest_ms: int | None
    settled_ms: int | None
    reason: str

    @property
    def is_kept(self) -> bool | None:
        """Say whether the promise was kept; None = not measured."""
        return None if self.rest_ms is None else self.rest_ms <= BOUND_MS


def start(session: Session, person: Person) -> uuid.UUID:
    """Begin a rehearsal; raises WrongState while a stop stands or another one runs."""
    if not (person.has(Right.OWN) or person.has(Right.OPERATE)):
        raise Forbidden(_("Owners and operators rehearse the stop."), fix=_("Ask an owner of the company to press it."))
    company_id = company_of(session)
    if standing.holding(session, company_id, channel="email"):
        raise WrongState(_("Something is stopped in earnest: end that first, then rehearse."))
    since = clock.now() - STALE
    running = select(StopDrill.id).where(StopDrill.state == DrillState.RUNNING, StopDrill.started_at > since)
    if session.scalar(running.limit(1)) is not None:
        raise WrongState(_("A rehearsal is running."), fix=_("Wait until it has ended."))
    row = StopDrill(started_by=person.user_id, started_by_name=person.name or person.email, recipients=RECIPIENTS)
    session.add(row)
    session.flush()
    outbound = automatic.rehearsal(session, _act(company_id), author=person, number=row.id)
    row.outbound_id = outbound.id
    session.flush()
    jobs.enqueue(session, "gate.drill", {"drill_id": row.id}, company_id=company_id, key=f"drill:{row.id}",
                 dedup_key=f"drill:{row.id}")  # fmt: skip
    audit.append(session, company_id, actor=person.actor, action="stop.drill_started", object_type="stop_drill",
                 object_id=str(row.public_id))  # fmt: skip
    return row.public_id


def history(session: Session, limit: int = SHOWN) -> list[DrillView]:
    """Return the latest rehearsals of the session's company, newest first."""
    query = select(StopDrill).order_by(StopDrill.id.desc()).limit(limit)
    return [
        DrillView(
            number=row.id, public_id=row.public_id, state=row.state, by=row.started_by_name, started_at=row.started_at,
            recipients=row.recipients, left_before=row.left_before, left_after=row.left_after, rest_ms=row.rest_ms,
            settled_ms=row.settled_ms, reason=row.reason,
        )
        for row in session.scalars(query)
    ]  # fmt: skip


class Rehearsal:
    """One rehearsal under way; the mailbox's own files are the judge of what left and when."""

    def __init__(self, db: Database, settings: Settings, drill_id: int, wait: Callable[[float], None]) -> None:
        """Take the row's id and what waits for some seconds."""
        self._db = db
        self._wait = wait
        self._drill_id = drill_id
        self._settings = settings
        with db.read(ALL_COMPANIES) as session:
            found = session.scalar(select(StopDrill).where(StopDrill.id == drill_id))
            if found is None:
                raise NotFound
            self.company_id, self.state, self._outbound_id = found.company_id, found.state, found.outbound_id
            query = select(Delivery.id).where(Delivery.outbound_id == found.outbound_id)
            self._ids: Sequence[int] = session.scalars(query).all()
        self._folder = mailbox_folder(settings, self.company_id)
        self._scope = Scope(kind=ScopeKind.DRILL, company_id=self.company_id, value=str(drill_id))

    def run(self) -> None:
        """Let some leave, press, wait until nothing leaves any more, write down what was measured, clean up."""
        if self.state is not DrillState.RUNNING:
            return
        reason = self._before()
        measured: dict[str, int] = {}
        if not reason:
            before = len(self._times())
            self._press()
            pressed = clock.now().timestamp()
            settled = self._until_still(pressed)
            after = [at for at in self._times() if at > pressed]
            left_before = len(self._times()) - len(after)
            measured = {
                "left_before": max(before, left_before),
                "left_after": len(after),
                "rest_ms": max(0, round(1000 * (max(after, default=pressed) - pressed))),
                "settled_ms": round(1000 * settled),
            }
            if before + len(after) >= len(self._ids):
                reason = _("Everything had left before the stop was heard: nothing was measured.")
        self._end(reason, {} if reason else measured)

    def _before(self) -> str:
        """Wait until some have left; returns why it can't be measured."""
        with self._db.read(ALL_COMPANIES) as session:
            if session.scalar(select(Stop.id).where(Stop.scope == self._scope.key)) is not None:
                return _("The worker ended in the middle of it.")
        deadline = clock.monotonic() + PATIENCE
        while len(self._times()) < BEFORE:
            if clock.monotonic() > deadline:
                return _("Nothing left within %(n)s seconds: no worker was free to send.", n=round(PATIENCE))
            self._wait(_LOOK)
        return ""

    def _press(self) -> None:
        with self._db.begin(self.company_id) as session:
            reason = _("Rehearsal: nothing real is held.")
            pressing.press_by_system(session, self._scope, cause="drill", evidence="", reason=reason)

    def _until_still(self, pressed: float) -> float:
        """Wait until nothing is claimed and nothing has left for a while; returns when nothing was claimed any more."""
        settled: float | None = None
        while (gone := clock.now().timestamp() - pressed) < LONGEST:
            if settled is None and not self._claimed():
                settled = gone
            last = max(self._times(), default=pressed)
            if settled is not None and gone - max(0.0, last - pressed) > QUIET:
                break
            self._wait(_LOOK)
        return LONGEST if settled is None else settled

    def _claimed(self) -> int:
        with self._db.read(self.company_id) as session:
            query = select(func.count()).where(
                Delivery.outbound_id == self._outbound_id, Delivery.state == DeliveryState.CLAIMED
            )
            return session.scalar(query) or 0

    def _files(self) -> list[Path]:
        return [path_of(self._folder, number) for number in self._ids]

    def _times(self) -> list[float]:
        return [path.stat().st_mtime for path in self._files() if path.exists()]

    def _end(self, reason: str, measured: dict[str, int]) -> None:
        """Cancel what is left of it, end its stop, keep the figures, take its mails away."""
        with self._db.begin(self.company_id) as session:
            row = session.scalars(select(StopDrill).where(StopDrill.id == self._drill_id)).one()
            if self._outbound_id is not None:
                _cancel(session, self._outbound_id)
            if session.scalar(select(Stop.id).where(Stop.scope == self._scope.key)) is not None:
                pressing.end_by_system(session, self._scope, reason=_("The rehearsal is over."))
            for name, value in measured.items():
                setattr(row, name, value)
            row.state = DrillState.FAILED if reason else DrillState.DONE
            row.reason, row.ended_at = reason, clock.now()
            audit.append(session, self.company_id, actor=audit.SYSTEM, action=f"stop.drill_{row.state.value}",
                         object_type="stop_drill", object_id=str(row.public_id), detail=measured)  # fmt: skip
        for path in self._files():
            path.unlink(missing_ok=True)


def _cancel(session: Session, outbound_id: int) -> None:
    item, outbound = moves.locked(session, outbound_id=outbound_id)
    if outbound.state not in {OutboundState.READY, OutboundState.WORKING}:
        return
    reason = _("The rehearsal is over.")
    deliveries.skip_queued(session, outbound)
    moves.move_outbound(session, outbound, OutboundState.CANCELLED, reason=reason, finished_at=clock.now())
    if item.state is ItemState.APPROVED:
        moves.move_item(session, item, ItemState.CANCELLED, reason=reason)


def _act(company_id: int) -> SendEmail:
    """Return a mail to people who do not exist (RFC 6761: nobody can have an address in .test)."""
    text = "This mail belongs to a rehearsal of the emergency stop. It goes to nobody."
    return SendEmail(
        kind=ActKind.DRILL,
        company_id=company_id,
        channel="email",
        account="",
        subject="Rehearsal of the emergency stop",
        preview_text="",
        html=f"<html><body><p>{text}</p></body></html>",
        text=text,
        from_name="LUX",
        from_email="rehearsal@lux.test",
        reply_to="",
        postal_address="",
        track_opens=False,
        track_clicks=False,
        recipients=tuple(f"nobody{number}@rehearsal.test" for number in range(1, RECIPIENTS + 1)),
    )
