"""Whether what carries out background work is there: a sentence now rather than errors later."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lux.kit.settings import Settings


def installed(settings: Settings) -> Settings:
    """Return the settings; raises EngineMissing when LUX_JOBS names an engine that is not installed."""
    if settings.jobs == "celery":
        from lux.kit.jobs import broker

        broker.require(settings)
    return settings


def ready(settings: Settings) -> Settings:
    """Return the settings once the engine is there and the database answers.

    The broker may be away: rows wait, and it is waited for.
    """
    from lux.cli import database

    with database.reachable(installed(settings)):
        pass
    return settings
