"""Members, invitations, several companies: through the pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from lux.identity import invitations, members, sessions, users
from lux.identity.access import Role
from lux.identity.models import Company
from lux.kit.db import ALL_COMPANIES
from tests.factories import Firm, Installation
from tests.rooms.contacts.desk import Desk

Mails = Callable[[Installation], list[str]]


def role_of(lux: Installation, firm: Firm, user_id: int) -> Role | None:
    with lux.db.read(firm.id) as session:
        return next((row.role for row in members.listing(session) if row.user_id == user_id), None)


def test_an_invitation_is_mailed_and_can_be_withdrawn(lux: Installation, mails: Mails):
    firm = lux.firm("Inviting Ltd")
    client = lux.client(firm)
    form = {"email": "new@example.com", "role": "marketer"}
    assert client.post("/settings/members/invite", data=form).status_code == 303
    (mail,) = mails(lux)
    assert "Inviting Ltd" in mail
    assert "Marketer" in mail
    assert "/invitation/" in mail
    assert "new@example.com" in client.get("/settings/members").text
    with lux.db.read(firm.id) as session:
        public_id = invitations.pending(session)[0].public_id
    assert client.post(f"/settings/members/invitations/{public_id}/withdraw").status_code == 303
    path = next(word for word in mail.split() if "/invitation/" in word).partition("/invitation/")[2]
    assert lux.client().get(f"/invitation/{path}").status_code == 404


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"email": "nobody", "role": "viewer"}, "not an e-mail address"),
        ({"email": "new@example.com", "role": "emperor"}, "does not exist"),
    ],
)
def test_a_refused_invitation_names_the_field(lux_sqlite: Installation, form: dict[str, str], said: str):
    answer = lux_sqlite.client(lux_sqlite.firm()).post("/settings/members/invite", data=form)
    assert answer.status_code == 422
    assert said in answer.text


def test_roles_are_changed_and_members_removed(lux: Installation):
    firm = lux.firm()
    viewer = lux.member(firm.id, Role.VIEWER)
    client = lux.client(firm)
    address = f"/settings/members/{viewer.person.user_public_id}"
    assert client.post(f"{address}/role", data={"role": "admin"}).status_code == 303
    assert role_of(lux, firm, viewer.user_id) is Role.ADMIN
    assert lux.client(viewer).get("/companies").status_code == 303, "signed out, to come back with the new role"
    assert client.post(f"{address}/remove").status_code == 303
    assert role_of(lux, firm, viewer.user_id) is None


def test_an_admin_is_offered_no_owner_and_changes_none(lux_sqlite: Installation):
    admin = lux_sqlite.firm(role=Role.ADMIN)
    client = lux_sqlite.client(admin)
    assert 'value="owner"' not in client.get("/settings/members").text
    with lux_sqlite.db.read(admin.id) as session:
        owner = next(row for row in members.listing(session) if row.role is Role.OWNER)
    for verb, data in (("role", {"role": "viewer"}), ("remove", {})):
        assert client.post(f"/settings/members/{owner.public_id}/{verb}", data=data).status_code == 403
    answer = client.post("/settings/members/invite", data={"email": "x@example.com", "role": "owner"})
    assert answer.status_code == 403


def test_the_last_owner_can_not_leave(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    answer = lux_sqlite.client(firm).post("/companies/leave")
    assert answer.status_code == 409
    assert "last owner" in answer.text


def test_leaving_leads_to_ones_other_company(lux: Installation):
    first, second = lux.firm("First Ltd"), lux.firm("Second Ltd")
    with lux.db.begin(ALL_COMPANIES) as session:
        members.add(session, second.id, first.user_id, Role.VIEWER)
    looking = lux.sign_in(first.user_id, second.id)
    client = lux.client(looking)
    assert client.post("/companies/leave").status_code == 303
    person = sessions.person_for(lux.db, looking.token, lux.settings)
    assert person
    assert person.company_id == first.id
    assert "Second Ltd" not in client.get("/companies").text


def test_one_goes_from_company_to_company(lux: Installation):
    first, second = lux.firm("First Ltd"), lux.firm("Second Ltd")
    with lux.db.begin(ALL_COMPANIES) as session:
        members.add(session, second.id, first.user_id, Role.ADMIN)
        public_id = session.get_one(Company, second.id).public_id
    client = lux.client(first)
    assert client.post("/companies/switch", data={"company": str(public_id)}).location == "/"
    assert 'value="Second Ltd"' in client.get("/settings").text
    assert lux.client(first).get("/settings").status_code == 303, "the old token is worthless"


def test_nobody_goes_where_they_do_not_belong(lux_sqlite: Installation):
    first, second = lux_sqlite.firm(), lux_sqlite.firm()
    with lux_sqlite.db.read(ALL_COMPANIES) as session:
        public_id = session.get_one(Company, second.id).public_id
    client = lux_sqlite.client(first)
    assert client.post("/companies/switch", data={"company": str(public_id)}).status_code == 404
    assert client.post("/companies/switch", data={"company": "x"}).status_code == 422


def test_an_owner_makes_another_company_and_lands_in_it(lux: Installation):
    firm = lux.firm()
    client = lux.client(firm)
    form = {"company": "Daughter Ltd", "timezone": "UTC", "currency": "USD"}
    assert client.post("/companies/new", data=form).location == "/setup"
    assert 'value="Daughter Ltd"' in client.get("/settings").text
    assert client.post("/companies/new", data={**form, "company": ""}).status_code == 422


def test_who_owns_nothing_makes_no_company(lux_sqlite: Installation):
    client = lux_sqlite.client(lux_sqlite.firm(role=Role.ADMIN))
    assert client.get("/companies/new").status_code == 403
    form = {"company": "Daughter Ltd", "timezone": "UTC", "currency": "USD"}
    assert client.post("/companies/new", data=form).status_code == 403


def test_a_company_is_removed_when_its_name_is_typed(lux: Installation):
    firm, other = lux.firm("Sample Ltd"), lux.firm()
    lux.contacts(firm, 3)
    client = lux.client(firm)
    client.post("/settings/senders", data={"name": "Ada", "email": "ada@example.com", "reply_to": ""})
    lux.work()
    kept, files = lux.settings.home / "mailbox", Desk(lux, firm)
    assert list(kept.rglob("*.eml"))
    files.upload("email\nada@example.com\n")
    Desk(lux, other).upload("email\nbo@example.com\n")
    client.post("/contacts/exports")
    lux.work()
    assert len(files.files) == 3
    answer = client.post("/settings/remove", data={"confirmation": "sample"})
    assert answer.status_code == 422
    assert "not the company&#39;s name" in answer.text
    assert client.post("/settings/remove", data={"confirmation": "Sample Ltd"}).location == "/"
    assert client.get("/").status_code == 200
    with lux.db.read(ALL_COMPANIES) as session:
        assert session.scalars(select(Company.id)).all() == [other.id]
        assert session.scalar(select(func.count()).select_from(Company)) == 1
    lux.work()
    assert not list(kept.rglob("*.eml")), "captured mail goes too"
    assert len(files.files) == 1, "so do the files with its contacts, and nobody else's"


def test_an_admin_removes_no_company(lux_sqlite: Installation):
    firm = lux_sqlite.firm("Sample Ltd", role=Role.ADMIN)
    answer = lux_sqlite.client(firm).post("/settings/remove", data={"confirmation": "Sample Ltd"})
    assert answer.status_code == 403


def test_an_operator_removes_a_sample_and_nothing_else(lux: Installation):
    operator, firm = lux.firm(), lux.firm("Sample Ltd")
    with lux.db.begin(ALL_COMPANIES) as session:
        users.by_id(session, operator.user_id).is_operator = True
        session.get_one(Company, firm.id).is_sample = True
        public_ids = {row.id: row.public_id for row in session.scalars(select(Company))}
    client = lux.client(operator)
    assert "Sample Ltd" in client.get("/companies").text
    where = f"/companies/samples/{public_ids[firm.id]}/remove"
    refused = client.post(where, data={"confirmation": "Sample"})
    assert refused.status_code == 422
    assert "not the company&#39;s name" in refused.text
    assert client.post(where, data={"confirmation": "Sample Ltd"}).location == "/companies"
    own = f"/companies/samples/{public_ids[operator.id]}/remove"
    assert client.post(own, data={"confirmation": "x"}).status_code == 404, "it is no sample"
    with lux.db.read(ALL_COMPANIES) as session:
        assert session.scalars(select(Company.id)).all() == [operator.id]


def test_nobody_else_removes_a_sample(lux_sqlite: Installation):
    firm, stranger = lux_sqlite.firm("Sample Ltd"), lux_sqlite.firm()
    with lux_sqlite.db.begin(ALL_COMPANIES) as session:
        session.get_one(Company, firm.id).is_sample = True
        public_id = session.get_one(Company, firm.id).public_id
    client = lux_sqlite.client(stranger)
    assert "Sample Ltd" not in client.get("/companies").text
    answer = client.post(f"/companies/samples/{public_id}/remove", data={"confirmation": "Sample Ltd"})
    assert answer.status_code == 404
