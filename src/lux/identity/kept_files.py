"""Files that people ask for: a job writes one, it is kept for days, and the room it is of notes who takes it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar, cast

from sqlalchemy import CursorResult, String, Text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from lux.kit import clock, jobs
from lux.kit.db.base import BigKey, Tenant, uuid7
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.kit.jobs import JobCancelled, JobInterrupted, JobState

if TYPE_CHECKING:
    from lux.kit.jobs import JobContext
    from lux.ports.storage import FileStore

UNFINISHED: Final = ("queued", "running")
_ENDED_BADLY: Final = ("failed", "cancelled")
_BLOCK: Final = 2**18


class KeptFile(Tenant):
    """What a table of such files has."""

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    state: Mapped[str] = mapped_column(String(16), default="queued")  # queued|running|done|failed|cancelled|expired
    file_key: Mapped[str] = mapped_column(String(255), default="")
    file_name: Mapped[str] = mapped_column(String(255), default="")
    file_size: Mapped[int | None] = mapped_column(BigKey)
    rows: Mapped[int] = mapped_column(BigKey, default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    job_id: Mapped[int | None] = mapped_column(BigKey)
    created_by: Mapped[int | None] = mapped_column(BigKey)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    finished_at: Mapped[dt.datetime | None]
    expires_at: Mapped[dt.datetime | None]


File = TypeVar("File", bound=KeptFile)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A file as a page shows it."""

    entry: KeptFile
    state: str  # as it is: also of one whose job has ended without it
    error: str
    done: int  # rows so far
    total: int | None


def nothing(_session: Session, _entry: KeptFile) -> None:
    """Do nothing beside."""


def begin(
    context: JobContext, kind: type[File], number: int, first: Callable[[Session, File], None] = nothing
) -> File | None:
    """Return a file that is to be written now, None when it has ended; `first` is called when it never began before.

    One that ended badly begins anew when its job is started again.
    """
    with context.db.begin(context.company_id) as session:
        entry = session.get(kind, number, with_for_update=True)
        is_again = entry is not None and entry.state in _ENDED_BADLY and entry.job_id == context.job_id
        if entry is None or not (entry.state in UNFINISHED or is_again):
            return None
        if entry.state == "queued":
            first(session, entry)
        entry.state, entry.error, entry.finished_at = "running", "", None
        return entry


def write(
    context: JobContext, store: FileStore, entry: File, fill: Callable[[BinaryIO], int],
    *, kept: dt.timedelta, ended: Callable[[Session, File], None] = nothing,
) -> None:  # fmt: skip
    """Write the file: it appears whole or not at all. `fill` returns how many rows it has.

    `ended` is called in the transaction in which it ends, unless somebody ended it meanwhile; then nothing is kept.
    """
    try:
        with store.open_write(entry.file_key) as target:
            rows = fill(target)
    except JobCancelled:
        _end(context, entry, ended, state="cancelled", error=_("The export was cancelled."))
        raise
    except JobInterrupted:
        raise
    except Exception:
        if context.is_last_attempt:
            _end(context, entry, ended, state="failed", error=_("The export stopped because of an error in LUX."))
        raise
    now, size = clock.now(), store.size(entry.file_key)
    is_ours = _end(
        context, entry, ended, state="done", rows=rows, file_size=size, finished_at=now, expires_at=now + kept
    )  # fmt: skip
    if not is_ours:
        store.delete(entry.file_key)


def tell(context: JobContext, done: int, total: int | None = None) -> None:
    """Say how far it is; raises JobCancelled, JobInterrupted."""
    context.check_cancelled()
    context.progress(done, total)


def blocks(store: FileStore, entry: KeptFile, *, gone: str) -> Iterator[bytes]:
    """Return a file's blocks; raises NotFound with the words `gone` when it has had its time, or never came to be."""
    is_over = entry.expires_at is None or entry.expires_at <= clock.now()
    if entry.state != "done" or is_over or not store.exists(entry.file_key):
        raise NotFound(gone, fix=_("Export again."))
    return _blocks(store, entry.file_key)


def shown(session: Session, entry: KeptFile) -> Shown:
    """Return a file as it stands: a job that was cancelled or given up elsewhere has ended its work, too."""
    job = session.get(jobs.Job, entry.job_id) if entry.job_id is not None else None
    state, error = entry.state, entry.error
    if state in UNFINISHED and entry.job_id is not None:
        if job is None or job.state is JobState.CANCELLED:
            state = "cancelled"
        elif job.state not in {JobState.QUEUED, JobState.RUNNING}:
            state, error = "failed", error or _("The work was given up after several attempts.")
    done, total = (job.progress_done, job.progress_total) if job is not None else (0, None)
    return Shown(entry=entry, state=state, error=error, done=done, total=total)


def words() -> dict[str, str]:
    """Return the words for states."""
    return {
        "queued": _("Waiting"), "running": _("Running"), "done": _("Done"), "failed": _("Failed"),
        "cancelled": _("Cancelled"), "expired": _("Expired"),
    }  # fmt: skip


def _blocks(store: FileStore, key: str) -> Iterator[bytes]:
    with store.open_read(key) as stream:
        while block := stream.read(_BLOCK):
            yield block


def _end(context: JobContext, entry: File, ended: Callable[[Session, File], None], **values: Any) -> bool:  # noqa: ANN401 - columns
    kind = type(entry)
    with context.db.begin(context.company_id) as session:
        result = session.execute(
            update(kind)
            .where(kind.id == entry.id, kind.state == "running")
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        is_ours = cast("CursorResult[Any]", result).rowcount == 1
        if is_ours:
            ended(session, session.get_one(kind, entry.id, populate_existing=True))
        return is_ours
