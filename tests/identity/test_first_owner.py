"""The owner link, one-time links in general, companies, and erasing one."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from sqlalchemy import func, select

from lux.identity import companies, erasure, members, owner_link, sessions, tokens, users
from lux.identity.access import Role
from lux.identity.models import Company, Membership, OneTimeToken, User
from lux.kit.db import ALL_COMPANIES, Base, Database
from lux.kit.errors import Conflict, Forbidden, InvalidInput
from lux.kit.settings import Settings
from lux.ledger import audit
from tests.identity.people import PASSWORD, first_owner, member, sign_in_token, signed_in

Owner = tuple[User, Company]
Purpose = tokens.Purpose


def test_the_owner_link_works_once_and_a_new_start_replaces_it(db: Database, settings: Settings) -> None:
    old = owner_link.make_owner_link(db, settings)
    assert old is not None
    assert old.startswith("http://127.0.0.1:5000/welcome/")
    user, company = first_owner(db, settings)
    assert user.is_operator
    with db.read(company.id) as session:
        assert [row.role for row in members.listing(session)] == [Role.OWNER]
    for token in (old.rpartition("/")[2], "guess"):
        with db.begin(ALL_COMPANIES) as session, pytest.raises(tokens.LinkGone):
            tokens.spend(session, Purpose.OWNER_LINK, token)
    assert owner_link.make_owner_link(db, settings) is None, "there is an owner"


def test_a_refused_form_does_not_use_the_owner_link_up(db: Database, settings: Settings) -> None:
    link = owner_link.make_owner_link(db, settings)
    assert link is not None
    values = {
        "name": "Ada",
        "company": "Engines",
        "timezone": "UTC",
        "currency": "EUR",
        "email": "ada@example.com",
    }
    with pytest.raises(InvalidInput), db.begin(ALL_COMPANIES) as session:
        owner_link.become_owner(session, link.rpartition("/")[2], **values, password="short")
    with db.begin(ALL_COMPANIES) as session:
        owner_link.become_owner(session, link.rpartition("/")[2], **values, password=PASSWORD)


def test_a_link_works_for_its_purpose_only(db: Database, owner: Owner) -> None:
    with db.begin(ALL_COMPANIES) as session:
        for made in Purpose:
            token = tokens.issue(session, made, user_id=owner[0].id)
            for tried in Purpose:
                if tried is not made:
                    with pytest.raises(tokens.LinkGone):
                        tokens.spend(session, tried, token)
            assert tokens.spend(session, made, token).user_id == owner[0].id
            with pytest.raises(tokens.LinkGone):
                tokens.spend(session, made, token)


def test_a_link_expires_and_is_swept(db: Database, owner: Owner) -> None:
    with time_machine.travel(dt.datetime(2026, 11, 23, tzinfo=dt.UTC), tick=False) as time:
        with db.begin(ALL_COMPANIES) as session:
            token = tokens.issue(session, Purpose.PASSWORD_RESET, user_id=owner[0].id)
        time.shift(dt.timedelta(hours=1))
        with db.begin(ALL_COMPANIES) as session, pytest.raises(tokens.LinkGone):
            tokens.spend(session, Purpose.PASSWORD_RESET, token)
        time.shift(dt.timedelta(days=1, seconds=1))
        with db.begin(ALL_COMPANIES) as session:
            tokens.sweep(session)
            left = session.scalars(select(OneTimeToken.purpose)).all()
    assert left.count(Purpose.PASSWORD_RESET.value) == 0


def test_asking_again_makes_the_earlier_link_useless(db: Database, owner: Owner) -> None:
    with db.begin(ALL_COMPANIES) as session:
        first = tokens.issue(session, Purpose.PASSWORD_RESET, user_id=owner[0].id)
        second = tokens.issue(session, Purpose.PASSWORD_RESET, user_id=owner[0].id)
        with pytest.raises(tokens.LinkGone):
            tokens.peek(session, Purpose.PASSWORD_RESET, first)
        assert tokens.peek(session, Purpose.PASSWORD_RESET, second)


def test_two_companies_of_one_name_have_two_slugs(db: Database, owner: Owner) -> None:
    with db.begin(ALL_COMPANIES) as session:
        slugs = [companies.create(session, name="Müller & Söhne", owner_id=owner[0].id).slug for _ in range(3)]
    assert slugs == ["muller-sohne", "muller-sohne-2", "muller-sohne-3"]
    assert companies.slug_of("株式会社") == "company"


def test_only_owners_and_operators_make_companies(db: Database, settings: Settings, owner: Owner) -> None:
    admin = signed_in(db, settings, member(db, owner[1], Role.ADMIN))
    second_owner = signed_in(db, settings, member(db, owner[1], Role.OWNER))
    with db.read(owner[1].id) as session:
        companies.check_may_create(session, second_owner)
        companies.check_may_create(session, signed_in(db, settings, owner[0]))
        with pytest.raises(Forbidden):
            companies.check_may_create(session, admin)


def test_an_edit_that_would_overwrite_anothers_is_a_conflict(db: Database, settings: Settings, owner: Owner) -> None:
    user, company = owner
    actor = signed_in(db, settings, user)
    with db.begin(company.id) as session:
        companies.change(session, actor, 1, {"website": "https://one.example", "name": "Engines"})
    with pytest.raises(Conflict) as refused, db.begin(company.id) as session:
        companies.change(session, actor, 1, {"website": "https://two.example", "name": "Engines"})
    problems = {problem.field: problem.message for problem in refused.value.problems}
    assert problems.keys() == {"website", "version"}
    assert "https://one.example" in problems["website"]
    with db.begin(company.id) as session:
        companies.change(session, actor, companies.current(session).version, {"website": "https://two.example"})
        assert companies.current(session).website == "https://two.example"


def test_erasing_a_company_leaves_nothing_but_its_audit_chain(db: Database, settings: Settings, owner: Owner) -> None:
    user, company = owner
    with db.begin(ALL_COMPANIES) as session:
        sample = companies.create(session, name="Sample Ltd", owner_id=user.id, is_sample=True)
    guest = member(db, sample, Role.VIEWER)
    token = sign_in_token(db, settings, user, sample)
    actor = sessions.person_for(db, token, settings)
    assert actor is not None
    with pytest.raises(InvalidInput) as refused, db.begin(sample.id) as session:
        erasure.remove_company(session, actor, typed_name="Sample")
    assert refused.value.field == "confirmation"
    with db.begin(sample.id) as session:
        erasure.remove_company(session, actor, typed_name=" sample ltd ")
    with db.read(ALL_COMPANIES) as session:
        for table in Base.metadata.sorted_tables:
            if "company_id" in table.c and table.name not in erasure.KEPT:
                count = select(func.count()).select_from(table).where(table.c.company_id == sample.id)
                assert session.connection().execute(count).scalar() == 0, table.name
        assert audit.verify(session, sample.id) == (2, None)
        assert session.get(User, guest.id) is not None
        assert session.scalars(select(Membership.company_id)).all() == [company.id]
    looking = sessions.person_for(db, token, settings)
    assert looking is not None
    assert looking.company_id == company.id, "the browser goes on in another company"


def test_an_erased_companys_number_is_not_given_again(db: Database, settings: Settings, owner: Owner) -> None:
    with db.begin(ALL_COMPANIES) as session:
        gone = companies.create(session, name="Gone", owner_id=owner[0].id).id
        erasure.erase_company(session, gone)
    with db.begin(ALL_COMPANIES) as session:
        assert companies.create(session, name="Next", owner_id=owner[0].id).id > gone


def test_only_an_owner_removes_a_company(db: Database, settings: Settings, owner: Owner) -> None:
    company = owner[1]
    admin = signed_in(db, settings, member(db, company, Role.ADMIN))
    with pytest.raises(Forbidden), db.begin(company.id) as session:
        erasure.remove_company(session, admin, typed_name=company.name)


def test_the_owner_of_a_sample_does_not_end_the_owner_link(db: Database, settings: Settings) -> None:
    with db.begin(ALL_COMPANIES) as session:
        somebody = users.create(session, name="Sample owner", email="sample@example.com", password=PASSWORD)
        companies.create(session, name="Sample", owner_id=somebody.id, is_sample=True)
    assert owner_link.make_owner_link(db, settings) is not None
