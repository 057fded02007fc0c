"""What becomes of an error that a command did not expect: written into error_log, told in one sentence."""

from __future__ import annotations

import logging
import traceback

import click

from lux.kit.errors import LuxError
from lux.kit.i18n import gettext as _
from lux.kit.settings import Settings, load


def tell(error: LuxError) -> None:
    """Say on the error stream what went wrong and what to do."""
    click.echo(f"lux: {error.message} {error.fix}".strip(), err=True)


def tell_unexpected(error: Exception, command: str) -> None:
    """Record the error and say where its details are; the traceback is for LUX_LOG_LEVEL=debug alone."""
    try:
        settings = load()
    except LuxError as problem:
        tell(problem)
        return
    if settings.log_level == "debug":
        click.echo("".join(traceback.format_exception(error)), err=True)
    if _record(settings, error, command):
        where = _("The details are under %(address)s.", address=f"{settings.base_url}/operate/errors")
    else:
        where = _("It could not be recorded; run the command again with LUX_LOG_LEVEL=debug to see the details.")
    words = _("Something unexpected went wrong (%(kind)s).", kind=type(error).__name__)
    click.echo(f"lux: {words} {where}", err=True)


def _record(settings: Settings, error: Exception, command: str) -> bool:
    """Write the error into error_log where there is one; says whether that worked."""
    from lux.cli import database
    from lux.kit import logs
    from lux.rooms.diagnostics import service

    logs.configure(settings)
    if settings.log_level != "debug":
        logging.disable(logging.CRITICAL)  # this process ends now, and one sentence is what it says
    try:
        with database.opened(settings) as db:
            return service.capture(db, error, source="cli", endpoint=command)
    except LuxError:
        return False  # no database, no error_log: the sentence says so
    finally:
        logging.disable(logging.NOTSET)
