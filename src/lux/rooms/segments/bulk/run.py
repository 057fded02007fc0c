"""Carries an action out, or takes it back, a transaction per chunk: a crash loses and doubles nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import CursorResult, delete, select, update

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, upsert_rows
from lux.kit.i18n import gettext as _
from lux.kit.jobs import JobCancelled, JobInterrupted, LeaseLost
from lux.rooms.contacts.models import Contact
from lux.rooms.notifications.service import notify
from lux.rooms.segments.bulk import back, consents, standing, steps
from lux.rooms.segments.bulk.plan import CHUNK, ENDED, KEPT_DAYS, KINDS, OPEN, UNDOING, Marks
from lux.rooms.segments.bulk.steps import LISTS, NOTHING, TAGS, Work
from lux.rooms.segments.models import BulkAction, BulkTarget

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.orm import Session

    from lux.kit.jobs import JobContext

Journal = Mapping[int, tuple[dict[str, Any], dict[str, Any]]]
DO: Final[Mapping[str, Callable[[Work, Sequence[Contact]], Marks]]] = {
    "tag_add": lambda work, contacts: steps.add(work, TAGS, contacts),
    "tag_remove": lambda work, contacts: steps.remove(work, TAGS, contacts),
    "list_add": lambda work, contacts: steps.add(work, LISTS, contacts),
    "list_remove": lambda work, contacts: steps.remove(work, LISTS, contacts),
    "field_set": steps.set_field,
    "field_clear": steps.set_field,
    "consent_give": consents.give,
    "consent_withdraw": consents.withdraw,
    "trash": steps.trash,
}
BACK: Final[Mapping[str, Callable[[Work, Journal], set[int]]]] = {
    "tag_add": lambda work, journal: back.unrelate(work, TAGS, journal),
    "tag_remove": lambda work, journal: back.relate(work, TAGS, journal),
    "list_add": lambda work, journal: back.unrelate(work, LISTS, journal),
    "list_remove": lambda work, journal: back.relate(work, LISTS, journal),
    "field_set": back.reset_field,
    "field_clear": back.reset_field,
    "consent_give": consents.undo_give,
    "consent_withdraw": consents.undo_withdraw,
    "trash": back.restore,
}


def run(context: JobContext, action_id: int) -> None:
    """Do an action to all its contacts; running it again goes on where the last transaction ended."""
    if not _enter(context, action_id, (*OPEN, "failed", "cancelled"), "running"):
        return
    _work(context, action_id, _do_chunk, done="done", failed="failed")


def take_back(context: JobContext, action_id: int) -> None:
    """Take an action back; running it again goes on where the last transaction ended."""
    if not _enter(context, action_id, (*UNDOING, "undo_failed"), "undoing"):
        return
    _work(context, action_id, _undo_chunk, done="undone", failed="undo_failed")


def forget(context: JobContext) -> None:
    """Remove the journals of actions that can't be taken back any more."""
    _settle_all(context)
    limit = clock.now() - timedelta(days=KEPT_DAYS)
    with context.db.read(ALL_COMPANIES) as session:
        old = session.execute(
            select(BulkAction.id, BulkAction.company_id)
            .join(BulkTarget, BulkTarget.action_id == BulkAction.id)
            .where(BulkAction.finished_at < limit, BulkAction.state.in_([*ENDED, "undone", "undo_failed"]))
            .distinct()
        ).all()
    for action_id, company_id in old:
        while _forget_chunk(context, company_id, action_id):
            context.check_cancelled()


def _settle_all(context: JobContext) -> None:
    """Give an end to actions whose job was ended elsewhere, so that their journals are not kept for ever."""
    with context.db.read(ALL_COMPANIES) as session:
        waiting = select(BulkAction.company_id).where(BulkAction.state.in_([*OPEN, *UNDOING]))
        companies = session.scalars(waiting.distinct()).all()
    for company_id in companies:
        with context.db.begin(company_id) as session:
            query = select(BulkAction).where(BulkAction.state.in_([*OPEN, *UNDOING]))
            standing.settle(session, session.scalars(query).all())


def _forget_chunk(context: JobContext, company_id: int, action_id: int) -> int:
    with context.db.begin(company_id) as session:
        part = list(
            session.scalars(select(BulkTarget.contact_id).where(BulkTarget.action_id == action_id).limit(1_000))
        )
        session.execute(
            delete(BulkTarget)
            .where(BulkTarget.action_id == action_id, BulkTarget.contact_id.in_(part))
            .execution_options(synchronize_session=False)
        )
        return len(part)


def _enter(context: JobContext, action_id: int, stands: Sequence[str], state: str) -> bool:
    with context.db.begin(context.company_id) as session:
        statement = update(BulkAction).where(BulkAction.id == action_id, BulkAction.state.in_(stands))
        values = statement.values(state=state, error="").execution_options(synchronize_session=False)
        return cast("CursorResult[Any]", session.execute(values)).rowcount == 1


