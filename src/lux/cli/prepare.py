"""Before the first page: data folder, keys, schema, owner link."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from lux.cli import database
from lux.cli.errors import CannotStart
from lux.identity import owner_link as links
from lux.identity import tokens, users
from lux.identity.trail import note
from lux.kit import clock, logs
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.ledger.audit import checkpoints
from lux.ledger.audit import keys as signing
from lux.net import storage
from lux.vault import keys

if TYPE_CHECKING:
    from lux.kit.settings import Settings


def prepare(settings: Settings) -> None:
    """Make everything ready and say what a person has to know."""
    logs.configure(settings)
    for line in make_ready(settings):
        click.echo(line)
    _greet(settings, owner_link(settings))


def make_ready(settings: Settings) -> list[str]:
    """Make the data folder, keys and schema; returns notes for people. Raises CannotStart."""
    _make_home(settings)
    storage.store_of(settings)  # raises SettingsProblem for one that can't be used
    with database.reachable(settings) as db:
        database.upgrade(db)
        notes = keys.prepare_keys(settings, db)
        with db.read(ALL_COMPANIES) as session:
            is_new = not checkpoints.companies(session)
        if is_new and signing.make_key(settings):
            notes.append(_("Made the key that signs the audit log: %(path)s", path=signing.key_file(settings)))
        return notes


def owner_link(settings: Settings) -> str | None:
    """Return a fresh owner link, or None when there is an owner."""
    with database.opened(settings) as db:
        return links.make_owner_link(db, settings)


def reset_link(settings: Settings, email: str) -> str:
    """Return a one-time link with which a person chooses a new password; raises NotFound."""
    with database.opened(settings) as db, db.begin(ALL_COMPANIES) as session:
        user = users.by_email(session, email)
        if user is None:
            raise NotFound(_("Nobody signs in with %(email)s.", email=email), fix=_("Check the address."))
        token = tokens.issue(session, tokens.Purpose.PASSWORD_RESET, user_id=user.id)
        detail = {"by": "the command line"}
        note(session, None, None, "password.reset_asked", about=("user", user.public_id), detail=detail)
    return f"{settings.base_url}/reset/{token}"


def _make_home(settings: Settings) -> None:
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        probe = settings.home / f".write-{os.getpid()}"
        probe.write_text(str(clock.now()))
        probe.unlink()
    except OSError as error:
        raise CannotStart(
            _("The data folder %(path)s can't be written to (%(why)s).", path=settings.home, why=error.strerror),
            fix=_("Give yourself the right to it, or name another: LUX_HOME=/path make run"),
        ) from error


def _greet(settings: Settings, link: str | None) -> None:
    click.echo(_("LUX serves on %(address)s", address=settings.base_url))
    if link:
        click.echo(_("There is no owner yet. Open this link once to become it:"))
        click.echo(f"  {link}")
