"""What the tests of moving companies share: a rich company, its archive, and rows compared whatever their numbers."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, BinaryIO

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lux.gate import consent, engagement, reads
from lux.gate.models import Delivery
from lux.gate.service import ApprovalService
from lux.gate.states import ItemState, SuppressionReason
from lux.identity.models import Company
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Base
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.net.storage import store_of
from lux.rooms.company.models import CompanyImport
from lux.rooms.company.transfer import imports, leaving
from lux.rooms.company.transfer.tables import SUBJECTS, TRAVELS, Travels
from lux.rooms.contacts.models import ContactImport, ContactView, ContactWord, ImportedContact, ImportMapping, Tag
from tests.factories import Firm, Installation
from tests.full_company import filled

Rows = dict[str, list[dict[str, Any]]]


def rich(lux: Installation) -> Firm:
    """Return a full company in which people opened, clicked, left and came back, with a row in every table."""
    firm = filled(lux)
    with lux.db.begin(firm.id) as session:
        sent = session.scalars(select(Delivery).order_by(Delivery.id)).all()
        first, second, third = (one.id for one in sent[:3])
        engagement.opened(session, first, agent="Mozilla/5.0")
        engagement.clicked(session, first, 1, agent="Mozilla/5.0")
        engagement.opened(session, second, agent="Mozilla/5.0")
        engagement.trapped(session, third, agent="curl/8")
        engagement.unsubscribe(session, second, source="page", proof={"address": "192.0.2.7"})
        consent.suppress(session, channel="email", address_key="gone@example.com", reason=SuppressionReason.BOUNCED)
        tag = session.scalars(select(Tag)).one()
        contact = int(sent[0].contact_id or 0)
        facts.record_many(session, [
            NewFact(kind="tag.added", contact_id=contact, subject=("tag", tag.id), actor=f"person:{firm.user_id}"),
            NewFact(kind="tag.added", contact_id=contact, subject=("tag", 987654), actor="api_key:4"),
            NewFact(kind="order.paid", contact_id=contact, value_minor=1999, currency="EUR", dedup_key="shop:7",
                    properties={"sku": "kaffee ☕", "lines": [1, 2]}),
        ])  # fmt: skip
        entry = session.scalars(select(ContactImport).order_by(ContactImport.id)).first()
        assert entry is not None
        session.add(ImportedContact(import_id=entry.id, contact_id=contact, line=2, version=1, effect="t",
                                    overwritten={"fields": {"city": ["", "Kiel"]}, "tags": [tag.id]}))  # fmt: skip
        session.add(ContactWord(word="sécret", contact_id=contact))
        session.add(ContactView(owner_key=0, name="All", name_key="all", query={"tag": str(tag.public_id)}))
        session.add(ContactView(owner_key=firm.user_id, name="Mine", name_key="mine", query={}))
        session.add(ImportMapping(header_key="ab", columns={"e-mail": "email"}, answers={}))
    return firm


def archive(lux: Installation, firm_id: int) -> bytes:
    """Return a company's archive."""
    target = io.BytesIO()
    leaving.write(lux.db, firm_id, store_of(lux.settings), target, lambda _done, _total: None)
    return target.getvalue()


def house_of(lux: Installation) -> imports.House:
    """Return where a company arrives."""
    return imports.House(db=lux.db, settings=lux.settings, store=store_of(lux.settings))


def asked(lux: Installation, owner_id: int, **values: Any) -> int:
    """Ask for an import and return its number."""
    with lux.db.begin(ALL_COMPANIES) as session:
        entry = CompanyImport(created_by=owner_id, **values)
        session.add(entry)
        session.flush()
        return entry.id


def brought_in(
    lux: Installation, body: bytes, owner_id: int, tell: Callable[[int, int], None] = lambda _done, _total: None,
    **values: Any,
) -> CompanyImport:  # fmt: skip
    """Import an archive for somebody."""

    @contextmanager
    def source() -> Iterator[BinaryIO]:
        yield io.BytesIO(body)

    done = imports.run(house_of(lux), asked(lux, owner_id, **values), source, tell)
    assert done is not None
    return done


def changed(
    body: bytes, changes: Mapping[str, Callable[[bytes], bytes] | None], *, more: Mapping[str, bytes] = {}
) -> bytes:
    """Return an archive with members changed, left out (None), or added; sums stay what they were."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            change = changes.get(name, lambda text: text)
            if change is not None:
                new.writestr(name, change(old.read(name)))
        for name, text in more.items():
            new.writestr(name, text)
    return target.getvalue()


def rows(lux: Installation, company_id: int) -> Rows:
    """Return all rows that travel, references told by the place of the row they point to, public ids by themselves."""
    with lux.db.read(ALL_COMPANIES) as session:
        raw = {one.name: _of(session, one, company_id) for one in TRAVELS}
    places = {
        name: {row["id"]: place for place, row in enumerate(found)}
        for name, found in raw.items()
        if found and "id" in found[0]
    }
    for one in TRAVELS:
        for row in raw[one.name]:
            _tell_places(one, row, places)
            row.pop("id", None)
    return {name: sorted(found, key=repr) if name in UNORDERED else found for name, found in raw.items()}


def _tell_places(one: Travels, row: dict[str, Any], places: dict[str, dict[int, int]]) -> None:
    def place(target: str, number: Any) -> object:
        if isinstance(number, list):
            return [place(target, each) for each in number]
        return None if number is None else places.get(target, {}).get(number, "gone")

    for name, target in {**one.keys, **one.later}.items():
        row[name] = place(target, row[name])
    for kind, name in one.subjects.items():
        if row[kind] in SUBJECTS and row[name]:
            row[name] = place(SUBJECTS[row[kind]], row[name])
    for column, names in one.inside.items():
        told = {name: place(target, row[column][name]) for name, target in names.items() if name in (row[column] or {})}
        row[column] = {**row[column], **told} if told else row[column]


UNORDERED = {"contact_tag", "segment_member", "imported_contact", "rollup", "rollup_facet"}


def _of(session: Session, one: Travels, company_id: int) -> list[dict[str, Any]]:
    query = select(*(one.table.c[name] for name in one.columns)).where(one.table.c.company_id == company_id)
    if one.condition is not None:
        query = query.where(one.condition)
    return [dict(row) for row in session.execute(query.order_by(*one.table.primary_key.columns)).mappings()]


def counts(lux: Installation) -> dict[str, int]:
    """Return how many rows each table has, the queue's and the imports' own apart."""
    with lux.db.read(ALL_COMPANIES) as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
            if table.name not in {"company_import", "job", "error_log", "error_group", "job_worker", "leader"}
        }


def files(lux: Installation) -> list[str]:
    """Return the keys of all files."""
    return list(store_of(lux.settings).list(""))


def company(lux: Installation, company_id: int) -> Company:
    """Return a company."""
    with lux.db.read(ALL_COMPANIES) as session:
        return session.get_one(Company, company_id)


def approve_for_later(lux: Installation, firm: Firm) -> None:
    """Say yes to what waits, for tomorrow."""
    with lux.db.begin(firm.id) as session:
        item = next(one for one in reads.items(session) if one.state is ItemState.PENDING)
        ApprovalService(session).approve(
            firm.person, item.public_id, shown_hash=item.content_hash, send_at=clock.now() + timedelta(days=1)
        )
