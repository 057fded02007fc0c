"""Restores a backup into an empty place, or in place of what is there; the place starts stopped."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from sqlalchemy import MetaData, func, inspect, select
from sqlalchemy.engine import make_url

from lux.gate import stop
from lux.identity.models import Company, User
from lux.kit import clock, crypto
from lux.kit.db import ALL_COMPANIES, Database, schema
from lux.kit.errors import VaultLocked, WrongState
from lux.kit.i18n import gettext as _
from lux.kit.jobs import JobWorker
from lux.ledger import audit
from lux.ledger.audit import checkpoints, checks
from lux.ledger.audit.checkpoints import FOLDER
from lux.ledger.audit.keys import KeyMissing, key_file, public_keys
from lux.ledger.models import AuditCheckpoint
from lux.rooms.safekeeping.archive import columns
from lux.rooms.safekeeping.archive.failing import run_again, usable
from lux.rooms.safekeeping.archive.filling import differing, fill
from lux.rooms.safekeeping.archive.shape import Damaged, Reader
from lux.rooms.safekeeping.archive.trying import require_known
from lux.rooms.safekeeping.archive.writing import FOLDERS, OF_ALEMBIC, fingerprint
from lux.vault import keys, verification

if TYPE_CHECKING:
    from lux.kit.settings import Settings
    from lux.ports.storage import FileStore
    from lux.rooms.safekeeping.archive.shape import Manifest
    from lux.rooms.safekeeping.archive.writing import Tell

_ALIVE: Final = timedelta(seconds=30)  # a worker gives a sign of life every five seconds


@dataclass(kw_only=True)
class Restored:
    """What is there now, and what is left to do."""

    manifest: Manifest
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # in words: what was looked at, which keys have to be put there


def restore(settings: Settings, store: FileStore, path: Path, tell: Tell, *, replace: str = "") -> Restored:
    """Restore a backup; `replace` = the name of the database whose content it may take the place of.

    Every byte is read and compared before anything is changed. Raises Damaged, InvalidInput (of a newer LUX),
    WrongState (the place is not empty, or LUX is running in it), BrokenOff, Unusable.
    """
    with usable(path), path.open("rb") as file:
        reader = Reader(file)
        require_known(reader.manifest)
        reader.check()
    with path.open("rb") as file:
        reader = Reader(file)
        with usable(settings.shown_database):
            _require_free(settings, replace)
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with run_again(settings):
            was_stopped = _stop_file(settings)
            aside = _set_aside(settings)
            _put_files(reader, settings, store)
            _put_database(reader, settings, tell)
            done = _finished(settings, reader.manifest, path.name, keeps_file=was_stopped)
    if aside is not None:
        done.notes.append(_("Checkpoints that were here before are kept apart: %(path)s", path=aside))
    return done


def name_of(settings: Settings) -> str:
    """Return the database's name, which has to be typed to replace its content."""
    return Path(make_url(settings.database).database or "").name


def _require_free(settings: Settings, replace: str) -> None:
    file = _sqlite_file(settings)
    if file is not None and not file.exists():
        return
    db, name = Database.of(settings), name_of(settings)
    try:
        found = set(inspect(db.engine).get_table_names())
        of_others = found - {table.name for table in columns.all_tables()} - OF_ALEMBIC
        with db.read(ALL_COMPANIES) as session:
            alive = session.scalar(select(func.max(JobWorker.seen_at))) if JobWorker.__tablename__ in found else None
            is_used = bool(of_others) or any(
                table.__tablename__ in found and session.scalar(select(func.count()).select_from(table))
                for table in (Company, User)
            )
    finally:
        db.close()
    if alive is not None and clock.now() - alive < _ALIVE:
        raise WrongState(
            _("LUX is running here."), fix=_("Stop it (all of its processes), wait half a minute, then restore.")
        )
    if is_used and replace != name:
        raise WrongState(
            _("There is something in the database %(name)s already.", name=name),
            fix=_("Restore into an empty place, or say that its content may go: --replace %(name)s", name=name),
        )


def _set_aside(settings: Settings) -> Path | None:
    """Put checkpoints of what was here beside: the restored chains never reached them, and would seem cut off."""
    folder = settings.home / FOLDER
    if not folder.is_dir() or not any(folder.iterdir()):
        return None
    beside = folder.with_name(f"{FOLDER}-before-{clock.now():%Y-%m-%d-%H%M%S}-{crypto.random_token(3)}")
    return folder.rename(beside)


def _put_files(reader: Reader, settings: Settings, store: FileStore) -> None:
    for name, _size, digest in reader.files():
        area, _slash, key = name.partition("/")
        parts = PurePosixPath(key).parts
        if not parts or ".." in parts or key.startswith("/") or "\\" in key:
            raise Damaged(_("%(name)s is no name of a file that LUX has written.", name=name[:100]))
        if area == "files":
            with store.open_write(key) as target:
                reader.copy(name, digest, target)
        elif area == "home" and parts[0] in FOLDERS:
            path = settings.home.joinpath(*parts)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
                reader.copy(name, digest, target)
        else:
            raise Damaged(_("%(name)s is no name of a file that LUX has written.", name=name[:100]))


