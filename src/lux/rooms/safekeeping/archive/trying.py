"""Tries a backup: restores it into a scratch database of its own and looks whether all is there and opens."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from lux.kit.db import ALL_COMPANIES, Base, Database, measure, schema
from lux.kit.db.session import dialect_of
from lux.kit.errors import InvalidInput, VaultLocked
from lux.kit.i18n import gettext as _
from lux.kit.redaction import redacted_message
from lux.ledger import audit, guards
from lux.ledger.audit import checkpoints, checks
from lux.ledger.audit.keys import KeyMissing, public_keys
from lux.rooms.content.addresses import key_of
from lux.rooms.content.models import Media
from lux.rooms.safekeeping.archive import columns, scratch
from lux.rooms.safekeeping.archive.failing import TROUBLES
from lux.rooms.safekeeping.archive.filling import differing, fill
from lux.rooms.safekeeping.archive.shape import Reader, newer
from lux.rooms.safekeeping.archive.writing import SCRATCH
from lux.vault import verification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from lux.kit.settings import Settings
    from lux.ledger.audit.checkpoints import Checkpoint
    from lux.rooms.safekeeping.archive.scratch import Scratch
    from lux.rooms.safekeeping.archive.shape import Manifest
    from lux.rooms.safekeeping.archive.writing import Tell


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What trying showed, in words."""

    is_good: bool
    words: str


def attempt(path: Path, settings: Settings, tell: Tell, *, live: str = "") -> Verdict:
    """Read every byte and restore into a scratch database, which is removed again.

    `live` = the revision of the database in use: a backup of the same one needs no migrations. Damage is a verdict,
    never an error.
    """
    try:
        with path.open("rb") as file:
            reader = Reader(file)
            with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=path.parent) as folder:
                reader.check()
                with scratch.place(settings, Path(folder)) as place:
                    return _restored(reader, place, settings, tell, live)
    except InvalidInput as error:
        return Verdict(is_good=False, words=error.message)
    except TROUBLES as error:
        return Verdict(is_good=False, words=_("It could not be restored: %(why)s", why=redacted_message(error)))


def require_known(manifest: Manifest) -> None:
    """Raise InvalidInput for the schema of a newer LUX."""
    if not schema.has(manifest.schema):
        raise newer(manifest.lux)


def _restored(reader: Reader, place: Scratch, settings: Settings, tell: Tell, live: str) -> Verdict:
    manifest, db = reader.manifest, place.db
    if live and manifest.schema == live:
        _make_schema(db, live)
    else:
        require_known(manifest)
        schema.upgrade(db.engine, manifest.schema)
    fill(db, reader, tell)
    if wrong := differing(db, manifest):
        return Verdict(is_good=False, words=_("Rows are missing: %(tables)s", tables=", ".join(wrong)))
    if manifest.schema != live:
        schema.upgrade(db.engine)
    return _looked_at(reader, place, settings)


def _make_schema(db: Database, revision: str) -> None:
    """Make today's schema from the models: the migrations, which make the same, need a library of ten megabytes."""
    columns.all_tables()
    with db.engine.begin() as connection:
        Base.metadata.create_all(connection)
        guards.install(connection)
        schema.stamp(connection, revision)


def _looked_at(reader: Reader, place: Scratch, settings: Settings) -> Verdict:
    with place.db.read(ALL_COMPANIES) as session:
        words = _damage(session) or _missing_picture(session, reader)
        chains, signed, fault = _chains(session, reader, settings)
        if words := words or fault:
            return Verdict(is_good=False, words=words)
        try:
            report = verification.verify(settings, session)
            opened = _("%(count)s secrets open", count=report.secrets - report.destroyed - report.faults)
        except VaultLocked:
            report, opened = None, _("secrets could not be tried, for the vault is locked")
    if report is not None and not report.is_whole:
        return Verdict(is_good=False, words=_("A secret does not open: %(name)s", name=report.named[0]))
    return Verdict(
        is_good=True,
        words=_(
            "Restored into %(place)s: %(rows)s rows and %(files)s files are all there, %(chains)s audit chains hold "
            "with %(signed)s checkpoints, %(opened)s.", place=place.words, rows=reader.manifest.rows,
            files=reader.manifest.files, chains=chains, signed=signed, opened=opened,
        ),
    )  # fmt: skip


def _damage(session: Session) -> str:
    """Return what is wrong with a scratch SQLite file; the other databases refuse such rows themselves."""
    if dialect_of(session) != "sqlite":
        return ""
    if strays := measure.stray_rows(session):
        return _("Rows point to nothing: %(table)s", table=strays[0])
    return next(iter(measure.faults(session) or ()), "")


def _missing_picture(session: Session, reader: Reader) -> str:
    """Return which picture of the library has no file in the backup."""
    query = select(Media.public_id, Media.files).execution_options(yield_per=500)
    for public_id, files in session.execute(query):
        for one in files:
            if not reader.has(f"files/{key_of(public_id, str(one['name']))}"):
                return _("A picture is missing: %(name)s", name=f"{public_id}/{one['name']}")
    return ""


def _chains(session: Session, reader: Reader, settings: Settings) -> tuple[int, int, str]:
    """Walk the audit chains and compare them with the backup's checkpoints; returns chains, checkpoints, a fault."""
    try:
        known = public_keys(settings)
    except KeyMissing:
        known = ()  # rows and hashes are compared, signatures are not
    chains, signed = audit.chains(session), 0
    for company_id in chains:
        found = checks.verify_with(session, company_id, _signed(reader, company_id), known)
        signed += found.checkpoints
        if found.state == checks.BROKEN:
            words = _("The audit chain %(id)s does not hold at row %(seq)s.", id=company_id, seq=found.seq)
            return len(chains), signed, words
    return len(chains), signed, ""


def _signed(reader: Reader, company_id: int) -> Sequence[Checkpoint]:
    """Return a chain's checkpoints as the file in the backup has them."""
    name = f"home/{checkpoints.FOLDER}/{company_id}.jsonl"
    return checkpoints.read_lines(reader.read(name).decode(errors="replace")) if reader.has(name) else ()
