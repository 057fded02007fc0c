"""What an import refused, with its reasons beside its own cells, and what its undo left: as CSV files."""

from __future__ import annotations

import csv
import io
import itertools
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from lux.identity.access import Right
from lux.identity.trail import note
from lux.kit.i18n import gettext as _
from lux.rooms.contacts.importing.guess import report_headings
from lux.rooms.contacts.queries import tables, undo
from lux.rooms.contacts.spreadsheet import disarmed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person
    from lux.kit.db import Database
    from lux.rooms.contacts.models import ContactImport


def take_report(session: Session, public_id: uuid.UUID, person: Person) -> ContactImport:
    """Note who takes the refused rows of an import, and return it; raises Forbidden, NotFound."""
    return _taken(session, public_id, person, "import.report_downloaded", tables.rejection_count)


def take_kept(session: Session, public_id: uuid.UUID, person: Person) -> ContactImport:
    """Note who takes what the undo of an import left, and return it; raises Forbidden, NotFound."""
    return _taken(session, public_id, person, "import.left_downloaded", undo.kept_count)


def _taken(
    session: Session, public_id: uuid.UUID, person: Person, action: str, count: Callable[[Session, int], int]
) -> ContactImport:
    person.require(Right.EDIT)
    entry = tables.import_by_public_id(session, public_id)
    detail = {"rows": count(session, entry.id)}
    note(session, entry.company_id, person, action, about=("contact_import", public_id), detail=detail)
    return entry


def report_csv(db: Database, entry: ContactImport) -> Iterator[bytes]:
    """Return the report in parts; they are read in a session of their own, because the request's has ended by then."""
    headings = [str(one) for one in entry.dialect.get("headings", [])]
    head = _line([*report_headings(), *headings])
    words = {"rejected": _("not imported"), "duplicate": _("repeat"), "gap": _("imported in part")}
    return itertools.chain([f"\ufeff{head}".encode()], _rows(db, entry.company_id, entry.id, words))


def _rows(db: Database, company_id: int, import_id: int, words: Mapping[str, str]) -> Iterator[bytes]:
    with db.read(company_id) as session:
        for row in tables.all_rejections(session, import_id):
            cells = [str(cell).replace("\x00", "\u2400") for cell in row.cells]
            yield _line([str(row.line), words.get(row.kind, row.kind), row.field, row.reason, *cells]).encode()


def why_kept() -> dict[str, str]:
    """Return why an undo leaves a contact, in words."""
    return {
        "changed": _("Somebody changed it since"),
        "mailed": _("A message went there since"),
        "withdrawn": _("A no stays a no"),
    }


def kept_csv(db: Database, entry: ContactImport, address_of: Callable[[uuid.UUID], str]) -> Iterator[bytes]:
    """Return what an undo left as a file in parts, with the address of each contact's page."""
    head = _line([_("Line"), _("E-mail"), _("Phone"), _("First name"), _("Last name"), _("Why"), _("Contact")])
    rows = _kept_rows(db, entry.company_id, entry.id, why_kept(), address_of)
    return itertools.chain([f"\ufeff{head}".encode()], rows)


def _kept_rows(
    db: Database, company_id: int, import_id: int, words: Mapping[str, str], address_of: Callable[[uuid.UUID], str]
) -> Iterator[bytes]:
    with db.read(company_id) as session:
        for one, line, why in undo.all_kept(session, import_id):
            cells = [one.email or "", one.phone or "", one.first_name, one.last_name, words.get(why or "", why or "")]
            yield _line([str(line), *cells, address_of(one.public_id)]).encode()


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([disarmed(cell) for cell in cells])
    return text.getvalue()
