"""Looks at what keeps things: the database, the file store; and, when asked, more deeply."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from babel import numbers

from lux.kit import clock
from lux.kit.crypto import random_token
from lux.kit.db import measure
from lux.kit.db.session import settings_of
from lux.kit.i18n import babel_locale
from lux.kit.i18n import gettext as _
from lux.ports.contributions import HealthCheck, HealthFinding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

SLOW: Final = 0.1  # seconds for the smallest question
LARGE_WAL: Final = 512 * 1024**2  # bytes
MOST_TO_READ: Final = 4 * 1024**3  # bytes of a database that is read as a whole while somebody waits
_ROUNDS: Final = 20
_WORD: Final = b"LUX was here"


class DatabaseHealth:
    """The database answers, and soon."""

    key = "database"

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:
        """Ask it something."""
        if company_id is not None:
            return ()
        return (_answers(self.key, measure.seconds_to_answer(session)),)


class DatabaseSizeHealth:
    """The database's size, and that its write-ahead log is folded back."""

    key = "database_size"

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:
        """Measure both."""
        if company_id is not None:
            return ()
        size, wal = measure.size(session), measure.wal_size(session)
        if size is None:
            message = _("The database does not say how large it is.")
            fix = _("Let LUX's database user read information_schema.tables.")
            return (HealthFinding(key=self.key, level="unknown", message=message, fix=fix),)
        if wal is None:
            message = _("The database takes %(size)s.", size=size_of(size))
            return (HealthFinding(key=self.key, level="ok", message=message),)
        message = _("The database takes %(size)s, its write-ahead log %(wal)s.", size=size_of(size), wal=size_of(wal))
        if wal < LARGE_WAL:
            return (HealthFinding(key=self.key, level="ok", message=message),)
        fix = _(
            "Something reads for very long and keeps the log from being folded back. Start LUX again in a quiet minute."
        )
        return (HealthFinding(key=self.key, level="warn", message=message, fix=fix),)


class FilesHealth:
    """The file store can be written to."""

    key = "files"

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:
        """Look at the folder; a store at a distance is tried when asked only, for it may keep a page waiting."""
        if company_id is not None:
            return ()
        settings = settings_of(session)
        if settings.file_store:
            message = _("Whether the file store at a distance can be reached was not tried just now.")
            fix = _("Press “Look more deeply” to try it.")
            return (HealthFinding(key=self.key, level="unknown", message=message, fix=fix),)
        folder = settings.home / "files"
        if is_writable(folder):
            return (HealthFinding(key=self.key, level="ok", message=_("The file store can be written to.")),)
        message = _("The file store can't be written to: imports, exports and pictures fail.")
        fix = _("Let the user that runs LUX write into %(folder)s.", folder=folder)
        return (HealthFinding(key=self.key, level="bad", message=message, fix=fix),)


class DatabaseDeep:
    """Asks the database many times, and lets SQLite read its whole file."""

    key = "database"

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:  # noqa: ARG002 - the installation's
        """Measure the middle of many answers; look for damage."""
        times = sorted(measure.seconds_to_answer(session) for _round in range(_ROUNDS))
        found = [_answers(self.key, times[_ROUNDS // 2])]
        if (measure.size(session) or 0) > MOST_TO_READ and measure.wal_size(session) is not None:
            message = _("The database is too large to be read as a whole while you wait.")
            fix = _("In a quiet hour run: sqlite3 lux.db 'PRAGMA quick_check'")
            return (*found, HealthFinding(key=self.key, level="unknown", message=message, fix=fix))
        damage = measure.faults(session)
        if damage:
            message = _("The database's file is damaged: %(what)s", what="; ".join(damage[:3]))
            fix = _("Stop LUX, keep a copy of the file, and restore the last backup.")
            found.append(HealthFinding(key=self.key, level="bad", message=message, fix=fix))
        elif damage is not None:
            found.append(HealthFinding(key=self.key, level="ok", message=_("The database's file is intact.")))
        return found


class FilesDeep:
    """Writes a file, reads it back and removes it."""

    key = "files"

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:  # noqa: ARG002 - the installation's
        """Try the way there and back."""
        from lux.net.storage import store_of  # its library is large, and the page is seldom asked for

        store, key, began = store_of(settings_of(session)), f"health/{random_token(12)}", clock.monotonic()
        try:
            with store.open_write(key) as file:
                file.write(_WORD)
            with store.open_read(key) as file:
                is_same = file.read() == _WORD
            store.delete(key)
        except OSError as error:  # also what S3 refuses: its library turns refusals into these
            message = _("The file store does not work: %(reason)s", reason=error.strerror or type(error).__name__)
            fix = _("See docs/howto/file-store.md, and that the disk or bucket is there and may be written to.")
            return (HealthFinding(key=self.key, level="bad", message=message, fix=fix),)
        if not is_same:
            message = _("The file store gave back something else than was written.")
            fix = _("Look after its disk or its service before you import or export anything.")
            return (HealthFinding(key=self.key, level="bad", message=message, fix=fix),)
        message = _("A file was written, read back and removed in %(ms)s ms.", ms=_ms(clock.monotonic() - began))
        return (HealthFinding(key=self.key, level="ok", message=message),)


DEEP: Final[tuple[HealthCheck, ...]] = (DatabaseDeep(), FilesDeep())


def size_of(count: int) -> str:
    """Return bytes in the unit that people would use."""
    unit, divisor = ("GB", 1024**3) if count >= 1024**3 else ("MB", 1024**2)
    digits = 1 if count < 100 * divisor else 0
    return f"{numbers.format_decimal(round(count / divisor, digits), locale=babel_locale())} {unit}"


def is_writable(folder: Path) -> bool:
    """Say whether files can be made in a folder that is there or will be made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _answers(key: str, seconds: float) -> HealthFinding:
    message = _("The database answers in %(ms)s ms.", ms=_ms(seconds))
    if seconds < SLOW:
        return HealthFinding(key=key, level="ok", message=message)
    fix = _("Everything waits for it: see what else runs on its machine, and how far away it is.")
    return HealthFinding(key=key, level="warn", message=message, fix=fix)


def _ms(seconds: float) -> str:
    return numbers.format_decimal(round(seconds * 1000, 1), locale=babel_locale())
