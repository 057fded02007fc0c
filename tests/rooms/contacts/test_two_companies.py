"""A second company sees, finds, counts and changes nothing of the first."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from sqlalchemy import select

from lux.gate import consent
from lux.kit.errors import InvalidInput, NotFound
from lux.ledger.models import Fact
from lux.rooms.contacts import queries
from lux.rooms.contacts.models import (
    Contact,
    ContactExport,
    ContactImport,
    ContactTag,
    ContactView,
    ContactWord,
    CustomField,
    ImportedContact,
    ImportMapping,
    ImportRejection,
    Tag,
)
from lux.rooms.contacts.pages.history import history
from lux.rooms.contacts.queries import listing, people, tables
from lux.rooms.contacts.queries.listing import ContactFilter
from lux.rooms.contacts.service import removal, tagging, touch
from tests.rooms.contacts.desk import DECLARED, Desk

TABLES = (Contact, ContactWord, ContactTag, Tag, CustomField, ContactImport, ImportedContact, ImportRejection,
          ImportMapping, ContactExport, ContactView, Fact)  # fmt: skip


@pytest.fixture
def first(lux):
    """Return a company with something in every table."""
    desk = Desk(lux, lux.firm("First"))
    desk.field("Shoe size")
    desk.import_("email,phone,name,tags,Shoe size\nada@example.com,+493023125001,Ada,vip,38\nbroken,,,,\n", **DECLARED)
    desk.client.post("/contacts/exports")
    lux.work()
    with lux.db.begin(desk.firm.id) as session:
        session.add(ContactView(owner_key=0, name="Big feet", name_key="big feet", query={"q": "ada"}))
    return desk


@pytest.fixture
def second(lux, first):
    return Desk(lux, lux.firm("Second"))


def rows(lux, firm):
    """Return every row of a company as text."""
    with lux.db.read(firm.id) as session:
        return {
            model.__tablename__: [str({c.key: getattr(row, c.key) for c in model.__table__.columns}) for row in found]
            for model in TABLES
            if (found := session.scalars(select(model)).all()) is not None
        }


def test_every_question_is_answered_for_the_own_company_alone(lux, first, second):
    ada = first.contact("ada@example.com")
    with lux.db.read(first.firm.id) as session:
        tag, field = tables.all_tags(session)[0], tables.custom_fields(session)[0]
        entry, export = tables.imports(session)[0], tables.exports(session)[0]
    with lux.db.read(second.firm.id) as session:
        for text in ("", "ada", "ada@example.com", "+4930", "030 23125"):
            assert listing.page(session, ContactFilter(text=text), calling_code="49").rows == []
            assert listing.count(session, ContactFilter(text=text), calling_code="49") == 0
        for state in ("mailable", "given", "none"):
            assert listing.page(session, ContactFilter(consent=state)).rows == []
        with pytest.raises(InvalidInput):
            listing.page(session, ContactFilter(tag=str(tag.public_id)))
        for ask, public_id in (
            (people.contact_by_public_id, ada.public_id),
            (tables.tag_by_public_id, tag.public_id),
            (tables.custom_field_by_public_id, field.public_id),
            (tables.import_by_public_id, entry.public_id),
            (tables.export_by_public_id, export.public_id),
        ):
            with pytest.raises(NotFound):
                ask(session, public_id)
        assert people.contact_by_email(session, "ada@example.com") is None
        assert people.contacts_by_phone(session, "+493023125001") == []
        assert people.ids_of(session, [ada.public_id]) == []
        assert people.names_of(session, [ada.id]) == {}
        assert people.tags_of(session, [ada.id]) == {}
        assert people.merge_rows(session, second.firm.id, [ada.id], frozenset({"email", "fields.shoe_size"})) == {}
        assert [name for name, _label in people.merge_names(session) if name.startswith("fields")] == []
        assert (people.count_all(session), people.has_any(session)) == (0, False)
        assert people.created_since(session, dt.datetime(2000, 1, 1, tzinfo=dt.UTC)) == 0
        assert tables.tags_with_counts(session) == []
        assert tables.tag_count(session, tag.id) == 0
        assert tables.rejections(session, entry.id) == []
        assert not tables.is_importing(session)
        assert history(session, ada.id, "UTC").items == []
        assert session.scalars(select(Contact).where(queries.is_mailable())).all() == []


def test_every_verb_leaves_the_other_company_as_it_was(lux, first, second):
    before = rows(lux, first.firm)
    ada = first.contact("ada@example.com")
    with lux.db.begin(second.firm.id) as session:
        touch(session, [ada.id])
        assert removal.trash(session, [ada.id], None) == 0
        assert removal.restore(session, [ada.id], None) == 0
        tagging.ensure(session, ["vip"])
    second.import_("email,city\nADA@example.com,Elsewhere\n", duplicates="overwrite", **DECLARED)
    assert second.contact("ada@example.com").id != ada.id
    assert rows(lux, first.firm) == before
    with lux.db.read(first.firm.id) as session:
        assert consent.status(session, "email", ["ada@example.com"])["ada@example.com"].proof["line"] == 2


def test_every_address_of_the_other_company_leads_nowhere(lux, first, second):
    before = rows(lux, first.firm)
    with lux.db.read(first.firm.id) as session:
        places = {
            "<uuid:public_id>": session.scalars(select(Contact.public_id)).one(),
            "tags/<uuid:public_id>": session.scalars(select(Tag.public_id)).one(),
            "fields/<uuid:public_id>": session.scalars(select(CustomField.public_id)).one(),
            "imports/<uuid:public_id>": session.scalars(select(ContactImport.public_id)).one(),
            "imports/mappings/<uuid:public_id>": session.scalars(select(ImportMapping.public_id)).one(),
            "views/<uuid:public_id>": session.scalars(select(ContactView.public_id)).one(),
            "exports/<uuid:public_id>": session.scalars(select(ContactExport.public_id)).one(),
        }
    asked = 0
    for rule in lux.app.url_map.iter_rules():
        if not rule.endpoint.startswith("contacts.") or "public_id" not in rule.arguments:
            continue
        folder = rule.rule.removeprefix("/contacts/").partition("<")[0] + "<uuid:public_id>"
        for public_id in (places[folder], uuid.uuid4()):
            place = rule.rule.replace("<uuid:public_id>", str(public_id))
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                data = {"confirmation": "x", "name": "x", "label": "x", "channel": "email", "reason": "because"}
                answer = second.client.open(place, method=method, data=data if method == "POST" else None)
                assert answer.status_code == 404, (method, place)
                asked += 1
    assert asked > 40
    assert rows(lux, first.firm) == before
