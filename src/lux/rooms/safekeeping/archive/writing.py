"""Writes a backup: one snapshot of the database, then the files; it takes its name when it is whole."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from sqlalchemy import Table, func, inspect, select

import lux
from lux.kit import clock, crypto
from lux.kit.db import ALL_COMPANIES, measure
from lux.kit.db.numbers import counters
from lux.kit.db.session import dialect_of
from lux.ledger.audit import checkpoints
from lux.ledger.models import ApprovalAuditLog
from lux.rooms.safekeeping.archive import columns
from lux.rooms.safekeeping.archive.shape import SUFFIX, Manifest, Writer
from lux.vault.models import VaultKeyCheck

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.db import Database
    from lux.kit.settings import Settings
    from lux.ports.storage import FileStore

Tell = Callable[[int, int], None]  # rows done, rows in all; may raise to stop
UNFINISHED: Final = ".part"
SCRATCH: Final = ".scratch-"  # how the folder begins in which a backup is tried
FOLDERS: Final = ("mailbox", checkpoints.FOLDER)  # of the data folder, besides the file store
LEFT_OUT: Final = {
    "backup": "Of the place where it was made.",
    "idempotency": "Answers to repeated requests, kept for a day.",
    "job_worker": "Processes of the place where it was made.",
    "leader": "The same.",
    "one_time_token": "Links that open an account: one that was used since would work again.",
    "rate_window": "Counters of limits that are over.",
    "web_session": "Browsers that are signed in: one that was signed out since would be in again.",
}
# Downloads that expire within days, among them whole companies.
EXPIRING: Final = ("company-exports/",)
OF_ALEMBIC: Final = {"alembic_version"}  # stands in the manifest
_WIDE: Final = {"json", "bytes"}


@dataclass(frozen=True, kw_only=True)
class Made:
    """A backup that is whole."""

    path: Path
    manifest: Manifest
    size: int  # bytes
    sha256: str  # hex, of the whole file


def folder_of(settings: Settings) -> Path:
    """Return where backups are kept."""
    return Path(settings.backup_dir).expanduser() if settings.backup_dir else settings.home / "backups"


def file_name() -> str:
    """Return the name of a backup made now."""
    return f"lux-{clock.now():%Y-%m-%d-%H%M%S}{SUFFIX}"


def write(db: Database, settings: Settings, store: FileStore, path: Path, tell: Tell) -> Made:
    """Write a backup that appears whole or not at all, for its owner's eyes alone; raises OSError, FileExistsError."""
    with _appearing(path) as target, Writer(target) as writer:
        with db.read(ALL_COMPANIES) as session:
            if dialect_of(session) == "postgresql":  # the others read one snapshot by themselves
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            writer.manifest = _head(session, settings)
            _write_tables(session, writer, tell)
            writer.manifest.counters = counters(session)
            reached = _reached(session)
        _write_files(settings, store, writer, tell, reached)
        writer.finish()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return Made(path=path, manifest=writer.manifest, size=path.stat().st_size, sha256=digest.hexdigest())


def fingerprint(settings: Settings) -> str:
    """Return what tells one signing key from another, and nothing of the key; empty when there is none."""
    try:
        return hashlib.sha256(b"lux-app-key-fingerprint" + crypto.app_secret(settings)).hexdigest()[:16]
    except (OSError, ValueError):
        return ""


def drop_unfinished(folder: Path, older_than: timedelta = timedelta(days=1)) -> None:
    """Remove what writers and trials that died have left."""
    for path in (*folder.glob(f".*{UNFINISHED}"), *folder.glob(f"{SCRATCH}*")):
        if clock.now().timestamp() - path.stat().st_mtime <= older_than.total_seconds():
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _head(session: Session, settings: Settings) -> Manifest:
    return Manifest(
        lux=lux.__version__,
        schema=measure.revision(session),
        dialect=dialect_of(session),
        made_at=clock.now().isoformat(),
        master_keys=list(session.scalars(select(VaultKeyCheck.key_id).order_by(VaultKeyCheck.id))),
        app_key=fingerprint(settings),
        left_out=LEFT_OUT | {f"files/{name}": "Downloads that expire within days." for name in EXPIRING},
    )


def _write_tables(session: Session, writer: Writer, tell: Tell) -> None:
    known = columns.all_tables()
    unknown = set(inspect(session.connection()).get_table_names()) - {table.name for table in known} - OF_ALEMBIC
    if unknown:
        raise RuntimeError(f"tables that no backup would hold: {sorted(unknown)}")
    chosen = [table for table in known if table.name not in LEFT_OUT]
    total = sum(session.scalar(select(func.count()).select_from(table)) or 0 for table in chosen)
    done = 0

    def counted(lines: Iterator[bytes]) -> Iterator[bytes]:
        nonlocal done
        for line in lines:
            yield line
            done += 1
            if done % 500 == 0:
                tell(done, total)

    for table in chosen:
        described = [[column.name, columns.kind_of(column)] for column in table.columns]
        writer.table(table.name, described, counted(_lines(session, table, [kind for _name, kind in described])))
        tell(done, total)


def _lines(session: Session, table: Table, kinds: list[str]) -> Iterator[bytes]:
    query = select(*(columns.read_as(column) for column in table.columns)).order_by(*table.primary_key.columns)
    step = 50 if _WIDE & set(kinds) else 1000  # rows in memory: one of them may hold a whole message
    for row in session.execute(query.execution_options(yield_per=step)):
        yield columns.line_of(row, kinds)


def _reached(session: Session) -> dict[str, int]:
    """Return the last row of each audit chain in this snapshot, by the number of its company."""
    rows = select(ApprovalAuditLog.company_id, func.max(ApprovalAuditLog.seq)).group_by(ApprovalAuditLog.company_id)
    return {str(company_id): seq for company_id, seq in session.execute(rows)}


def _write_files(settings: Settings, store: FileStore, writer: Writer, tell: Tell, reached: Mapping[str, int]) -> None:
    """Write the file store and folders beside it; a file that was removed meanwhile is left out."""
    rows = writer.manifest.rows
    for key in store.list(""):
        if key.startswith(EXPIRING):
            continue
        try:
            with store.open_read(key) as source:
                writer.file(f"files/{key}", source)
        except FileNotFoundError:
            continue
        tell(rows, rows)
    for folder in FOLDERS:
        for path in sorted((settings.home / folder).rglob("*")):
            if not path.is_file() or path.is_symlink() or path.name.endswith((UNFINISHED, ".lock")):
                continue
            try:
                with _of_the_snapshot(path, reached) as source:
                    writer.file(f"home/{path.relative_to(settings.home).as_posix()}", source)
            except FileNotFoundError:
                continue
            tell(rows, rows)


def _of_the_snapshot(path: Path, reached: Mapping[str, int]) -> IO[bytes]:
    """Open a file of the data folder; of checkpoints, only what the snapshot's chains have reached.

    One that was signed while rows were written would say of the restored chain that its end is missing.
    """
    if path.parent.name != checkpoints.FOLDER:
        return path.open("rb")
    last = reached.get(path.stem, 0)
    return BytesIO("".join(f"{one.line}\n" for one in checkpoints.read_file(path) if one.seq <= last).encode())


@contextmanager
def _appearing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for its owner's eyes alone; it is on the disk before it takes its name, and never over another."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f".{path.name}.{crypto.random_token(6)}{UNFINISHED}")
    try:
        descriptor: Any = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.link(unfinished, path)
        crypto.sync_folder(path.parent)
    finally:
        unfinished.unlink(missing_ok=True)