def _put_database(reader: Reader, settings: Settings, tell: Tell) -> None:
    """SQLite's file takes its name when it is whole; elsewhere what was there goes first."""
    file = _sqlite_file(settings)
    if file is None:
        db = Database.of(settings)
        try:
            _empty(db)
            _fill(db, reader, tell)
        finally:
            db.close()
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{crypto.random_token(6)}.part")
    try:
        db = Database(f"sqlite:///{fresh}", pool_size=2, settings=settings)
        try:
            _fill(db, reader, tell)
            with db.engine.connect() as connection:
                connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
        finally:
            db.close()
        for suffix in ("-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        fresh.replace(file)
        crypto.sync_folder(file.parent)
    finally:
        for suffix in ("", "-wal", "-shm", ".lock"):
            fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)


def _fill(db: Database, reader: Reader, tell: Tell) -> None:
    schema.upgrade(db.engine, reader.manifest.schema)
    fill(db, reader, tell)
    if wrong := differing(db, reader.manifest):
        raise Damaged(_("Rows are missing: %(tables)s", tables=", ".join(wrong)))
    schema.upgrade(db.engine)


def _empty(db: Database) -> None:
    """Drop every table."""
    found = MetaData()
    found.reflect(db.engine)
    found.drop_all(db.engine)


def _finished(settings: Settings, manifest: Manifest, name: str, *, keeps_file: bool) -> Restored:
    done, db = Restored(manifest=manifest), Database.of(settings)
    try:
        with db.begin(ALL_COMPANIES) as session:
            stop.press(session, company_id=None, by=None, reason=_("restored from a backup"), includes_system=True)
            audit.append(
                session, audit.INSTALLATION, actor=audit.Actor(type="operator"), action="backup.restored",
                object_type="backup", object_id=name, detail={"made_at": manifest.made_at, "rows": manifest.rows},
            )  # fmt: skip
        if not keeps_file:
            (settings.home / stop.STOP_FILE).unlink(missing_ok=True)
        _look_at_audit(settings, db, done)
        _look_at_keys(settings, db, done)
    finally:
        db.close()
    return done


def _look_at_audit(settings: Settings, db: Database, done: Restored) -> None:
    """Walk every chain, and compare it with its checkpoints; without the key that signs, without their signatures."""
    with db.read(ALL_COMPANIES) as session:
        chains = checks.all_chains(session, settings)
    known, signed = _public_keys(settings), 0
    for company_id in chains:
        given = checkpoints.read_file(checkpoints.file_of(settings, company_id))
        with db.read(ALL_COMPANIES) as session:
            found = checks.verify_with(session, company_id, given, known)
        signed += found.checkpoints
        if found.state == checks.BROKEN:
            done.faults.append(_("The audit chain %(id)s does not hold at row %(seq)s.", id=company_id, seq=found.seq))
    if not done.faults:
        done.notes.append(
            _("%(count)s audit chains hold, with %(signed)s checkpoints.", count=len(chains), signed=signed)
        )


def _public_keys(settings: Settings) -> Sequence[str]:
    """Return the public keys of what signs checkpoints here; a key that can't be read is none."""
    try:
        return public_keys(settings)
    except KeyMissing:
        return ()


def _look_at_keys(settings: Settings, db: Database, done: Restored) -> None:
    """Say whether secrets open, and which key files have to be put beside the database."""
    try:
        with db.read(ALL_COMPANIES) as session:
            report = verification.verify(settings, session)
        done.notes.append(_("%(count)s secrets open.", count=report.secrets - report.destroyed - report.faults))
        done.faults += [_("Does not open: %(name)s", name=one) for one in report.named]
    except VaultLocked:
        names = ", ".join(done.manifest.master_keys) or "k1"
        done.notes.append(
            _("Put the key that opens the vault (%(names)s) there before you start: %(path)s, or LUX_MASTER_KEYS.",
              names=names, path=keys.key_file(settings))
        )  # fmt: skip
    if done.manifest.app_key and fingerprint(settings) != done.manifest.app_key:
        done.notes.append(
            _("Put the signing key there, too: %(path)s, or LUX_SECRET_KEY. Without it, links in mails that were sent "
              "(unsubscribe, clicks) stop working.", path=crypto.app_key_file(settings))
        )  # fmt: skip
    with db.read(ALL_COMPANIES) as session:
        signed_by = set(session.scalars(select(AuditCheckpoint.key).distinct()))
    if signed_by and not signed_by & set(_public_keys(settings)):
        done.notes.append(
            _("And the key that signs the audit log: %(path)s, or LUX_AUDIT_KEY. Without it no checkpoint is made.",
              path=key_file(settings))
        )  # fmt: skip


def _stop_file(settings: Settings) -> bool:
    """Stop the place by the file until the stop stands in its database; says whether the file was there already."""
    path = settings.home / stop.STOP_FILE
    if path.exists():
        return True
    with suppress(FileExistsError):
        path.write_text("restored from a backup\n")
    return False


def _sqlite_file(settings: Settings) -> Path | None:
    url = make_url(settings.database)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
