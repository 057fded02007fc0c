"""The report of an import as a CSV file: each refused row with its line, field and reason, beside its own cells."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lux.kit.i18n import gettext as _
from lux.rooms.contacts.queries import tables
from lux.rooms.contacts.spreadsheet import disarmed

if TYPE_CHECKING:
    from lux.kit.db import Database
    from lux.rooms.contacts.models import ContactImport


def report_csv(db: Database, entry: ContactImport) -> Iterator[bytes]:
    """Yield the report; it opens its own session, because it is sent after the request's has ended."""
    words = {"rejected": _("not imported"), "duplicate": _("repeat"), "gap": _("imported in part")}
    headings = [str(one) for one in entry.dialect.get("headings", [])]
    head = [_("line"), _("outcome"), _("field"), _("reason")]
    with db.read(entry.company_id) as session:
        yield ("\ufeff" + _line([*head, *headings])).encode()
        for row in tables.all_rejections(session, entry.id):
            cells = [str(cell).replace("\x00", "\u2400") for cell in row.cells]
            yield _line([str(row.line), words.get(row.kind, row.kind), row.field, row.reason, *cells]).encode()


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([disarmed(cell) for cell in cells])
    return text.getvalue()
