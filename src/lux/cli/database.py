"""The database as a command meets it: reachable and set up, or one sentence why not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from lux.cli.errors import CannotStart
from lux.kit.db import Database, schema
from lux.kit.i18n import gettext as _
from lux.kit.redaction import redact

if TYPE_CHECKING:
    from lux.kit.settings import Settings

# What connecting raises: the drivers' own errors, a file that is no database, an option that the driver does not know.
_UNREACHABLE = (SQLAlchemyError, sqlite3.Error, OSError, TypeError, ValueError)


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """Open a database that is set up; raises CannotStart."""
    if not settings.home.is_dir():
        raise CannotStart(
            _("There is no data folder %(path)s.", path=settings.home),
            fix=_("Start LUX once, or name the right one: LUX_HOME=/path"),
        )
    with reachable(settings) as db:
        if schema.present(db.engine) is None:
            raise CannotStart(_("The database is empty."), fix=_("Start LUX once, or run: lux migrate"))
        yield db


@contextmanager
def reachable(settings: Settings) -> Iterator[Database]:
    """Open the database and connect to it once; raises CannotStart."""
    db = Database.of(settings)
    try:
        try:
            with db.engine.connect():
                pass
        except _UNREACHABLE as error:
            where, why = settings.shown_database, _reason(error)
            raise CannotStart(
                _("The database %(where)s can't be reached (%(why)s).", where=where, why=why),
                fix=_("Start it, or correct LUX_DATABASE_URL.") if settings.database_url else _("Look at the file."),
            ) from error
        yield db
    finally:
        db.close()


def upgrade(db: Database) -> None:
    """Bring the schema up to date; raises CannotStart when a newer LUX has made it."""
    from alembic.util import CommandError  # only here: a worker, too, looks whether its database is there

    try:
        schema.upgrade(db.engine)
    except CommandError as error:
        if schema.is_known(db.engine):
            raise
        raise CannotStart(
            _("A newer version of LUX has used this database."),
            fix=_("Start that version, or restore an older backup."),
        ) from error


def _reason(error: BaseException) -> str:
    """Return a driver's words in one line."""
    words = str(getattr(error, "orig", None) or error).strip()
    return redact(" ".join(words.splitlines()[0].split()) if words else type(error).__name__).rstrip(".")
