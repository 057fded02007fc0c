"""Looks whether opens and clicks are written down, loaded in time, and whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from babel import dates
from sqlalchemy import func, select

from lux.kit import clock
from lux.kit.db.session import settings_of
from lux.kit.i18n import babel_locale, ngettext
from lux.kit.i18n import gettext as _
from lux.kit.spool import FOLDER, waiting
from lux.kit.spool.models import SpoolSegment
from lux.ports.contributions import HealthFinding

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.spool import Spool

LATE_SECONDS: Final = 60.0  # a segment waits two or three, and ten more where no worker is on the machine
TOLD_FOR: Final = timedelta(days=7)

_watched: list[Spool] = []  # what this process writes; a list, because it is made after this module


def watch(spool: Spool) -> None:
    """Look at this process's spool from now on."""
    _watched[:] = [spool]


class HitsHealth:
    """No open and no click is lost on its way into the figures."""

    key = "hits"

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:
        """Look at what is held back here, what waits, and what was lost within a week."""
        if company_id is not None:
            return ()
        folder = str(settings_of(session).home / FOLDER)
        found = [*self._unwritten(folder), *self._waiting(session), *self._lost(session, folder)]
        message = _("Opens and clicks are written down and counted as they come.")
        return found or (HealthFinding(key=self.key, level="ok", message=message),)

    def _unwritten(self, folder: str) -> list[HealthFinding]:
        """Say what can't be written now; known in the process that answers clicks, which also shows this page."""
        count = sum(spool.dropped for spool in _watched)
        if not count:
            return []
        reason = next(spool.trouble for spool in _watched if spool.dropped)
        message = ngettext(
            "One open or click could not be written down and is not counted (%(reason)s).",
            "%(num)s opens and clicks could not be written down and are not counted (%(reason)s).",
            count, reason=reason,
        )  # fmt: skip
        return [HealthFinding(key=self.key, level="bad", message=message, fix=_fix(folder))]

    def _waiting(self, session: Session) -> list[HealthFinding]:
        count, age = waiting(settings_of(session).home / FOLDER)
        if age < LATE_SECONDS:
            return []
        long = dates.format_timedelta(timedelta(seconds=age), threshold=1.5, locale=babel_locale())
        message = ngettext(
            "Opens and clicks wait to be counted, for %(long)s: one file.",
            "Opens and clicks wait to be counted, for %(long)s: %(num)s files.",
            count, long=long,
        )  # fmt: skip
        fix = _("See whether the database can be written to; the list of errors has the reason. Nothing is lost.")
        return [HealthFinding(key=self.key, level="warn", message=message, fix=fix)]

    def _lost(self, session: Session, folder: str) -> list[HealthFinding]:
        dropped, since, reason, broken = _told(session)
        found: list[HealthFinding] = []
        if dropped and since:
            message = ngettext(
                "One open or click of %(when)s is not counted, because it could not be written down (%(reason)s).",
                "%(num)s opens and clicks from %(when)s on are not counted, because they could not be written down"
                " (%(reason)s).",
                dropped, when=_moment(since), reason=reason,
            )  # fmt: skip
            found.append(HealthFinding(key=self.key, level="warn", message=message, fix=_fix(folder)))
        if broken:
            message = ngettext(
                "One line about an open or click could not be read and is not counted.",
                "%(num)s lines about opens and clicks could not be read and are not counted.",
                broken,
            )  # fmt: skip
            fix = _("A line is broken when a disk is full or a machine loses power. If it goes on, look at the disk.")
            found.append(HealthFinding(key=self.key, level="warn", message=message, fix=fix))
        return found


def _told(session: Session) -> tuple[int, datetime | None, str, int]:
    """Return what was dropped within a week, since when, why at last, and how many lines were broken."""
    recent = SpoolSegment.loaded_at >= clock.now() - TOLD_FOR
    row = session.execute(
        select(
            func.sum(SpoolSegment.dropped),
            func.min(SpoolSegment.dropped_since),
            func.sum(SpoolSegment.refused + SpoolSegment.torn),
        ).where(recent, (SpoolSegment.dropped > 0) | (SpoolSegment.refused > 0) | (SpoolSegment.torn > 0))
    ).one()
    latest = select(SpoolSegment.trouble).where(recent, SpoolSegment.dropped > 0).order_by(SpoolSegment.id.desc())
    return int(row[0] or 0), row[1], session.scalar(latest.limit(1)) or "", int(row[2] or 0)


def _moment(moment: datetime) -> str:
    return dates.format_datetime(moment, "short", locale=babel_locale())


def _fix(folder: str) -> str:
    return _(
        "Make room on the disk, and let the user that LUX runs as write to %(folder)s. Readers notice nothing of it.",
        folder=folder,
    )
