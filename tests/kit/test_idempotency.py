"""Requests that may be repeated: done once, answered alike, whatever the order in which they come."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from lux.kit import idempotency
from lux.kit.db import Database
from lux.kit.errors import InvalidInput
from lux.kit.idempotency import Idempotency, Kept, KeyUsedOtherwise, StillRunning, Ticket
from tests.factories import Installation

START = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)


def answer(text: str) -> Kept:
    return Kept(status=201, body=text, content_type="application/json", headers={"ETag": '"1"'})


def begin(
    db: Database, company: int, key: str = "a", parameters: bytes = b"x", sender: str = "api_key:1"
) -> Ticket | Kept:
    return idempotency.begin(db, company, sender=sender, key=key, parameters=parameters)


def taken(db: Database, company: int, key: str = "a") -> Ticket:
    found = begin(db, company, key)
    assert isinstance(found, Ticket)
    return found


def keep(db: Database, company: int, ticket: Ticket, kept: Kept) -> None:
    with db.begin(company) as session:
        idempotency.keep(session, ticket, kept)


def test_the_first_answer_comes_again_for_a_day(lux: Installation) -> None:
    company = lux.firm().id
    with time_machine.travel(START, tick=False) as now:
        keep(lux.db, company, taken(lux.db, company), answer("first"))
        now.shift(dt.timedelta(hours=23, minutes=59))
        assert begin(lux.db, company) == answer("first")
        now.shift(dt.timedelta(minutes=1))
        assert isinstance(begin(lux.db, company), Ticket)


def test_other_parameters_under_the_same_key_are_refused(lux_sqlite: Installation) -> None:
    company = lux_sqlite.firm().id
    ticket = taken(lux_sqlite.db, company)
    for _time in ("while it runs", "after it"):
        with pytest.raises(KeyUsedOtherwise) as caught:
            begin(lux_sqlite.db, company, parameters=b"y")
        assert caught.value.field == "Idempotency-Key"
        if _time == "while it runs":
            keep(lux_sqlite.db, company, ticket, answer("first"))


def test_companies_and_senders_do_not_meet(lux_sqlite: Installation) -> None:
    one, other = lux_sqlite.firm().id, lux_sqlite.firm().id
    keep(lux_sqlite.db, one, taken(lux_sqlite.db, one), answer("first"))
    assert isinstance(begin(lux_sqlite.db, other, parameters=b"y"), Ticket)
    assert isinstance(begin(lux_sqlite.db, one, parameters=b"y", sender="api_key:2"), Ticket)


def test_of_two_at_once_one_works_and_the_other_is_told_to_wait(lux: Installation) -> None:
    company, found = lux.firm().id, list[str]()
    gate = threading.Barrier(4)

    def ask() -> None:
        gate.wait()
        try:
            found.append(type(begin(lux.db, company)).__name__)
        except StillRunning as error:
            found.append(f"wait {error.headers['Retry-After']}")

    threads = [threading.Thread(target=ask) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["Ticket", "wait 1", "wait 1", "wait 1"]


def test_a_request_that_died_is_taken_over_and_can_no_longer_answer(lux: Installation) -> None:
    company = lux.firm().id
    with time_machine.travel(START, tick=False) as now:
        dead = taken(lux.db, company)
        now.shift(idempotency.PATIENCE)
        heir = taken(lux.db, company)
        with pytest.raises(StillRunning):
            keep(lux.db, company, dead, answer("late"))
        keep(lux.db, company, heir, answer("second"))
        assert begin(lux.db, company) == answer("second")


def test_a_request_that_changed_nothing_may_be_sent_again(lux_sqlite: Installation) -> None:
    company = lux_sqlite.firm().id
    idempotency.give_up(lux_sqlite.db, company, taken(lux_sqlite.db, company))
    assert isinstance(begin(lux_sqlite.db, company, parameters=b"mended"), Ticket)


@pytest.mark.parametrize("key", ["", "x" * 256, "ü", "a\nb", "\x7f"])
def test_a_key_that_cannot_be_one_is_refused(lux_sqlite: Installation, key: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        begin(lux_sqlite.db, lux_sqlite.firm().id, key)
    assert caught.value.field == "Idempotency-Key"


def test_old_answers_are_forgotten(lux_sqlite: Installation) -> None:
    company = lux_sqlite.firm().id
    with time_machine.travel(START, tick=False) as now:
        keep(lux_sqlite.db, company, taken(lux_sqlite.db, company, "old"), answer("old"))
        now.shift(dt.timedelta(hours=13))
        keep(lux_sqlite.db, company, taken(lux_sqlite.db, company, "new"), answer("new"))
        now.shift(dt.timedelta(hours=12))
        assert idempotency.prune(lux_sqlite.db) == 1
        assert begin(lux_sqlite.db, company, "new") == answer("new")
    with lux_sqlite.db.read(company) as session:
        assert session.scalar(select(func.count()).select_from(Idempotency)) == 1


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),  # key
        st.sampled_from([b"x", b"y"]),  # parameters
        st.sampled_from(["answers", "fails", "dies"]),  # what becomes of the work, if it is done
        st.integers(0, 30),  # hours until the next
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_comes_work_is_done_once_and_answered_alike(
    lux_sqlite: Installation, steps: list[tuple[str, bytes, str, int]]
) -> None:
    """Against a plain model: a dict of key → (parameters, answer, moment)."""
    db, company = lux_sqlite.db, lux_sqlite.firm().id
    known: dict[str, tuple[bytes, Kept | None, dt.datetime]] = {}
    with time_machine.travel(START, tick=False) as now:
        at = START
        for number, (key, parameters, fate, hours) in enumerate(steps):
            before = known.get(key)
            is_fresh = before is None or at - before[2] >= idempotency.KEPT
            if before and not is_fresh and before[0] != parameters:
                with pytest.raises(KeyUsedOtherwise):
                    begin(db, company, key, parameters)
            elif before and not is_fresh and before[1] is not None:
                assert begin(db, company, key, parameters) == before[1]
            elif before and not is_fresh and at - before[2] < idempotency.PATIENCE:
                with pytest.raises(StillRunning):
                    begin(db, company, key, parameters)
            else:
                ticket = begin(db, company, key, parameters)
                assert isinstance(ticket, Ticket)
                known[key] = (parameters, None, at)
                if fate == "answers":
                    known[key] = (parameters, answer(str(number)), at)
                    keep(db, company, ticket, answer(str(number)))
                elif fate == "fails":
                    del known[key]
                    idempotency.give_up(db, company, ticket)
            now.shift(dt.timedelta(hours=hours))
            at += dt.timedelta(hours=hours)
