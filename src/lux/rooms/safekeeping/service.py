"""Backups: asked for, made, tried, kept for their time; and what is done with the vault's keys."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from lux.identity.access import Person, Right
from lux.identity.trail import note
from lux.kit import clock, jobs
from lux.kit.db import ALL_COMPANIES, measure
from lux.kit.db.session import settings_of
from lux.kit.errors import NotFound, WrongState
from lux.kit.i18n import gettext as _
from lux.kit.jobs import JobCancelled, JobInterrupted
from lux.kit.redaction import redacted_message
from lux.ledger import audit
from lux.net.storage import store_of
from lux.rooms.safekeeping import queries, retention
from lux.rooms.safekeeping.archive import trying, writing
from lux.rooms.safekeeping.models import Backup, BackupOrigin, BackupState
from lux.ui import confirmation
from lux.vault import shredding, verification

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from lux.kit.db import Database
    from lux.kit.jobs import JobContext
    from lux.kit.settings import Settings

JOB: Final = "safekeeping.back_up"
AGAIN_AFTER_FAILURE: Final = timedelta(hours=1)
_SLACK: Final = timedelta(minutes=15)  # the clock looks once an hour
_BLOCK: Final = 2**18


def request(session: Session, person: Person | None) -> Backup:
    """Put a backup into the queue; one that waits already is returned. None = the clock."""
    if person is not None:
        person.require(Right.OPERATE)
    waiting = queries.unfinished(session)
    if waiting:
        return waiting[0]
    origin = BackupOrigin.PERSON if person else BackupOrigin.CLOCK
    author = person.user_id if person else None
    entry = Backup(origin=origin, state=BackupState.QUEUED, started_at=clock.now(), created_by=author)
    session.add(entry)
    session.flush()
    entry.job_id = jobs.enqueue(session, JOB, {"backup_id": entry.id}, key=JOB, dedup_key=str(entry.id))
    session.flush()
    return entry


def request_due(session: Session, settings: Settings) -> Backup | None:
    """Ask for the backup whose time has come; None when it has not, or LUX makes none by itself."""
    if not settings.backup_hours or queries.unfinished(session):
        return None
    good, latest, now = queries.last(session, BackupState.DONE), queries.last(session), clock.now()
    if good is not None and now - good.started_at < timedelta(hours=settings.backup_hours) - _SLACK:
        return None
    has_just_failed = latest is not None and latest.state is BackupState.FAILED
    if has_just_failed and latest is not None and now - latest.started_at < AGAIN_AFTER_FAILURE - _SLACK:
        return None
    return request(session, None)


def run(context: JobContext, backup_id: int) -> None:
    """Make a backup, try it, and remove what has had its time; running again begins anew."""
    entry = _begin(context.db, backup_id)
    if entry is None:
        return
    folder = writing.folder_of(context.settings)
    path = folder / entry.file_name
    try:
        _clear(folder, entry.file_name)
        made = writing.write(context.db, context.settings, store_of(context.settings), path, _teller(context))
    except JobCancelled:
        _fail(context.db, backup_id, _("It was cancelled."))
        raise
    except JobInterrupted:
        raise
    except Exception as error:
        _fail(context.db, backup_id, redacted_message(error))
        raise
    with context.db.begin(ALL_COMPANIES) as session:
        entry = session.get_one(Backup, backup_id)
        entry.state, entry.finished_at, entry.error = BackupState.DONE, clock.now(), ""
        entry.size, entry.rows, entry.files = made.size, made.manifest.rows, made.manifest.files
        entry.sha256 = made.sha256
        detail = {"rows": entry.rows, "files": entry.files, "bytes": entry.size}
        note(session, None, entry.created_by, "backup.made", about=("backup", entry.public_id), detail=detail)
    verify(context, backup_id)
    prune(context.db, context.settings)


def verify(context: JobContext, backup_id: int) -> None:
    """Restore a backup into a scratch place and keep what that showed."""
    with context.db.read(ALL_COMPANIES) as session:
        entry, live = session.get(Backup, backup_id), measure.revision(session)
    if entry is None or entry.state is not BackupState.DONE:
        return
    path = writing.folder_of(context.settings) / entry.file_name
    verdict = trying.attempt(path, context.settings, _teller(context), live=live)
    with context.db.begin(ALL_COMPANIES) as session:
        entry = session.get_one(Backup, backup_id)
        entry.verified_at, entry.is_good, entry.verdict = clock.now(), verdict.is_good, verdict.words
        about, detail = ("backup", entry.public_id), {"is_good": verdict.is_good}
        note(session, None, None, "backup.verified", about=about, detail=detail)


def record_command(db: Database, settings: Settings, made: writing.Made, verdict: trying.Verdict | None) -> None:
    """Note a backup that was made from the command line; the list holds it when it lies in the folder of backups."""
    with db.begin(ALL_COMPANIES) as session:
        detail = {"rows": made.manifest.rows, "files": made.manifest.files, "bytes": made.size}
        operator = audit.Actor(type="operator")
        audit.append(session, audit.INSTALLATION, actor=operator, action="backup.made", object_type="backup",
                     object_id=made.path.name, detail=detail)  # fmt: skip
        if made.path.parent.resolve() != writing.folder_of(settings).resolve():
            return
        entry = Backup(
            file_name=made.path.name, origin=BackupOrigin.COMMAND, state=BackupState.DONE, finished_at=clock.now(),
            size=made.size, rows=made.manifest.rows, files=made.manifest.files, sha256=made.sha256,
        )  # fmt: skip
        if verdict is not None:
            entry.verified_at, entry.is_good, entry.verdict = clock.now(), verdict.is_good, verdict.words
        session.add(entry)


def prune(db: Database, settings: Settings) -> None:
    """Remove files that have had their time by the rule of `retention`."""
    folder = writing.folder_of(settings)
    with db.begin(ALL_COMPANIES) as session:
        rows = queries.kept(session)
        stay = retention.kept(rows, retention.rule_of(settings))
        for row in rows:
            path = folder / row.file_name
            if row.id not in stay:
                path.unlink(missing_ok=True)
                note(session, None, None, "backup.removed", about=("backup", row.public_id))
            elif path.exists():
                continue
            row.state = BackupState.REMOVED


def watch(db: Database, settings: Settings) -> None:
    """Do what an hour brings: a backup that is due, files that are gone, leftovers of processes that died."""
    folder = writing.folder_of(settings)
    if folder.is_dir():
        writing.drop_unfinished(folder)
    _give_up_lost(db)
    prune(db, settings)
    with db.begin(ALL_COMPANIES) as session:
        request_due(session, settings)


def download(session: Session, public_id: uuid.UUID, person: Person) -> tuple[str, int, Iterator[bytes]]:
    """Note who takes a backup and return its name, size and blocks; raises NotFound, Forbidden."""
    person.require(Right.OPERATE)
    entry = queries.backup(session, public_id)
    path = writing.folder_of(settings_of(session)) / entry.file_name
    if entry.state is not BackupState.DONE or not path.is_file():
        raise NotFound(_("The file of this backup is not there any more."))
    note(session, None, person, "backup.downloaded", about=("backup", public_id), detail={"bytes": entry.size})
    return entry.file_name, path.stat().st_size, _blocks(path)


def request_verification(session: Session, public_id: uuid.UUID, person: Person) -> None:
    """Put trying a backup into the queue; raises WrongState when there is no file to try."""
    person.require(Right.OPERATE)
    entry = queries.backup(session, public_id)
    if entry.state is not BackupState.DONE:
        raise WrongState(_("There is no file of this backup to try."))
    args: dict[str, Any] = {"backup_id": entry.id}
    entry.job_id = jobs.enqueue(session, "safekeeping.verify_backup", args, key=JOB, dedup_key=str(entry.id))


def verify_vault_when_due(db: Database, settings: Settings, *, every: timedelta) -> None:
    """Open every secret, unless that was done within `every`; raises VaultLocked."""
    with db.read(ALL_COMPANIES) as session:
        last = verification.last(session)
    if last is None or clock.now() - last.at >= every:
        verification.verify_and_keep(settings, db)


def shred(db: Database, public_id: uuid.UUID, person: Person, *, typed: str) -> shredding.Shredded:
    """Destroy a company's data keys after its short name was typed; raises InvalidInput, Forbidden, WrongState."""
    person.require(Right.OPERATE)
    with db.read(ALL_COMPANIES) as session:
        company = queries.company_by_public_id(session, public_id)
    confirmation.require(typed, company.slug)
    return shredding.shred(db, company.id, actor=person.actor)


