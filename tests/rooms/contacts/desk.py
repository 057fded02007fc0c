"""Does at one company's desk what its people do: upload, map, import, look."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from lux.gate import consent
from lux.kit.addresses import email_key
from lux.ledger.models import ApprovalAuditLog, Fact
from lux.net.storage import store_of
from lux.rooms.contacts.forms.contact import contact_form, read_contact
from lux.rooms.contacts.models import Contact, ContactImport, CustomField, FieldType, ImportRejection, Tag
from lux.rooms.contacts.queries import people, tables
from lux.rooms.contacts.service import edit, fields, retention
from tests.factories import Firm, Installation

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
DECLARED = {
    "consent": "declared",
    "basis": "opt_in",
    "wording": "Signed the list at the counter of the shop",
    "declared_on": "2026-01-02",
}


@dataclass
class Desk:
    """One person's desk in one company."""

    lux: Installation
    firm: Firm

    @cached_property
    def client(self) -> FlaskClient:
        return self.lux.client(self.firm)

    def upload(self, body: bytes | str, name: str = "people.csv") -> TestResponse:
        """Post a file to the upload form."""
        data = body.encode() if isinstance(body, str) else body
        # put together here: the test client's own way leaves a temporary file open when the body is long
        head = f'--lux\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        return self.client.post(
            "/contacts/imports/new",
            data=head.encode() + data + b"\r\n--lux--\r\n",
            content_type="multipart/form-data; boundary=lux",
        )

    def start(self, body: bytes | str, columns: Sequence[str] | None = None, **options: Any) -> str:
        """Upload and map a file; returns the import's public id. Without columns the guesses are taken."""
        answer = self.upload(body)
        assert answer.status_code == 303, answer.text
        public_id = id_in(answer.headers["Location"])
        if columns is None:
            page = self.client.get(f"/contacts/imports/{public_id}/map").text
            columns = chosen(page)
        form = {"columns": list(columns), "lifecycle": "lead", **options}
        answer = self.client.post(f"/contacts/imports/{public_id}/map", data=form)
        assert answer.status_code == 303, answer.text
        return public_id

    def import_(self, body: bytes | str, columns: Sequence[str] | None = None, **options: Any) -> ContactImport:
        """Bring a file in, from upload to the end of its job."""
        public_id = self.start(body, columns, **options)
        self.lux.work()
        return self.entry(public_id)

    def entry(self, public_id: str) -> ContactImport:
        with self.lux.db.read(self.firm.id) as session:
            return tables.import_by_public_id(session, uuid.UUID(public_id))

    def report(self, entry: ContactImport) -> list[tuple[int, str, str, str]]:
        """Return (line, kind, field, reason) of every row of the report."""
        with self.lux.db.read(self.firm.id) as session:
            query = select(ImportRejection).where(ImportRejection.import_id == entry.id).order_by(ImportRejection.line)
            return [(row.line, row.kind, row.field, row.reason) for row in session.scalars(query)]

    def contact(self, email: str) -> Contact:
        with self.lux.db.read(self.firm.id) as session:
            found = people.contact_by_email(session, email_key(email))
            assert found is not None, f"no contact {email}"
            return found

    def contacts(self) -> list[Contact]:
        with self.lux.db.read(self.firm.id) as session:
            return list(session.scalars(select(Contact).order_by(Contact.id)))

    def tags(self, email: str) -> list[str]:
        contact = self.contact(email)
        with self.lux.db.read(self.firm.id) as session:
            return [tag.name for tag in people.tags_of(session, [contact.id]).get(contact.id, [])]

    def tag(self, name: str) -> Tag:
        with self.lux.db.read(self.firm.id) as session:
            found = session.scalar(select(Tag).where(Tag.name_key == name.casefold()))
            assert found is not None
            return found

    def standing(self, address: str, channel: str = "email") -> consent.Standing:
        key = email_key(address) if channel == "email" else address
        with self.lux.db.read(self.firm.id) as session:
            return consent.status(session, channel, [key])[key]

    def facts(self, kind: str = "") -> list[Fact]:
        with self.lux.db.read(self.firm.id) as session:
            query = select(Fact).order_by(Fact.id)
            return list(session.scalars(query.where(Fact.kind == kind) if kind else query))

    def field(self, label: str, kind: FieldType = FieldType.TEXT, choices: str = "") -> CustomField:
        with self.lux.db.begin(self.firm.id) as session:
            return fields.create(session, label, kind, choices)

    def person(self, **values: Any) -> Contact:
        """Make a contact through the service; attrs by `field_<key>`."""
        with self.lux.db.begin(self.firm.id) as session:
            known = tables.custom_fields(session)
            form = contact_form(known).model_validate(values)
            return edit.create(session, read_contact(form, known, "DE"), self.firm.person)

    def noted(self, action: str) -> list[str]:
        """Return the particulars of the audit chain's rows of one action."""
        with self.lux.db.read(0) as session:
            query = select(ApprovalAuditLog.detail).where(ApprovalAuditLog.action == action)
            return list(session.scalars(query.order_by(ApprovalAuditLog.seq)))

    def clean_up(self) -> None:
        """Do what the nightly job does, without a job's row."""
        retention.clean_up(SimpleNamespace(db=self.lux.db, check_cancelled=lambda: None), store_of(self.lux.settings))  # type: ignore[arg-type]

    @property
    def files(self) -> list[str]:
        store = store_of(self.lux.settings)
        return [*store.list("imports"), *store.list("exports")]


def id_in(text: str) -> str:
    """Return the public id in an address."""
    found = _ID.search(text)
    assert found is not None, text
    return found.group()


def chosen(page: str) -> list[str]:
    """Return what the mapping page proposes for each column."""
    selects = re.findall(r'<select[^>]*name="columns".*?</select>', page, re.DOTALL)
    found = []
    for one in selects:
        option = re.search(r'<option value="([^"]*)" selected', one)
        found.append(option.group(1) if option else "")
    return found
