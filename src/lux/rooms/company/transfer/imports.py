"""Imports of whole companies: begun, written, opened to their owner at the very end; broken off, they leave nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from pydantic import ValidationError

from lux.gate import captured
from lux.identity import arrivals, companies, erasure
from lux.identity.models import Company
from lux.kit import clock, i18n
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import LuxError
from lux.kit.i18n import gettext as _
from lux.kit.jobs import JobCancelled, JobInterrupted
from lux.kit.money import is_currency
from lux.ports.contributions import installed
from lux.rooms.company import queries
from lux.rooms.company.forms import BrandForm
from lux.rooms.company.models import CompanyImport
from lux.rooms.company.transfer import arriving, report, writing
from lux.rooms.company.transfer.archive import Damaged, Reader

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.db import Database
    from lux.kit.settings import Settings
    from lux.ports.storage import FileStore

ABANDONED_AFTER: Final = timedelta(minutes=15)
_SIGN_EVERY: Final = 10.0  # seconds between signs of life
Open = Callable[[], AbstractContextManager[BinaryIO]]


@dataclass(frozen=True, kw_only=True)
class House:
    """Where a company arrives."""

    db: Database
    settings: Settings
    store: FileStore


def run(house: House, import_id: int, source: Open, tell: arriving.Tell) -> CompanyImport | None:
    """Import an archive as its row says; running again begins anew. Raises Damaged, InvalidInput naming `slug`.

    Until the last transaction nobody belongs to the company; a failure takes everything back.
    """
    entry = _begin(house, import_id)
    if entry is None:
        return None
    try:
        with source() as file, tempfile.TemporaryDirectory(prefix="lux-import-") as folder:
            reader = Reader(file)
            try:
                return _carry(house, entry, arriving.look(house.db, reader, Path(folder), tell), tell)
            finally:
                reader.close()
    except JobCancelled:
        _take_back(house, import_id, error=_("The import was cancelled. Nothing was imported."))
        raise
    except JobInterrupted:
        raise  # whoever takes the job next begins anew
    except LuxError as error:
        _take_back(house, import_id, error=f"{error.message} {error.fix}".strip())
        raise
    except BaseException:
        _take_back(house, import_id, error=_("The import stopped because of an error in LUX. Nothing was imported."))
        raise


def key_of(house: House, import_id: int) -> str:
    """Return where in the store the archive of an import is."""
    with house.db.read(ALL_COMPANIES) as session:
        return session.get_one(CompanyImport, import_id).file_key


def clear_abandoned(house: House) -> int:
    """Take back what imports left behind whose process died; returns how many there were."""
    with house.db.read(ALL_COMPANIES) as session:
        ids = [one.id for one in queries.abandoned_imports(session, clock.now() - ABANDONED_AFTER)]
    for import_id in ids:
        _take_back(house, import_id, error=_("The import was broken off. Nothing was imported."))
    return len(ids)


def _carry(house: House, entry: CompanyImport, found: arriving.Looked, tell: arriving.Tell) -> CompanyImport:
    try:
        company_id = _make(house, entry, found)
        pulse = _Pulse(house.db, entry.id, tell)
        writing.write(house.db, company_id, found, house.store, pulse)
        return _open(house, entry.id, company_id, found)
    finally:
        found.numbers.close()


class _Pulse:
    """Tells how far it is, and now and then that it is alive."""

    def __init__(self, db: Database, import_id: int, tell: arriving.Tell) -> None:
        self._db, self._import_id, self._tell, self._last = db, import_id, tell, clock.monotonic()

    def __call__(self, done: int, total: int) -> None:
        self._tell(done, total)
        if clock.monotonic() - self._last >= _SIGN_EVERY:
            self._last = clock.monotonic()
            with self._db.begin(ALL_COMPANIES) as session:
                session.get_one(CompanyImport, self._import_id).seen_at = clock.now()


def _begin(house: House, import_id: int) -> CompanyImport | None:
    """Return the import, rid of what an earlier attempt left; None when it has ended."""
    with house.db.read(ALL_COMPANIES) as session:
        before = session.get(CompanyImport, import_id)
    if before is None or before.state not in queries.UNFINISHED:
        return None
    if before.target_id is not None:
        _forget(house, before.target_id)
    with house.db.begin(ALL_COMPANIES) as session:
        entry = session.get_one(CompanyImport, import_id)
        entry.state, entry.error, entry.target_id, entry.seen_at = "running", "", None, clock.now()
        if entry.slug:
            arrivals.check_slug(session, entry.slug)
        return entry


def _make(house: House, entry: CompanyImport, found: arriving.Looked) -> int:
    values = _checked(found.company)
    with house.db.begin(ALL_COMPANIES) as session:
        public_id = found.numbers.renewed_of(str(found.company["public_id"]))
        values["public_id"] = type(found.company["public_id"])(public_id)
        company = arrivals.begin(session, values)
        session.get_one(CompanyImport, entry.id).target_id = company.id
        return company.id


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """Return the company's own record as it may stand here; raises Damaged, InvalidInput."""
    name = companies.checked_name(str(values["name"]))
    try:
        zone = clock.zone(str(values["timezone"])).key
        brand = BrandForm(version=1, **values["brand"]).model_dump(exclude={"version"}) if values["brand"] else {}
    except (LuxError, ValidationError, TypeError, ValueError) as error:
        raise Damaged(_("The company’s own record is not what LUX writes.")) from error
    currency = str(values["currency"])
    if not is_currency(currency):
        raise Damaged(_("The company’s own record is not what LUX writes."))
    website = str(values["website"])
    return {
        **values, "name": name, "timezone": zone, "brand": brand, "public_url": "",
        "website": website if website.startswith(("https://", "http://")) else "",
        "locale": values["locale"] if values["locale"] in i18n.available_locales() else "en",
    }  # fmt: skip


