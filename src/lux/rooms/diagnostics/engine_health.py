"""Looks at what carries out background work: which engine, and whether its broker answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lux.kit import database_url
from lux.kit.db.session import settings_of
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.ports.contributions import HealthFinding

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.settings import Settings


class EngineHealth:
    """The engine is known, and its broker answers where it needs one."""

    key = "engine"

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:
        """Name the engine; ask the broker how much waits in it."""
        if company_id is not None:
            return ()
        settings = settings_of(session)
        if settings.jobs == "celery":
            return (_broker(self.key, settings),)
        message = _("LUX's own workers carry out background work (LUX_JOBS=%(name)s).", name=settings.jobs)
        return (HealthFinding(key=self.key, level="ok", message=message),)


def how_to_start_a_worker(session: Session) -> str:
    """Say what starts somebody who carries out background work."""
    if settings_of(session).jobs == "celery":
        return _("Start `lux worker` on any machine.")
    return _("Start `lux serve` or `lux worker`.")


def how_to_start_the_clock(session: Session) -> str:
    """Say what starts somebody who looks at the clock."""
    if settings_of(session).jobs == "celery":
        return _("Start `lux clock` on any machine.")
    return _("Start `lux serve` or `lux worker`.")


def _broker(key: str, settings: Settings) -> HealthFinding:
    from lux.kit.jobs.broker import Broker, BrokerAway

    address = database_url.masked(settings.broker_url)
    broker = Broker(settings)
    try:
        waiting = sum(broker.depths().values())
    except BrokerAway:
        message = _("Celery's broker does not answer (%(address)s): new background work waits.", address=address)
        fix = _("Start it, or correct LUX_BROKER_URL. Nothing is lost: all that is due starts when it answers again.")
        return HealthFinding(key=key, level="bad", message=message, fix=fix)
    finally:
        broker.close()
    message = ngettext(
        "Celery carries out background work; its broker answers (%(address)s), one hint waits in it.",
        "Celery carries out background work; its broker answers (%(address)s), %(num)s hints wait in it.",
        waiting,
        address=address,
    )
    return HealthFinding(key=key, level="ok", message=message)
