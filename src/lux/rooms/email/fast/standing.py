"""Puts the fast path in front of the pages of this process, and looks after its spool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.kit.spool import FOLDER, Spool
from lux.rooms.email import tracking
from lux.rooms.email.fast import health
from lux.rooms.email.fast.loading import PATIENCE, Loader
from lux.rooms.email.fast.path import FastPath
from lux.rooms.email.fast.targets import Targets

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication

    from lux.kit.db import Database
    from lux.kit.settings import Settings


def in_front_of(
    pages: WSGIApplication, db: Database, settings: Settings, *, on_error: Callable[[BaseException], None]
) -> FastPath:
    """Return the pages with the fast path in front.

    A thread closes segments in time, and loads what no worker of this machine has fetched.
    """
    spool = Spool(settings.home / FOLDER)
    health.watch(spool)
    Loader(db, spool.folder, on_error=on_error, patience=PATIENCE, spool=spool).start()
    key = tracking.token_key(settings)
    return FastPath(pages, key=key, spool=spool, targets=Targets(db), on_error=on_error)
