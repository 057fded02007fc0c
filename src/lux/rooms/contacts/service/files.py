"""Files that hold people: those that may name somebody who is erased, and all of a company that is removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from lux.kit import clock, jobs
from lux.kit.db.session import company_of
from lux.kit.errors import WrongState
from lux.kit.i18n import gettext as _
from lux.rooms.contacts.models import ContactExport, ContactImport
from lux.rooms.contacts.queries import tables

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.ports.storage import FileStore

JOB: Final = "contacts.forget_files"
_IDLE: Final = ("uploaded", "failed", "cancelled")  # imports whose file waits for a person


def drop_those_with_people(session: Session) -> int:
    """End what keeps people's data in a file: exports, and uploads that nobody is importing; returns how many.

    Whom a file names is not looked up: none is kept that may name somebody who was erased. The rows change now, so
    that no file is handed out any more; a job removes the files after the commit. Raises WrongState while an import
    runs: it could bring the person back.
    """
    if tables.is_importing(session):
        raise WrongState(_("An import is running and may bring this person back."), fix=_("Wait for it or cancel it."))
    # locked first: an export that waits begins after this transaction, without the person
    made = (
        select(ContactExport).where(ContactExport.state.in_(("queued", "running", "done"))).order_by(ContactExport.id)
    )
    idle = select(ContactImport).where(ContactImport.state.in_(_IDLE), ContactImport.file_key != "")
    exports = [one for one in session.scalars(made.with_for_update()) if one.state != "queued"]
    uploads = session.scalars(idle.order_by(ContactImport.id).with_for_update()).all()
    keys = [one.file_key for one in exports if one.state == "done"]  # the job of one that runs removes its own
    for export in exports:
        export.state, export.expires_at = "expired", clock.now()
        export.error = _("Removed because somebody was erased. Export again.")
    for upload in uploads:
        keys.append(upload.file_key)
        upload.state = "cancelled" if upload.state == "uploaded" else upload.state
        upload.error = _("The file was removed because somebody was erased. Upload it again without them.")
        upload.file_key = ""
    if keys:
        jobs.enqueue(session, JOB, {"keys": keys}, company_id=company_of(session))
    session.flush()
    return len(exports) + len(uploads)


def keys_of_company(session: Session, company_id: int) -> list[str]:
    """Return the keys of all files a company has; the session may be one over all companies."""
    found: list[str] = []
    for model in (ContactImport, ContactExport):
        query = select(model.file_key).where(model.company_id == company_id, model.file_key != "")
        found.extend(session.scalars(query.where(model.state != "expired")))
    return found


def forget(store: FileStore, keys: Sequence[str]) -> None:
    """Remove files; running twice does no harm."""
    for key in keys:
        store.delete(key)
