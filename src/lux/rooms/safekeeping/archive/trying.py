"""Tries a backup: restores it into a scratch database of its own and looks whether all is there and opens."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from lux.kit.db import ALL_COMPANIES, Base, Database, measure, schema
from lux.kit.errors import InvalidInput, VaultLocked
from lux.kit.i18n import gettext as _
from lux.kit.redaction import redacted_message
from lux.ledger import audit, guards
from lux.rooms.safekeeping.archive import columns
from lux.rooms.safekeeping.archive.filling import differing, fill
from lux.rooms.safekeeping.archive.shape import Reader, newer
from lux.vault import verification

if TYPE_CHECKING:
    from lux.kit.settings import Settings
    from lux.rooms.safekeeping.archive.shape import Manifest
    from lux.rooms.safekeeping.archive.writing import Tell

_SCRATCH = ".scratch-"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What trying showed, in words."""

    is_good: bool
    words: str


def attempt(path: Path, settings: Settings, tell: Tell, *, live: str = "") -> Verdict:
    """Read every byte and restore into a scratch SQLite file beside the backup, which is removed again.

    `live` = the revision of the database in use: a backup of the same one needs no migrations. Damage is a verdict,
    never an error.
    """
    try:
        with path.open("rb") as file:
            reader = Reader(file)
            with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=path.parent) as folder:
                reader.check()
                return _restored(reader, Path(folder), settings, tell, live)
    except InvalidInput as error:
        return Verdict(is_good=False, words=error.message)
    except (OSError, SQLAlchemyError) as error:
        return Verdict(is_good=False, words=_("It could not be restored: %(why)s", why=redacted_message(error)))


def require_known(manifest: Manifest) -> None:
    """Raise InvalidInput for the schema of a newer LUX."""
    if not schema.has(manifest.schema):
        raise newer(manifest.lux)


def _restored(reader: Reader, folder: Path, settings: Settings, tell: Tell, live: str) -> Verdict:
    manifest = reader.manifest
    db = Database(f"sqlite:///{folder / 'scratch.db'}", pool_size=2, settings=settings)
    try:
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
        return _looked_at(db, manifest, settings)
    finally:
        db.close()


def _make_schema(db: Database, revision: str) -> None:
    """Make today's schema from the models: the migrations, which make the same, need a library of ten megabytes."""
    columns.all_tables()
    with db.engine.begin() as connection:
        Base.metadata.create_all(connection)
        guards.install(connection)
        schema.stamp(connection, revision)


def _looked_at(db: Database, manifest: Manifest, settings: Settings) -> Verdict:
    with db.read(ALL_COMPANIES) as session:
        if strays := measure.stray_rows(session):
            return Verdict(is_good=False, words=_("Rows point to nothing: %(table)s", table=strays[0]))
        if damage := measure.faults(session):
            return Verdict(is_good=False, words=damage[0])
        chains = audit.chains(session)
        for company_id in chains:
            _count, fault = audit.verify(session, company_id)
            if fault is not None:
                words = _("The audit chain %(id)s does not hold at row %(seq)s.", id=company_id, seq=fault.seq)
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
            "Restored into a scratch place: %(rows)s rows and %(files)s files are all there, %(chains)s audit chains "
            "hold, %(opened)s.", rows=manifest.rows, files=manifest.files, chains=len(chains), opened=opened,
        ),
    )  # fmt: skip