def _open(house: House, import_id: int, company_id: int, found: arriving.Looked) -> CompanyImport:
    with house.db.begin(ALL_COMPANIES) as session:
        entry, company = session.get_one(CompanyImport, import_id), session.get_one(Company, company_id)
        made = report.made_of(found)
        wanted = {"name": entry.name or company.name, "slug": entry.slug or _free(session, found.company["slug"])}
        detail = {key: made["from"][key] for key in ("public_id", "lux", "made_at")} | {"chain": made["chain"]}
        detail |= {"rows": sum(made["rows"].values())}
        arrivals.finish(session, company, **wanted, owner_id=int(entry.created_by or 0), detail=detail)
        entry.state, entry.report, entry.finished_at = "done", made, clock.now()
        return entry


def _free(session: Session, slug: str) -> str:
    """Return the archive's short name when it can be used here, else nothing: one is made from the name."""
    try:
        return arrivals.check_slug(session, slug)
    except LuxError:
        return ""


def _take_back(house: House, import_id: int, *, error: str) -> None:
    with house.db.read(ALL_COMPANIES) as session:
        entry = session.get_one(CompanyImport, import_id)
        target, is_over = entry.target_id, entry.state not in queries.UNFINISHED
    if is_over:
        return
    if target is not None:
        _forget(house, target)
    with house.db.begin(ALL_COMPANIES) as session:
        entry = session.get_one(CompanyImport, import_id)
        entry.state, entry.error, entry.target_id, entry.finished_at = "failed", error, None, clock.now()


def _forget(house: House, company_id: int) -> None:
    """Erase a company that never opened, with its files."""
    with house.db.begin(ALL_COMPANIES) as session:
        keys = [key for owner in installed().file_owners for key in owner.file_keys(session, company_id)]
        erasure.erase_company(session, company_id)
    for key in keys:
        house.store.delete(key)
    captured.forget_company(house.settings, company_id)