def _work(
    context: JobContext, action_id: int, chunk: Callable[[Session, BulkAction, int], int], *, done: str, failed: str
) -> None:
    size = CHUNK[context.db.dialect]
    try:
        while True:
            context.check_cancelled()
            with context.db.begin(context.company_id) as session:
                action = _locked(session, action_id)
                count = chunk(session, action, size)
                progress, total = _progress(action)
            context.progress(progress, total)
            if count < size:
                break
    except JobCancelled:
        _end(context, action_id, "cancelled" if done == "done" else failed)
        raise
    except JobInterrupted:
        raise
    except Exception:
        if context.is_last_attempt:
            _end(context, action_id, failed, _("It stopped because of an error in LUX."))
        raise
    _end(context, action_id, done)


def _locked(session: Session, action_id: int) -> BulkAction:
    action = session.scalars(select(BulkAction).where(BulkAction.id == action_id).with_for_update()).one()
    if action.state not in {"running", "undoing"}:
        raise LeaseLost(f"bulk action {action_id} is {action.state}")
    return action


def _progress(action: BulkAction) -> tuple[int, int]:
    if action.state == "undoing":
        return int(action.undo_counts.get("done", 0)), int(action.counts.get("changed", 0))
    return int(action.counts.get("done", 0)), action.total


def _do_chunk(session: Session, action: BulkAction, size: int) -> int:
    """Do the next contacts; returns how many there were."""
    ids = _next(session, action.id, action.place, "pending", size)
    if not ids:
        return 0
    query = select(Contact).where(Contact.id.in_(ids), Contact.trashed_at.is_(None)).order_by(Contact.id)
    there = session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()
    marks = DO[action.kind](_with(session, action), there)
    gone = set(ids) - {one.id for one in there}
    skipped = marks.skipped | gone
    rows = []
    for one in ids:
        before, after = marks.changed.get(one, (NOTHING, NOTHING))
        outcome = "changed" if one in marks.changed else "skipped" if one in skipped else "unchanged"
        rows.append((action.company_id, action.id, one, outcome, before, after))
    _journal(session, rows)
    counts = Counter(row[3] for row in rows) + Counter(done=len(ids))
    action.counts, action.place = _added(action.counts, counts), ids[-1]
    return len(ids)


def _undo_chunk(session: Session, action: BulkAction, size: int) -> int:
    """Take the next contacts back; returns how many there were."""
    ids = _next(session, action.id, action.undo_place, "changed", size)
    if not ids:
        return 0
    # whoever else writes these contacts waits, so that what is compared is what stands
    session.execute(select(Contact.id).where(Contact.id.in_(ids)).order_by(Contact.id).with_for_update()).all()
    rows = session.execute(
        select(BulkTarget.contact_id, BulkTarget.before, BulkTarget.after).where(
            BulkTarget.action_id == action.id, BulkTarget.contact_id.in_(ids)
        )
    )
    journal = {row[0]: (row[1], row[2]) for row in rows}
    undone = BACK[action.kind](_with(session, action), journal)
    _journal(
        session,
        [
            (action.company_id, action.id, one, "undone" if one in undone else "kept", *journal[one])
            for one in sorted(journal)
        ],
    )
    counts = Counter(done=len(ids), undone=len(undone), kept=len(ids) - len(undone))
    action.undo_counts, action.undo_place = _added(action.undo_counts, counts), ids[-1]
    return len(ids)


def _added(before: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return {name: before.get(name, 0) + more.get(name, 0) for name in {**before, **more}}


def _next(session: Session, action_id: int, place: int, outcome: str, size: int) -> list[int]:
    query = (
        select(BulkTarget.contact_id)
        .where(BulkTarget.action_id == action_id, BulkTarget.contact_id > place, BulkTarget.outcome == outcome)
        .order_by(BulkTarget.contact_id)
        .limit(size)
    )
    return list(session.scalars(query))


def _journal(session: Session, rows: Sequence[tuple[Any, ...]]) -> None:
    columns = ("company_id", "action_id", "contact_id", "outcome", "before", "after")
    table = cast("Table", BulkTarget.__table__)
    upsert_rows(session, table, columns, rows, key=("action_id", "contact_id"), update=("outcome", "before", "after"))


def _with(session: Session, action: BulkAction) -> Work:
    return Work(
        session=session,
        action_id=action.id,
        public_id=str(action.public_id),
        args=action.args,
        actor=f"person:{action.created_by}" if action.created_by else "system",
        now=clock.now(),
        reason=action.undo_reason,
    )


def _end(context: JobContext, action_id: int, state: str, error: str = "") -> None:
    with context.db.begin(context.company_id) as session:
        action = session.get_one(BulkAction, action_id)
        action.state, action.error = state, error
        if state in ENDED:
            action.finished_at = clock.now()
        if action.created_by is not None and state != "cancelled":
            title, level = partial(_news, action.kind, state), "bad" if state in {"failed", "undo_failed"} else "ok"
            url = f"/segments/bulk/{action.public_id}"
            notify(session, [action.created_by], kind="segments.bulk", title=title, body=error, url=url, level=level)


def _news(kind: str, state: str) -> str:
    """Return what has become of an action, in the language of whoever reads it."""
    words = {"done": _("“%(what)s” is done"), "undone": _("“%(what)s” was taken back")}
    return words.get(state, _("“%(what)s” failed")) % {"what": KINDS[kind]()}
