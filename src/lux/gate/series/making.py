"""One run as an ordinary mail to many, under an automatic decision that points to the yes over its series."""

from __future__ import annotations

from sqlalchemy.orm import Session

from lux.gate import audience, moves, submit
from lux.gate.models import ApprovalDecision, ApprovalQueue, Outbound
from lux.gate.review import costs
from lux.gate.series.models import SeriesRun
from lux.gate.states import ItemState, Method
from lux.kit import clock
from lux.ports.acts import SendEmail
from lux.ports.contributions import installed
from lux.ports.runs import RunKeeper


def make(session: Session, series: ApprovalQueue, mail: SendEmail, yes: ApprovalDecision, run: SeriesRun) -> Outbound:
    """Store a run and let it go; the caller has asked everything."""
    keeper = _keeper(series)
    subject_id = series.subject_id or 0
    if keeper is not None:
        subject_id = keeper.begin(session, series.company_id, subject_id, number=run.number, slot_at=run.slot_at)
    act, packed, count = audience.snapshot(session, mail)
    cost = costs.estimate(session, act, count)  # of those who get this run, not of those who were counted at the yes
    item = ApprovalQueue(
        kind=act.kind,
        channel=act.channel,
        title=f"{series.title[:280]} · {run.number}",
        subject_type=series.subject_type,
        subject_id=subject_id,
        author_id=series.author_id,
        author_type=series.author_type,
        author_name=series.author_name,
        editor_id=series.editor_id,
        body=act.canonical(),
        content_hash=act.digest(),
        audience_label=series.audience_label,
        audience_count=count,
        snapshot=packed,
        findings=series.findings,
        risk_level=series.risk_level,
        risk_reasons=series.risk_reasons,
        cost_minor=cost.minor if cost else None,
        cost_currency=cost.currency if cost else "",
    )
    outbound = submit.store(session, item, act, editor=None)
    if keeper is not None:
        keeper.attach(session, series.company_id, subject_id, outbound.id)
    _let_go(session, item, series, yes, run)
    return outbound


def _let_go(
    session: Session, item: ApprovalQueue, series: ApprovalQueue, yes: ApprovalDecision, run: SeriesRun
) -> None:
    decision = ApprovalDecision(
        item_id=item.id,
        version=item.version,
        content_hash=item.content_hash,
        verdict=yes.verdict,
        method=Method.SERIES,
        decided_by=yes.decided_by,
        decided_by_name=yes.decided_by_name,
        session_id=yes.session_id,
        parent_id=yes.id,
        send_at=run.slot_at,
    )
    session.add(decision)
    session.flush()
    now = clock.now()
    moves.move_item(session, item, ItemState.SCHEDULED, send_at=run.slot_at, decided_at=now,
                    decided_by=yes.decided_by, decided_by_name=yes.decided_by_name)  # fmt: skip
    moves.release(session, item, decision, due_at=now)
    detail = {"decision": decision.id, "within": yes.id, "series": str(series.public_id), "run": run.number,
              "slot": run.slot_at.isoformat(), "method": Method.SERIES.value}  # fmt: skip
    moves.write_down(session, "approval.automatic_series", item, by=None, detail=detail)


def _keeper(series: ApprovalQueue) -> RunKeeper | None:
    return next((one for one in installed().run_keepers if one.subject_type == series.subject_type), None)
