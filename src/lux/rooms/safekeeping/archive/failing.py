"""What goes wrong outside of a backup while it is written or restored, in one sentence: disk, database, Ctrl+C."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from lux.gate import stop
from lux.kit.errors import LuxError
from lux.kit.i18n import gettext as _
from lux.kit.redaction import redact

if TYPE_CHECKING:
    from pathlib import Path

    from lux.kit.settings import Settings


# A disk, a database, and what SQLite raises while it connects.
TROUBLES: Final = (OSError, SQLAlchemyError, sqlite3.Error)


class Unusable(LuxError):
    """A file or a database can't be used."""

    code = "unusable"


class BrokenOff(LuxError):
    """It was broken off."""

    code = "broken_off"


@contextmanager
def usable(what: Path | str) -> Iterator[None]:
    """Raise Unusable where a file can't be read or written, or a database not be reached."""
    try:
        yield
    except TROUBLES as error:
        raise Unusable(
            _("%(what)s can't be used (%(why)s).", what=what, why=reason(error)), fix=_("Nothing was changed.")
        ) from error


@contextmanager
def run_again(settings: Settings) -> Iterator[None]:
    """Raise BrokenOff, saying what is left, where a restore ends after it has begun to change the place."""
    try:
        yield
    except TROUBLES as error:
        raise BrokenOff(_("It could not be restored (%(why)s).", why=reason(error)), fix=_left(settings)) from error
    except KeyboardInterrupt as error:
        raise BrokenOff(_("The restore was broken off."), fix=_left(settings)) from error


def reason(error: BaseException) -> str:
    """Return the system's or a driver's own words in one line, without secrets."""
    words = getattr(error, "strerror", None) or str(getattr(error, "orig", None) or error)
    return redact(" ".join(words.strip().split("\n")[0].split())).rstrip(".") or type(error).__name__


def _left(settings: Settings) -> str:
    path = settings.home / stop.STOP_FILE
    return _("What is here is not whole, and %(path)s lets nothing leave: restore again, as before.", path=path)
