"""Where an action stands when its job was ended elsewhere: on the page of jobs, or with a worker that died for good."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.orm.attributes import set_committed_value

from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.kit.jobs import Job, JobState
from lux.rooms.segments.bulk.plan import OPEN, UNDOING
from lux.rooms.segments.models import BulkAction

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def show_as_they_stand(session: Session, actions: Sequence[BulkAction]) -> None:
    """Let rows tell what has become of them, without writing it: for pages that only read."""
    for action, values in _ended(session, actions):
        for name, value in values.items():
            set_committed_value(action, name, value)


def settle(session: Session, actions: Sequence[BulkAction]) -> None:
    """Write down the end of actions that nobody works on any more: what is left can be taken back, or tried again."""
    for action, values in _ended(session, actions):
        session.execute(  # whoever began it again meanwhile is left alone
            update(BulkAction)
            .where(BulkAction.id == action.id, BulkAction.state == action.state, BulkAction.job_id == action.job_id)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        session.refresh(action)


def _ended(session: Session, actions: Sequence[BulkAction]) -> Iterator[tuple[BulkAction, dict[str, Any]]]:
    waiting = [action for action in actions if action.state in {*OPEN, *UNDOING} and action.job_id is not None]
    if not waiting:
        return
    query = select(Job.id, Job.state).where(Job.id.in_([action.job_id for action in waiting]))
    states = {row.id: row.state for row in session.execute(query)}
    for action in waiting:
        state = states.get(action.job_id, JobState.CANCELLED)  # a job that is gone ended long ago
        if state in {JobState.CANCELLED, JobState.FAILED}:
            yield action, _end(action, is_failure=state is JobState.FAILED)


def _end(action: BulkAction, *, is_failure: bool) -> dict[str, Any]:
    error = _("The work was given up after several attempts.") if is_failure else ""
    if action.state in UNDOING:
        return {"state": "undo_failed", "error": error}
    return {"state": "failed" if is_failure else "cancelled", "error": error, "finished_at": clock.now()}
