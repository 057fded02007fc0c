"""The pictures of an act: what is shown has to be, byte for byte, what was said yes to."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from lux.kit.db.session import settings_of
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.net.storage import store_of

if TYPE_CHECKING:
    from lux.ports.acts import MediaFile, QueuedAct
    from lux.ports.storage import FileStore

_CHUNK = 2**18


def changed(session: Session, act: QueuedAct) -> MediaFile | None:
    """Return the first picture that is gone or holds other bytes than the act says, or None."""
    if not act.media:
        return None
    store = store_of(settings_of(session))
    return next((one for one in act.media if _fingerprint(store, one.key) != one.sha256), None)


def refuse_changed(session: Session, act: QueuedAct) -> None:
    """Raise InvalidInput naming the picture that is not there as the act says."""
    found = changed(session, act)
    if found is not None:
        raise InvalidInput(
            field="source",
            message=_("A picture is gone or damaged: %(name)s.", name=found.key.rpartition("/")[2]),
            fix=_("Upload it again and put the new one into the message."),
        )


def _fingerprint(store: FileStore, key: str) -> str:
    digest = hashlib.sha256()
    try:
        with store.open_read(key) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except FileNotFoundError:
        return ""
    return digest.hexdigest()
