"""Removes files of pictures that no row names: the request that brought them was undone after they were written."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

import structlog

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.rooms.content import queries
from lux.rooms.content.addresses import FOLDER

if TYPE_CHECKING:
    from lux.kit.jobs import JobContext
    from lux.ports.storage import FileStore

log = structlog.get_logger(__name__)
STRAY_AFTER: Final = timedelta(days=1)  # an upload may be under way
MOST: Final = 5_000  # files removed in one run; the next night takes the others
_PART: Final = 500
_KEY: Final = re.compile(rf"{FOLDER}/([0-9a-f-]{{36}})/([^/]+)")


def drop(context: JobContext, store: FileStore) -> int:
    """Remove files older than a day that no picture of any company has; returns how many."""
    before, removed, looked = clock.now() - STRAY_AFTER, 0, 0
    keys = _old(store, before)
    while removed < MOST and (part := list(islice(keys, _PART))):
        context.check_cancelled()
        for key in _unknown(context, part):
            store.delete(key)
            removed += 1
        looked += len(part)
        context.progress(looked)
    unfinished = store.drop_unfinished(FOLDER, before)
    if removed or unfinished:
        log.info("stray_files_removed", folder=FOLDER, files=removed, unfinished=unfinished)
    return removed


def _old(store: FileStore, before: datetime) -> Iterator[tuple[str, uuid.UUID, str]]:
    """Yield key, picture and name of our files of the time before; what is not named as ours are is left alone."""
    for key in store.list(FOLDER):
        found = _KEY.fullmatch(key)
        if found is None:
            continue
        try:
            picture = uuid.UUID(found[1])
        except ValueError:
            continue
        if picture.version == 7 and datetime.fromtimestamp((picture.int >> 80) / 1000, UTC) < before:
            yield key, picture, found[2]


def _unknown(context: JobContext, part: Sequence[tuple[str, uuid.UUID, str]]) -> list[str]:
    with context.db.read(ALL_COMPANIES) as session:
        known = queries.media_names(session, {picture for _key, picture, _name in part})
    return [key for key, picture, name in part if name not in known.get(picture, ())]
