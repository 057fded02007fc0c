"""Archives that come through the browser: taken into the store, glanced at, imported by a job."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO, Final

from lux.identity import arrivals, companies, members
from lux.identity.trail import note
from lux.kit import jobs
from lux.kit.db import ALL_COMPANIES
from lux.kit.db.base import uuid7
from lux.kit.errors import InvalidInput, LuxError
from lux.kit.i18n import gettext as _
from lux.kit.jobs import JobInterrupted
from lux.rooms.company.models import CompanyImport
from lux.rooms.company.transfer import imports, telling
from lux.rooms.company.transfer.archive import Reader

if TYPE_CHECKING:
    from lux.identity.access import Person
    from lux.kit.db import Database
    from lux.kit.jobs import JobContext
    from lux.ports.storage import FileStore
    from lux.rooms.company.forms import ArchiveForm

JOB: Final = "company.import"
FOLDER: Final = "company-imports"
_BLOCK: Final = 2**18


def take(
    db: Database, store: FileStore, source: BinaryIO, person: Person, form: ArchiveForm, *, file_name: str, limit: int
) -> CompanyImport:
    """Take an archive into the store and put its import into the queue; nobody waits for the disk in a transaction.

    Raises Forbidden, Damaged for a file that is none, InvalidInput for a short name that is taken.
    """
    with db.read(ALL_COMPANIES) as session:
        companies.check_may_create(session, person)
        if form.slug:
            arrivals.check_slug(session, form.slug)
    public_id = uuid7()
    key = f"{FOLDER}/{public_id}.zip"
    with store.open_write(key) as target:
        size = _copy(source, target, limit)
    try:
        with store.open_read(key) as file:
            Reader(file).close()
        name = PurePath(file_name.replace("\\", "/")).name[:255]
        entry = CompanyImport(
            public_id=public_id, file_key=key, file_name=name, file_size=size, name=form.name, slug=form.slug,
            created_by=person.user_id,
        )  # fmt: skip
        with db.begin(ALL_COMPANIES) as session:
            session.add(entry)
            session.flush()
            entry.job_id = jobs.enqueue(
                session, JOB, {"import_id": entry.id, "asked_in": person.company_id}, dedup_key=str(entry.id)
            )
            about = ("company_import", public_id)
            note(session, None, person, "company.import_requested", about=about, detail={"bytes": size})
    except BaseException:
        store.delete(key)
        raise
    return entry


def run(context: JobContext, store: FileStore, import_id: int, *, asked_in: int | None) -> None:
    """Import an archive from the store; the file goes when it is over. What is wrong with it stands in the import.

    Who asked is told in the company from which they asked.
    """
    house = imports.House(db=context.db, settings=context.settings, store=store)
    imports.clear_abandoned(house)
    key = imports.key_of(house, import_id)

    def tell(done: int, total: int) -> None:
        context.check_cancelled()
        context.progress(done, total)

    try:
        has_ended = imports.run(house, import_id, lambda: store.open_read(key), tell) is not None
    except LuxError:  # told by the import's own page, and no second attempt would help
        has_ended = True
    except JobInterrupted:
        raise
    except Exception:
        _tell(context.db, import_id, asked_in)
        raise
    if has_ended:
        _tell(context.db, import_id, asked_in)
    store.delete(key)


def _tell(db: Database, import_id: int, asked_in: int | None) -> None:
    """Tell who asked, where they asked, unless they or that company are gone by now."""
    if asked_in is None:
        return
    with db.begin(asked_in) as session:
        entry = session.get_one(CompanyImport, import_id)
        if asked_in in {one.id for one in members.companies_of(session, int(entry.created_by or 0))}:
            telling.import_ended(session, entry)


def _copy(source: BinaryIO, target: BinaryIO, limit: int) -> int:
    size = 0
    while block := source.read(_BLOCK):
        size += len(block)
        if size > limit:
            raise InvalidInput(
                _("The file is larger than %(size)s MiB, the most that is taken here.", size=limit // 2**20),
                field="file",
                fix=_("Import it on the server: lux company import FILE --owner you@example.com"),
            )
        target.write(block)
    return size