def _begin(db: Database, backup_id: int) -> Backup | None:
    with db.begin(ALL_COMPANIES) as session:
        entry = session.get(Backup, backup_id, with_for_update=True)
        if entry is None or entry.state in {BackupState.DONE, BackupState.REMOVED}:
            return None
        entry.state, entry.error, entry.started_at = BackupState.RUNNING, "", clock.now()
        entry.file_name = entry.file_name or writing.file_name()
        return entry


def _fail(db: Database, backup_id: int, words: str) -> None:
    with db.begin(ALL_COMPANIES) as session:
        entry = session.get_one(Backup, backup_id)
        entry.state, entry.error, entry.finished_at = BackupState.FAILED, words, clock.now()


def _give_up_lost(db: Database) -> None:
    """Mark backups whose job has ended without them."""
    with db.begin(ALL_COMPANIES) as session:
        for entry in queries.unfinished(session):
            job = session.get(jobs.Job, entry.job_id) if entry.job_id else None
            if job is None or job.state not in {jobs.JobState.QUEUED, jobs.JobState.RUNNING}:
                entry.state, entry.error = BackupState.FAILED, _("It was given up.")


def _clear(folder: Path, name: str) -> None:
    """Remove what an earlier attempt of the same backup has left."""
    for path in folder.glob(f".{name}.*{writing.UNFINISHED}"):
        path.unlink(missing_ok=True)
    (folder / name).unlink(missing_ok=True)


def _teller(context: JobContext) -> writing.Tell:
    def tell(done: int, total: int) -> None:
        context.check_cancelled()
        context.progress(done, total)

    return tell


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block
