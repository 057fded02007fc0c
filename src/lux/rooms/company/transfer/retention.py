"""What has had its time: files with companies, uploads, half-made companies, files that no row names."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.i18n import gettext as _
from lux.rooms.company import queries
from lux.rooms.company.transfer import exports, imports, uploads

if TYPE_CHECKING:
    from lux.kit.jobs import JobContext
    from lux.ports.storage import FileStore

_STRAY_AFTER: Final = timedelta(days=1)


def clean_up(context: JobContext, store: FileStore) -> None:
    """Remove all of it; running again changes nothing."""
    imports.clear_abandoned(imports.House(db=context.db, settings=context.settings, store=store))
    with context.db.begin(ALL_COMPANIES) as session:
        for entry in queries.expired_exports(session, clock.now()):
            store.delete(entry.file_key)
            entry.state = "expired"
        for entry in queries.unended_exports(session):
            entry.state, entry.error, entry.finished_at = "failed", _("The export was given up."), clock.now()
    with context.db.read(ALL_COMPANIES) as session:
        named = queries.names_of_files(session)
    for folder in (exports.FOLDER, uploads.FOLDER):
        for key in list(store.list(folder)):
            if key not in named and _is_old(key):
                store.delete(key)


def _is_old(key: str) -> bool:
    """Say whether a file was named more than a day ago: its UUIDv7 begins with the milliseconds."""
    try:
        number = uuid.UUID(key.rpartition("/")[2].removesuffix(".zip")).int
    except ValueError:
        return False
    return clock.now() - datetime.fromtimestamp((number >> 80) / 1000, UTC) > _STRAY_AFTER
