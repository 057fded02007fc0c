"""`lux backup` and `lux restore`: the whole installation to a file and back, without its keys."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lux.cli.errors import CannotStart
from lux.kit.i18n import gettext as _
from lux.kit.settings import load

if TYPE_CHECKING:
    from lux.kit.db import Database
    from lux.kit.settings import Settings
    from lux.rooms.safekeeping.archive.writing import Made


@click.command("backup")
@click.argument("out", required=False, type=click.Path(path_type=Path))
@click.option("--no-try", "is_quick", is_flag=True, help="Do not restore it into a scratch place afterwards.")
def backup(out: Path | None, *, is_quick: bool) -> None:
    """Write database, files and mailbox into one file; OUT is a file or a folder (without it the folder of backups).

    LUX may run meanwhile. Exit code 1 when the backup can't be relied on.
    """
    from lux import house
    from lux.cli import database
    from lux.cli.company import bar
    from lux.rooms.safekeeping.archive import trying, writing
    from lux.rooms.safekeeping.service import record_command

    settings = load()
    house.install()
    folder = out if out is not None and out.is_dir() else writing.folder_of(settings)
    path = folder / writing.file_name() if out is None or out.is_dir() else out
    with database.opened(settings) as db:
        made = _written(db, settings, path)
        click.echo(_("%(rows)s rows and %(files)s files are in %(path)s.",
                     rows=made.manifest.rows, files=made.manifest.files, path=path))  # fmt: skip
        click.echo(_("Keys are not in it: keep keys/master.key, keys/app.key and keys/audit.key apart from it."))
        verdict = None
        try:
            if not is_quick:
                with bar() as tell:
                    verdict = trying.attempt(path, settings, tell, live=made.manifest.schema)
                click.echo(verdict.words)
        finally:  # also after Ctrl+C: it is whole, and was never tried
            record_command(db, settings, made, verdict)
    sys.exit(0 if verdict is None or verdict.is_good else 1)


def _written(db: Database, settings: Settings, path: Path) -> Made:
    from sqlalchemy.exc import SQLAlchemyError

    from lux.cli.company import bar
    from lux.net.storage import store_of
    from lux.rooms.safekeeping.archive import writing
    from lux.rooms.safekeeping.archive.failing import reason

    try:
        with bar() as tell:
            return writing.write(db, settings, store_of(settings), path, tell)
    except OSError as error:
        if path.exists():
            words = _("There is a file %(path)s already.", path=path)
            raise CannotStart(words, fix=_("Choose another name.")) from error
        raise CannotStart(
            _("%(path)s can't be written (%(why)s).", path=path, why=error.strerror), fix=_("Choose another place.")
        ) from error
    except SQLAlchemyError as error:
        raise CannotStart(
            _("The database could not be read (%(why)s).", why=reason(error)), fix=_("There is no backup.")
        ) from error
    except KeyboardInterrupt as error:
        raise CannotStart(_("The backup was broken off."), fix=_("There is no file of it.")) from error


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", default="", metavar="NAME", help="The name of the database whose content may go.")
@click.option("--try", "is_trial", is_flag=True, help="Only restore it into a scratch place, and change nothing.")
def restore(file: Path, replace: str, *, is_trial: bool) -> None:
    """Restore FILE into an empty place; the place starts with the emergency stop pressed.

    Exit code 1 when something does not hold afterwards.
    """
    from lux import house
    from lux.cli.company import bar
    from lux.net.storage import store_of
    from lux.rooms.safekeeping.archive import restoring, trying

    settings = load()
    house.install()
    with bar() as tell:
        if is_trial:
            verdict = trying.attempt(file, settings, tell)
            click.echo(verdict.words)
            sys.exit(0 if verdict.is_good else 1)
        done = restoring.restore(settings, store_of(settings), file, tell, replace=replace)
    click.echo(_("%(rows)s rows and %(files)s files of %(at)s are here.",
                 rows=done.manifest.rows, files=done.manifest.files, at=done.manifest.made_at))  # fmt: skip
    for line in (*done.notes, *done.faults):
        click.echo(line)
    click.echo(_("The emergency stop is pressed: nothing leaves, system mails included, until somebody resumes."))
    click.echo(_("Everybody signs in again. API keys that were revoked since that moment work again: look at them."))
    sys.exit(1 if done.faults else 0)
