"""A scratch database to try a backup in: of the same kind as the one in use where its server allows that, else SQLite.

Never a schema inside the database in use: its locks, those of the audit chain among them, would be shared.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from lux.kit import clock
from lux.kit.db import Database
from lux.kit.i18n import gettext as _
from lux.rooms.safekeeping.archive.failing import reason

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from lux.kit.settings import Settings

KINDS: Final = {"postgresql": "PostgreSQL", "mysql": "MariaDB"}
LEFT_AFTER: Final = timedelta(days=1)  # by then a trial that goes on has ended
_PREFIX: Final = "lux_scratch_"
_NAME: Final = re.compile(_PREFIX + r"([0-9]{10})_[0-9a-f]{8}")
_MAKE: Final = {
    "postgresql": "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'",
    "mysql": "CREATE DATABASE {name} CHARACTER SET utf8mb4",
}
_LIST: Final = {
    "postgresql": "SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = current_user",
    "mysql": "SELECT schema_name FROM information_schema.schemata",
}


_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Scratch:
    """An empty database, and what to say of it."""

    db: Database
    words: str


@contextmanager
def place(settings: Settings, folder: Path) -> Iterator[Scratch]:
    """Yield an empty database that is gone afterwards; `folder` is for SQLite's file."""
    with ExitStack() as stack:
        url, words = f"sqlite:///{folder / 'scratch.db'}", _("a scratch database of SQLite")
        kind = make_url(settings.database).get_backend_name().replace("mariadb", "mysql")
        if kind in KINDS:
            try:
                url = stack.enter_context(_on_the_server(settings, kind))
                words = _("a scratch database of %(kind)s", kind=KINDS[kind])
            except DBAPIError as error:
                words = _("a scratch database of SQLite, for %(kind)s let LUX make none (%(why)s)",
                          kind=KINDS[kind], why=reason(error))  # fmt: skip
        db = Database(url, pool_size=2, settings=settings)
        stack.callback(db.close)
        yield Scratch(db=db, words=words)


@contextmanager
def _on_the_server(settings: Settings, kind: str) -> Iterator[str]:
    """Make a database beside the one in use, and remove it and those that earlier trials have left."""
    name = f"{_PREFIX}{clock.now():%Y%m%d%H}_{uuid.uuid4().hex[:8]}"
    server = create_engine(settings.database, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(_MAKE[kind].format(name=name)))
    try:
        yield make_url(settings.database).set(database=name).render_as_string(hide_password=False)
    finally:
        oldest = f"{clock.now() - LEFT_AFTER:%Y%m%d%H}"
        with server.connect() as connection:
            for other in connection.scalars(text(_LIST[kind])).all():
                found = _NAME.fullmatch(other)
                if found is not None and (other == name or found[1] < oldest):
                    _drop(connection, other)


def _drop(connection: Connection, name: str) -> None:
    try:
        connection.execute(text(f"DROP DATABASE {name}"))
    except DBAPIError as error:  # somebody looks at it: it goes with a later trial
        _log.warning("a scratch database stays: %s (%s)", name, reason(error))
