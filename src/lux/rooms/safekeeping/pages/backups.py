"""Operate → Backups: what was made, whether it can be relied on, back up now, take one away."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.safekeeping import health, queries, retention, service
from lux.rooms.safekeeping.archive import writing
from lux.rooms.safekeeping.models import Backup, BackupOrigin
from lux.rooms.safekeeping.pages.blueprint import safekeeping
from lux.ui import files, lists, web
from lux.ui.access import access
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response


@safekeeping.get("/backups")
@access(Right.OPERATE)
def backups() -> Response:
    """Show what was made; the list refreshes itself while one is made."""
    session, settings = web.session(), web.settings()
    nothing: Sequence[Backup] = ()
    rows = lists.load("backups", lambda: queries.backups(session), nothing)
    return page(
        "safekeeping/backups.html", block="rows", rows=rows, shares=queries.progress_of(session, rows),
        is_working=any(row.state in queries.UNFINISHED for row in rows), settings=settings,
        folder=writing.folder_of(settings), states=states(), origins=origins(),
        keeps=retention.rule_of(settings).words,
        findings=[one for one in health.BackupHealth().check(session, None) if one.level in {"bad", "warn"}],
    )  # fmt: skip


@safekeeping.post("/backups")
@access(Right.OPERATE)
def back_up_now() -> Response:
    """Put a backup into the queue."""
    service.request(web.session(), web.person())
    toast(_("A backup is on its way."))
    return redirect_to("safekeeping.backups")


@safekeeping.post("/backups/<uuid:public_id>/try")
@access(Right.OPERATE)
def try_backup(public_id: uuid.UUID) -> Response:
    """Put trying a backup into the queue."""
    service.request_verification(web.session(), public_id, web.person())
    toast(_("It is restored into a scratch place now; what that shows stands here in a moment."))
    return redirect_to("safekeeping.backups")


@safekeeping.get("/backups/<uuid:public_id>/file")
@access(Right.OPERATE)
def backup_file(public_id: uuid.UUID) -> Response:
    """Send the file; the audit chain notes who took it."""
    with web.database().begin(0) as session:
        name, size, blocks = service.download(session, public_id, web.person())
    return files.attachment(name, blocks, "application/zip", size=size)


def states() -> dict[str, str]:
    """Return the words for states."""
    return {
        "queued": _("Waiting"), "running": _("Running"), "done": _("Done"), "failed": _("Failed"),
        "removed": _("Removed"),
    }  # fmt: skip


def origins() -> dict[str, str]:
    """Return the words for who asked."""
    return {
        BackupOrigin.CLOCK.value: _("by the clock"), BackupOrigin.PERSON.value: _("by hand"),
        BackupOrigin.COMMAND.value: _("from the command line"),
    }  # fmt: skip
