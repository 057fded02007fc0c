"""A scratch database to try a backup in: of the same kind as the one in use where its server allows that, else SQLite.

Never a schema inside the database in use: its locks, those of the audit chain among them, would be shared.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from lux.kit.db import Database
from lux.kit.db.scratch import beside
from lux.kit.i18n import gettext as _
from lux.rooms.safekeeping.archive.failing import reason

if TYPE_CHECKING:
    from pathlib import Path

    from lux.kit.settings import Settings

KINDS: Final = {"postgresql": "PostgreSQL", "mysql": "MariaDB"}


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
                url = stack.enter_context(beside(settings.database))
                words = _("a scratch database of %(kind)s", kind=KINDS[kind])
            except DBAPIError as error:
                words = _("a scratch database of SQLite, for %(kind)s let LUX make none (%(why)s)",
                          kind=KINDS[kind], why=reason(error))  # fmt: skip
        db = Database(url, pool_size=2, settings=settings)
        stack.callback(db.close)
        yield Scratch(db=db, words=words)
