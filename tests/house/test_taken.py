"""Who takes people's data along leaves a row in the audit chain: every file that a page or the API hands out."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from typing import Any, Final

from lux.ui.api import operations
from tests.factories import Installation
from tests.house import sources
from tests.house.test_audited import reach

# Who hands out a file: the verb it calls first, and the row that this verb leaves. "-" and a reason: it leaves none.
TAKEN: Final = {
    "approvals/pages/audit.py audit_copy": ("lux.rooms.approvals.log.exports:download", "audit.export_downloaded"),
    "company/pages/transfer.py export_file": (
        "lux.rooms.company.transfer.exports:download", "company.export_downloaded",
    ),
    "contacts/pages/exports.py export_download": (
        "lux.rooms.contacts.service.exports:download", "contacts.export_downloaded",
    ),
    "contacts/api/exports.py _file": ("lux.rooms.contacts.service.exports:download", "contacts.export_downloaded"),
    "contacts/pages/imports.py import_report": (
        "lux.rooms.contacts.service.reports:take_report", "import.report_downloaded",
    ),
    "contacts/pages/undo.py import_undo_left": (
        "lux.rooms.contacts.service.reports:take_kept", "import.left_downloaded",
    ),
    "email/pages/results.py recipients_file": ("lux.rooms.email.taken:recipients", "campaign.recipients_exported"),
    "email/pages/mailbox.py source": ("lux.rooms.email.taken:message", "mailbox.message_downloaded"),
    "safekeeping/pages/backups.py backup_file": ("lux.rooms.safekeeping.service:download", "backup.downloaded"),
    "email/pages/comparing.py compare_file": ("-", "figures of campaigns; nobody's data is in it"),
}  # fmt: skip
# Operations whose answers name people: read page by page, with a key whose every use the company sees.
READ_BY_PAGE: Final = {
    "Contacts": "the contacts themselves: what a key with this scope is made for, and making one leaves a row",
    "Segments and lists": "who is in them: pages of contacts, for a key with that scope",
    "Campaigns": "recipients page by page: a key with this scope was made by somebody who may export",
    "Approvals": "guest reviewers, whom the company invited by name: each invitation is a row",
    "Hooks": "facts as they happen, within a person's standing yes, which is a row",
}  # fmt: skip


def handing_out() -> Iterator[tuple[str, str]]:
    """Yield place and source of every function that answers with a file."""
    for path in sources.under(sources.ROOMS, ".py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                source = ast.get_source_segment(text, node) or ""
                if "files.attachment(" in source:
                    yield f"{path.relative_to(sources.ROOMS)} {node.name}", source


def test_every_file_that_is_handed_out_leaves_a_row() -> None:
    """Or says why not; a new one, and one that is gone, has to be named here."""
    found = dict(handing_out())
    assert found.keys() == TAKEN.keys()
    for place, (verb, action) in TAKEN.items():
        if verb == "-":
            assert len(action) > 20
            continue
        module, _colon, name = verb.partition(":")
        assert re.search(rf"\b{module.rpartition('.')[2]}\.{name}\(", found[place]), f"{place} does not call {verb}"
        assert f'"{action}"' in reach(importlib.import_module(module), name), f"{verb} leaves no {action}"


def test_files_are_handed_out_in_one_place() -> None:
    """No page writes the header itself, or it would be missing above."""
    for path in sources.under(sources.SRC, ".py"):
        if path.relative_to(sources.SRC).as_posix() != "ui/files.py":
            text = path.read_text(encoding="utf-8")
            found = re.search(r"Content-Disposition\"(\]|,)|\bsend_file\(|\bsend_from_directory\(", text)
            assert not found, f"{path}: use lux.ui.files.attachment"


def test_operations_that_export_leave_a_row(lux_sqlite: Installation) -> None:
    """A file leaves by the function above; answers that name people are pages of a list, each with a reason."""
    every = list(operations.operations_of(lux_sqlite.app))
    files = {one.name for one in every if one.media_type != "application/json"}
    assert files == {"download_export"}, "name it in TAKEN, and here"
    naming = {one.tag for one in every if one.answer is not None and names_people(one.answer.model_json_schema())}
    assert naming == READ_BY_PAGE.keys()


def names_people(schema: Any) -> bool:
    """Say whether an answer has a field for somebody's address or number."""
    if isinstance(schema, dict):
        own = schema.get("properties", {})
        return bool({"email", "phone", "address"} & own.keys()) or any(names_people(one) for one in schema.values())
    return isinstance(schema, list) and any(names_people(one) for one in schema)
