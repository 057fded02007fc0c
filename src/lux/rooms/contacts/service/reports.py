"""The report of an import as a CSV file: each refused row with its line, field and reason, beside its own cells."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from lux.kit.i18n import gettext as _
from lux.rooms.contacts.importing.guess import report_headings
from lux.rooms.contacts.queries import tables
from lux.rooms.contacts.spreadsheet import disarmed

if TYPE_CHECKING:
    from lux.kit.db import Database
    from lux.rooms.contacts.models import ContactImport


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


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([disarmed(cell) for cell in cells])
    return text.getvalue()
