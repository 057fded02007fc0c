"""Is a run still inside the yes over its series? Asked before it starts, before it leaves, and while it leaves."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lux.gate import audience
from lux.gate.models import ApprovalDecision, ApprovalQueue, Delivery, Outbound
from lux.gate.refusals import Effect, Refusal
from lux.gate.series import frame
from lux.gate.series.frame import Counted
from lux.gate.series.models import SeriesRun
from lux.gate.states import DeliveryState, ItemState, Method, RunState, Verdict
from lux.kit import clock
from lux.kit.errors import BrokenRule
from lux.kit.i18n import gettext as _
from lux.ports.acts import RunSeries, SendEmail, act_from, digest_of

# Published: the last run is on its way while its series has come to its end.
_OPEN = frozenset({ItemState.APPROVED, ItemState.SCHEDULED, ItemState.PUBLISHED})


def run_of(session: Session, outbound_id: int) -> SeriesRun | None:
    """Return the slot that an outbound is the run of; None = it is no run of a series."""
    return session.scalar(select(SeriesRun).where(SeriesRun.outbound_id == outbound_id))


def series_of(session: Session, run: SeriesRun) -> tuple[ApprovalQueue, Outbound]:
    """Return the item and the outbound of a run's series, as they stand now."""
    query = (
        select(ApprovalQueue, Outbound)
        .join(Outbound, Outbound.item_id == ApprovalQueue.id)
        .where(Outbound.id == run.series_id)
        .execution_options(populate_existing=True)
    )
    row = session.execute(query).one()
    return row[0], row[1]


def approved(session: Session, item: ApprovalQueue, outbound: Outbound) -> tuple[RunSeries, ApprovalDecision]:
    """Return a series with the yes it stands under; raises Refusal unless it is one over exactly this."""
    yes = session.scalar(select(ApprovalDecision).where(ApprovalDecision.id == outbound.approval_id))
    act = act_from(item.body)
    is_whole = (
        yes is not None
        and yes.verdict is Verdict.YES
        and yes.method is not Method.ELSEWHERE
        and yes.item_id == item.id
        and yes.version == item.version
        and yes.content_hash == item.content_hash == digest_of(item.body)
        and yes.number >= yes.needed
        and item.company_id == outbound.company_id == item.body.get("company_id")
        and item.state in _OPEN
    )
    if yes is None or not is_whole or not isinstance(act, RunSeries):
        raise Refusal(
            check="series",
            effect=Effect.RETURN,
            reason=_("The series is not what was approved (any more); it needs a new yes."),
        )
    return act, yes


def require(session: Session, item: ApprovalQueue, outbound: Outbound, decision: ApprovalDecision) -> RunSeries:
    """Return the series that a run's automatic decision leans on; raises Refusal when the yes over it is gone.

    What is compared: the very decision, by the same person and session, over a series whose mail and audience rule
    are word for word those of the run.
    """
    run = run_of(session, outbound.id)
    if run is None or decision.parent_id is None or run.decision_id != decision.parent_id:
        raise _gone()
    of_series, series = series_of(session, run)
    act, yes = approved(session, of_series, series)
    is_within = (
        yes.id == decision.parent_id
        and (yes.decided_by, yes.session_id) == (decision.decided_by, decision.session_id)
        and frame.is_same_mail(of_series.body, item.body)
        and run.slot_at < dt.datetime.fromisoformat(act.until)
    )
    if not is_within:
        raise _gone()
    return act


def require_still(session: Session, outbound_id: int) -> None:
    """Raise Refusal when the yes over a run's series is gone; what is no run passes. Asked while messages leave."""
    query = (
        select(ApprovalQueue, Outbound, ApprovalDecision)
        .join(Outbound, Outbound.item_id == ApprovalQueue.id)
        .join(ApprovalDecision, ApprovalDecision.id == Outbound.approval_id)
        .where(Outbound.id == outbound_id, ApprovalDecision.method == Method.SERIES)
    )
    row = session.execute(query).first()
    if row is not None:
        require(session, row[0], row[1], row[2])


def require_fit(session: Session, act: RunSeries, mail: SendEmail, outbound: Outbound) -> None:
    """Raise Refusal when a run that has yet to write its recipients down would be outside the bounds now."""
    if clock.now() >= dt.datetime.fromisoformat(act.until):
        raise Refusal(check="end", effect=Effect.RETURN, reason=_("The series is past its last day."))
    frame.require_inside(act, count(session, mail, outbound.approval_id, besides=outbound.id))


def require_written(session: Session, outbound_id: int) -> None:
    """Raise Refusal when more recipients were written down than the yes allows: people may have come meanwhile."""
    run = run_of(session, outbound_id)
    if run is None:
        return
    of_series, series = series_of(session, run)
    act, yes = approved(session, of_series, series)
    written = _messages(session, [outbound_id])
    frame.require_inside(
        act,
        Counted(matching=act.snapshot.count if act.snapshot else 0, mailable=written,
                before=messages_before(session, yes.id, besides=outbound_id)),
    )  # fmt: skip


def count(session: Session, mail: SendEmail, decision_id: int | None, *, besides: int = 0) -> Counted:
    """Count a run as it would be now; `decision_id` is the yes over the series, or a run's own decision.

    Raises Refusal when the audience can't be found any more.
    """
    parent = session.scalar(select(ApprovalDecision.parent_id).where(ApprovalDecision.id == decision_id))
    if mail.audience is None:
        raise Refusal(check="audience", effect=Effect.RETURN, reason=_("The audience is missing."))
    try:
        found = audience.members(session, mail.audience).subquery()
        matching = int(session.scalar(select(func.count()).select_from(found)) or 0)
        mailable = audience.count_mailable(session, mail.audience, mail.channel)
    except BrokenRule as error:
        raise Refusal(check="audience", effect=Effect.RETURN, reason=error.message) from error
    before = messages_before(session, parent or decision_id or 0, besides=besides)
    return Counted(matching=matching, mailable=mailable, before=before)


def runs_under(session: Session, decision_id: int) -> int:
    """Return how many runs started under a yes."""
    query = select(func.count()).where(SeriesRun.decision_id == decision_id, SeriesRun.state == RunState.STARTED)
    return int(session.scalar(query) or 0)


def messages_before(session: Session, decision_id: int, *, besides: int = 0) -> int:
    """Return how many messages the runs under a yes have, besides those of one outbound."""
    query = select(SeriesRun.outbound_id).where(
        SeriesRun.decision_id == decision_id, SeriesRun.outbound_id.is_not(None), SeriesRun.outbound_id != besides
    )
    return _messages(session, [number for number in session.scalars(query) if number is not None])


def _messages(session: Session, outbound_ids: list[int]) -> int:
    query = select(func.count()).where(Delivery.outbound_id.in_(outbound_ids), Delivery.state != DeliveryState.SKIPPED)
    return int(session.scalar(query) or 0)


def _gone() -> Refusal:
    return Refusal(
        check="series",
        effect=Effect.RETURN,
        reason=_("The yes over the series that this run belongs to is gone; nothing more of it leaves."),
    )
