"""Backups by the clock, trying them, opening every secret once a day, new data keys."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from lux.kit.errors import VaultLocked
from lux.kit.i18n import lazy_gettext as _
from lux.kit.jobs import GiveUp, JobKind, Schedule
from lux.ledger import audit

if TYPE_CHECKING:
    from lux.kit.jobs import JobContext

_DAILY: Final = timedelta(hours=20)


def back_up(context: JobContext, args: dict[str, Any]) -> None:
    """Make a backup and try it."""
    from lux.rooms.safekeeping import service

    service.run(context, int(args["backup_id"]))


def verify_backup(context: JobContext, args: dict[str, Any]) -> None:
    """Restore a backup into a scratch place."""
    from lux.rooms.safekeeping import service

    service.verify(context, int(args["backup_id"]))


def watch(context: JobContext, _args: dict[str, Any]) -> None:
    """Ask for a backup that is due; open every secret once a day. A locked vault is said by health."""
    from lux.rooms.safekeeping import service

    service.watch(context.db, context.settings)
    try:
        service.verify_vault_when_due(context.db, context.settings, every=_DAILY)
    except VaultLocked:
        return


def verify_vault(context: JobContext, _args: dict[str, Any]) -> None:
    """Open every secret now."""
    from lux.vault import verification

    try:
        verification.verify_and_keep(context.settings, context.db)
    except VaultLocked as locked:
        raise GiveUp(f"{locked.message} {locked.fix}") from locked


def rotate_keys(context: JobContext, args: dict[str, Any]) -> None:
    """Give a company a new data key in the place of the one that was named; run again, it finds that done."""
    from lux.kit.db import ALL_COMPANIES
    from lux.kit.errors import LuxError
    from lux.vault import data_keys, rekeying

    with context.db.read(ALL_COMPANIES) as session:
        if args["instead_of"] not in {row.dek_id for row in data_keys.living(session, int(args["company_id"]))}:
            return
    actor = audit.Actor(type="person", id=int(args["user_id"]))
    try:
        rekeying.rotate(
            context.settings, context.db, int(args["company_id"]), actor=actor,
            step=lambda _name: context.check_cancelled(),
        )  # fmt: skip
    except LuxError as error:
        raise GiveUp(f"{error.message} {error.fix}") from error


KINDS = (
    JobKind(name="safekeeping.back_up", handler=back_up, title=_("Make a backup"), queue="import", max_attempts=3),
    JobKind(
        name="safekeeping.verify_backup", handler=verify_backup, title=_("Try a backup"), queue="import", max_attempts=3
    ),
    JobKind(name="safekeeping.watch", handler=watch, title=_("Look after backups and the vault")),
    JobKind(name="safekeeping.verify_vault", handler=verify_vault, title=_("Open every secret")),
    JobKind(name="safekeeping.rotate_keys", handler=rotate_keys, title=_("Change a company’s data key")),
)
SCHEDULES = (Schedule(name="safekeeping.watch", rule="35 * * * *", kind="safekeeping.watch"),)
