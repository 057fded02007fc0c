"""Server-side sessions: what ends them, and that an old token is worthless."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from sqlalchemy import select

from lux.identity import companies, members, sessions, users
from lux.identity.access import Role
from lux.identity.models import Company, User, WebSession
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.errors import NotFound
from lux.kit.settings import Settings
from tests.identity.people import PASSWORD, member, sign_in_token, signed_in

Owner = tuple[User, Company]
START = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)


def test_a_token_stands_for_the_person_in_their_company(db: Database, settings: Settings, owner: Owner) -> None:
    user, company = owner
    person = signed_in(db, settings, user)
    assert (person.user_id, person.company_id, person.role) == (user.id, company.id, Role.OWNER)
    assert person.timezone == "Europe/Berlin"
    assert person.is_operator


def test_only_the_hash_of_a_token_is_kept(db: Database, settings: Settings, owner: Owner) -> None:
    token = sign_in_token(db, settings, owner[0])
    with db.read(ALL_COMPANIES) as session:
        stored = session.scalars(select(WebSession.token_hash)).all()
    assert token not in stored
    assert sessions.person_for(db, stored[0], settings) is None


def test_a_session_ends_after_idling(db: Database, settings: Settings, owner: Owner) -> None:
    with time_machine.travel(START, tick=False) as time:
        token = sign_in_token(db, settings, owner[0])
        for _hour in range(3):
            time.shift(dt.timedelta(hours=11))
            assert sessions.person_for(db, token, settings) is not None
        time.shift(dt.timedelta(hours=12, seconds=1))
        assert sessions.person_for(db, token, settings) is None


def test_a_busy_session_ends_after_seven_days(db: Database, settings: Settings, owner: Owner) -> None:
    with time_machine.travel(START, tick=False) as time:
        token = sign_in_token(db, settings, owner[0])
        for _step in range(7 * 24 // 6 - 1):
            time.shift(dt.timedelta(hours=6))
            assert sessions.person_for(db, token, settings) is not None
        time.shift(dt.timedelta(hours=6, seconds=1))
        assert sessions.person_for(db, token, settings) is None


def test_last_seen_is_written_at_most_every_five_minutes(db: Database, settings: Settings, owner: Owner) -> None:
    def last_seen() -> dt.datetime:
        with db.read(ALL_COMPANIES) as session:
            return session.scalars(select(WebSession.last_seen_at)).one()

    with time_machine.travel(START, tick=False) as time:
        token = sign_in_token(db, settings, owner[0])
        time.shift(299)
        sessions.person_for(db, token, settings)
        assert last_seen() == START
        time.shift(1)
        sessions.person_for(db, token, settings)
        assert last_seen() == clock.now() == START + dt.timedelta(minutes=5)


def test_a_disabled_person_is_out_at_once(db: Database, settings: Settings, owner: Owner) -> None:
    token = sign_in_token(db, settings, owner[0])
    with db.begin(ALL_COMPANIES) as session:
        users.by_id(session, owner[0].id).is_disabled = True
    assert sessions.person_for(db, token, settings) is None


def test_switching_the_company_makes_the_old_token_worthless(db: Database, settings: Settings, owner: Owner) -> None:
    user, _first = owner
    with db.begin(ALL_COMPANIES) as session:
        second = companies.create(session, name="Second", owner_id=user.id)
    token = sign_in_token(db, settings, user)
    person = sessions.person_for(db, token, settings)
    assert person is not None
    assert person.session_id is not None
    with db.begin(person.company_id) as session:
        new = sessions.look_at(session, person.session_id, user.id, second.id)
    assert sessions.person_for(db, token, settings) is None
    moved = sessions.person_for(db, new, settings)
    assert moved is not None
    assert moved.company_id == second.id
    assert signed_in(db, settings, user).company_id == second.id, "the next sign-in starts where one was last"


def test_nobody_looks_at_a_company_they_do_not_belong_to(db: Database, settings: Settings, owner: Owner) -> None:
    stranger = member(db, owner[1], Role.VIEWER)
    with db.begin(ALL_COMPANIES) as session:
        foreign = companies.create(session, name="Foreign", owner_id=owner[0].id)
    person = signed_in(db, settings, stranger)
    assert person.session_id is not None
    with pytest.raises(NotFound), db.begin(person.company_id) as session:
        sessions.look_at(session, person.session_id, stranger.id, foreign.id)


def test_ending_all_sessions_but_ones_own(db: Database, settings: Settings, owner: Owner) -> None:
    user = owner[0]
    mine, other, third = (sign_in_token(db, settings, user) for _ in range(3))
    person = sessions.person_for(db, mine, settings)
    assert person is not None
    with db.begin(ALL_COMPANIES) as session:
        assert sessions.end_all(session, user.id, but=person.session_id) == 2
    assert sessions.person_for(db, mine, settings) is not None
    assert sessions.person_for(db, other, settings) is None
    assert sessions.person_for(db, third, settings) is None


def test_one_ends_only_ones_own_sessions(db: Database, settings: Settings, owner: Owner) -> None:
    user, company = owner
    other = member(db, company, Role.ADMIN)
    token = sign_in_token(db, settings, user)
    with db.begin(ALL_COMPANIES) as session:
        public_id = sessions.listing(session, user.id, settings)[0].public_id
        with pytest.raises(NotFound):
            sessions.end_one_of(session, other.id, public_id)
    assert sessions.person_for(db, token, settings) is not None
    with db.begin(ALL_COMPANIES) as session:
        sessions.end_one_of(session, user.id, public_id)
    assert sessions.person_for(db, token, settings) is None


def test_ended_sessions_are_swept(db: Database, settings: Settings, owner: Owner) -> None:
    with time_machine.travel(START, tick=False) as time:
        sign_in_token(db, settings, owner[0])
        with db.begin(ALL_COMPANIES) as session:
            assert sessions.sweep(session, settings) == 0
        time.shift(dt.timedelta(hours=13))
        with db.begin(ALL_COMPANIES) as session:
            assert sessions.sweep(session, settings) == 1


def test_a_person_without_a_company_is_still_a_person(db: Database, settings: Settings, owner: Owner) -> None:
    with db.begin(ALL_COMPANIES) as session:
        alone = users.create(session, name="Solo", email="solo@example.com", password=PASSWORD)
    person = signed_in(db, settings, alone)
    assert person.company_id is None
    assert person.role is None
    with db.read(ALL_COMPANIES) as session:
        assert members.companies_of(session, alone.id) == []
