"""Limits shared by all processes: counted in the database, also when the request that was limited fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import func, select, text

from lux.kit import rates
from lux.kit.db import ALL_COMPANIES, Base, Database
from lux.kit.errors import RateLimitReached

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


@pytest.fixture
def db(db_url: str) -> Iterator[Database]:
    made = Database(db_url)
    with made.engine.begin() as connection:
        Base.metadata.create_all(connection, tables=[rates.RateWindow.__table__])
    yield made
    made.close()


@pytest.fixture
def noon():
    with time_machine.travel(NOON, tick=False) as travel:
        yield travel


def test_as_many_as_allowed_pass_and_the_next_is_told_when(db, noon):
    for _attempt in range(5):
        rates.take(db, "sign-in anna", 5, 60)
    noon.shift(timedelta(seconds=20))
    with pytest.raises(RateLimitReached) as caught:
        rates.take(db, "sign-in anna", 5, 60)
    assert caught.value.retry_after == 40
    noon.shift(timedelta(seconds=40))
    rates.take(db, "sign-in anna", 5, 60)


def test_buckets_and_periods_are_apart(db, noon):
    rates.take(db, "a", 1, 60)
    rates.take(db, "b", 1, 60)
    rates.take(db, "a", 1, 3600)
    with pytest.raises(RateLimitReached):
        rates.take(db, "a", 1, 3600)


def test_several_at_once_count_as_several(db, noon):
    rates.take(db, "mails", 10, 60, n=8)
    with pytest.raises(RateLimitReached):
        rates.take(db, "mails", 10, 60, n=3)


def test_many_threads_get_exactly_the_limit(db, noon):
    gate, passed = threading.Barrier(8), []

    def go():
        gate.wait()
        for _attempt in range(10):
            try:
                rates.take(db, "shared", 25, 60)
            except RateLimitReached:
                continue
            passed.append(1)

    threads = [threading.Thread(target=go) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 25


def test_an_attempt_counts_when_the_request_is_rolled_back(db, noon):
    with db.session(ALL_COMPANIES) as request:
        request.execute(text("SELECT 1"))  # on SQLite this thread now has the one write transaction
        rates.take(db, "forgot", 1, 60, session=request)
        request.rollback()
    with pytest.raises(RateLimitReached):
        rates.take(db, "forgot", 1, 60)


def test_an_attempt_counts_once_when_the_request_is_committed(db, noon):
    with db.session(ALL_COMPANIES) as request:
        request.execute(text("SELECT 1"))
        rates.take(db, "forgot", 2, 60, session=request)
        request.commit()
        request.execute(text("SELECT 1"))
        request.rollback()  # a later transaction of the same session
    rates.take(db, "forgot", 2, 60)
    with pytest.raises(RateLimitReached):
        rates.take(db, "forgot", 2, 60)


def test_the_limit_is_told_inside_an_open_transaction_too(db, noon):
    rates.take(db, "x", 1, 60)
    with db.session(ALL_COMPANIES) as request:
        request.execute(text("SELECT 1"))
        with pytest.raises(RateLimitReached):
            rates.take(db, "x", 1, 60, session=request)
        request.rollback()


def test_no_address_is_kept(db, noon):
    rates.take(db, "sign-in anna@example.com", 5, 60)
    with db.read(ALL_COMPANIES) as session:
        assert "anna" not in session.scalars(select(rates.RateWindow.bucket)).one()


def test_old_windows_are_forgotten(db, noon):
    rates.take(db, "x", 5, 60)
    noon.shift(timedelta(days=2))
    rates.take(db, "x", 5, 60)
    rates.prune(db)
    with db.read(ALL_COMPANIES) as session:
        assert session.scalar(select(func.count()).select_from(rates.RateWindow)) == 1


def test_two_processes_worth_of_engines_share_one_count(db, db_url: str, noon, tmp_path: Path):
    other = Database(db_url)
    rates.take(db, "x", 2, 60)
    rates.take(other, "x", 2, 60)
    with pytest.raises(RateLimitReached):
        rates.take(db, "x", 2, 60)
    other.close()
