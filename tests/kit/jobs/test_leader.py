"""One leader over all processes."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import select

from lux.kit.db import ALL_COMPANIES
from lux.kit.jobs import Leader
from lux.kit.jobs.leader import LEASE_SECONDS, RENEW_SECONDS, Leadership
from lux.kit.jobs.ticker import SWEEP_SECONDS
from tests.kit.jobs.conftest import wait_until


def holder(db):
    with db.read(ALL_COMPANIES) as session:
        return session.scalar(select(Leader.holder))


def test_one_of_many_leads(db):
    gate, won = threading.Barrier(6), []

    def go(name):
        candidate = Leadership(db, "clock", name)
        gate.wait()
        if candidate.campaign():
            won.append(name)

    threads = [threading.Thread(target=go, args=(f"w{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [holder(db)]


def test_the_leader_renews_and_others_wait(db):
    first, second = Leadership(db, "clock", "a"), Leadership(db, "clock", "b")
    assert first.campaign()
    assert not second.campaign()
    assert first.campaign()
    assert (first.is_held, second.is_held) == (True, False)


def test_a_silent_leader_is_replaced_when_its_lease_is_over(db):
    first = Leadership(db, "clock", "a", lease_seconds=1.0)
    second = Leadership(db, "clock", "b", lease_seconds=1.0)
    assert first.campaign()
    began = time.monotonic()
    wait_until(second.campaign, seconds=5)
    assert 0.8 < time.monotonic() - began < 3
    assert not first.is_held, "it knows by its own clock that its time is over"
    assert not first.campaign()


def test_the_defaults_sweep_a_silent_leaders_leases_within_fifteen_seconds():
    assert LEASE_SECONDS + RENEW_SECONDS + SWEEP_SECONDS <= 15


def test_a_leader_known_to_be_dead_is_replaced_at_once(db):
    Leadership(db, "clock", "a").campaign()
    assert not Leadership(db, "clock", "b").campaign()
    assert Leadership(db, "clock", "b", dead=lambda: ["a"]).campaign()


def test_a_leader_that_resigns_is_followed_at_once(db):
    first, second = Leadership(db, "clock", "a"), Leadership(db, "clock", "b")
    first.campaign()
    first.resign()
    assert not first.is_held
    assert second.campaign()


def test_a_restarted_leader_takes_up_its_own_lead(db):
    Leadership(db, "clock", "a").campaign()
    assert Leadership(db, "clock", "a").campaign()


@pytest.mark.faults
def test_a_killed_leaders_neighbour_leads(db, start_child):
    first = start_child()
    wait_until(lambda: holder(db) == first.name)
    second = start_child()
    time.sleep(0.5)
    assert holder(db) == first.name
    first.kill()
    killed = time.monotonic()
    wait_until(lambda: holder(db) == second.name, seconds=20)
    assert time.monotonic() - killed <= 8, "its neighbour sees by the file lock that it is dead"
