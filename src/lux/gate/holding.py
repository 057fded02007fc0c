"""What waits for a limit of a switch: the outbound says why and until when, and goes on by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from sqlalchemy import select

from lux.gate import control, moves
from lux.gate.models import Outbound
from lux.gate.toggles import quota
from lux.gate.toggles.quota import Wait
from lux.kit.jobs import RetryLater

if TYPE_CHECKING:
    from lux.kit.jobs import JobContext


def wait_for_limits(context: JobContext, company_id: int, outbound_id: int) -> None:
    """Raise RetryLater while a limit holds an outbound back, before anything of it is looked at more closely."""
    with context.db.read(company_id) as session:
        outbound = session.scalars(select(Outbound).where(Outbound.id == outbound_id)).one()
        if outbound.state not in control.RUNNING or outbound.is_paused or quota.is_idle(session, outbound):
            return
        wait = quota.of(session, outbound).wait(session)
    if wait is not None:
        hold(context, company_id, outbound_id, wait)


def after_limit(context: JobContext, company_id: int, outbound_id: int, wait: Wait) -> None:
    """Hold what a limit ended in its middle; returns when nobody is left who could wait."""
    with context.db.read(company_id) as session:
        outbound = session.scalars(select(Outbound).where(Outbound.id == outbound_id)).one()
        if quota.is_idle(session, outbound):
            return
    hold(context, company_id, outbound_id, wait)


def hold(context: JobContext, company_id: int, outbound_id: int, wait: Wait) -> NoReturn:
    """Write down why an outbound waits, and look again at its time, or within a minute: the limit may change."""
    if wait.reason:
        with context.db.begin(company_id) as session:
            item, outbound = moves.locked(session, outbound_id=outbound_id)
            is_new = outbound.check_failed != quota.CHECK or outbound.reason != wait.reason
            if outbound.state in control.RUNNING and not outbound.is_paused and is_new:
                outbound.check_failed, outbound.reason, outbound.due_at = quota.CHECK, wait.reason, wait.until
                session.flush()
                moves.tell(session, item, "waiting")
    raise RetryLater(wait.seconds)


def go_on(outbound: Outbound) -> None:
    """Forget what an outbound waited for, in the caller's transaction: it may go on."""
    if outbound.check_failed == quota.CHECK:
        outbound.check_failed, outbound.reason = "", ""
