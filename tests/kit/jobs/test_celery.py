"""Celery behind a broker: what gets lost, doubled, made up or killed there changes nothing in the rows."""

from __future__ import annotations

import signal
import socket
import statistics
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.jobs import JobState, Kinds, Leader, enqueue
from lux.kit.jobs.broker import Broker, BrokerAway, Hint, make_app
from lux.kit.jobs.publisher import Publisher, Resender
from tests.kit.jobs.conftest import job, over_celery, wait_for, wait_until
from tests.kit.jobs.handlers import KINDS, effects, pids
from tests.services import run
from tests.services.redis import OwnRedis

pytestmark = pytest.mark.postgres
KNOWN = Kinds(KINDS)


@pytest.fixture
def db_url(pg_url):
    return pg_url


@pytest.fixture
def broker(broker_settings):
    made = Broker(broker_settings)
    yield made
    made.close()


@pytest.fixture
def own_redis():
    server = OwnRedis()
    yield server
    server.kill()


@pytest.fixture
def publishing(db):
    """Return a function that lets this process publish what it commits, as pages do."""
    started = []

    def start(settings):
        started.append(Publisher(db, Broker(settings), lambda: KNOWN))
        started[-1].start()
        return started[-1]

    yield start
    for publisher in started:
        publisher.stop(5)


def put(db, kind="test.mark", **options):
    args = {"label": "x", **options.pop("args", {})}
    with db.begin(ALL_COMPANIES) as session:
        return enqueue(session, kind, args, **options)


def holder(db):
    with db.read(ALL_COMPANIES) as session:
        return session.scalar(select(Leader.holder))


def due(db):
    from lux.kit.jobs import queue

    with db.read(ALL_COMPANIES) as session:
        return queue.due_ids(session, list(KNOWN), limit=100)


class TestTellingTheBroker:
    def test_a_commit_never_waits_for_a_broker_that_does_not_answer(self, db, settings, publishing):
        with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and says nothing
            publishing(over_celery(settings, f"redis://127.0.0.1:{silent.getsockname()[1]}/0"))
            began = time.monotonic()
            ids = [put(db) for _n in range(3)]
            assert time.monotonic() - began < 6, "to wait for an answer would take ten seconds for each"
            assert {job(db, job_id).state for job_id in ids} == {JobState.QUEUED}
            taken, _address = silent.accept()
            taken.close()

    def test_a_broker_that_is_away_is_said_to_be_within_seconds(self, settings):
        away = Broker(over_celery(settings, f"redis://127.0.0.1:{run.free_port()}/0"))
        began = time.monotonic()
        with pytest.raises(BrokerAway):
            away.depths()
        with pytest.raises(BrokerAway):
            away.publish([Hint(job_id=1, queue="default")])
        assert time.monotonic() - began < 5

    def test_what_is_committed_is_published_to_its_queue_and_what_is_for_later_is_not(
        self, db, broker, broker_settings, publishing
    ):
        publishing(broker_settings)
        put(db)
        put(db, "test.import")
        put(db, queue="system")
        put(db, due_at=clock.now() + timedelta(days=3))
        wait_until(lambda: sum(broker.depths().values()) == 3)
        assert broker.depths() == {"system": 1, "send": 0, "import": 1, "default": 1}

    def test_what_is_rolled_back_is_not_published(self, db, broker, broker_settings, publishing):
        publishing(broker_settings)
        with db.session(ALL_COMPANIES) as session:
            enqueue(session, "test.mark", {"label": "x"})
            session.rollback()
        put(db)
        wait_until(lambda: sum(broker.depths().values()))
        assert broker.depths()["default"] == 1


class TestTheClock:
    def test_a_hint_that_waits_in_the_broker_is_not_sent_again_and_a_lost_one_is(self, db, broker):
        resender = Resender(db, broker, KNOWN, pause=0.0)
        for _n in range(3):
            put(db)
        for _tick in range(4):
            resender.offer(due(db))
        assert broker.depths()["default"] == 3
        forget_everything(broker)
        resender.offer(due(db))
        assert broker.depths()["default"] == 3

    def test_a_young_hint_is_left_alone_even_when_it_has_left_the_queue(self, db, broker):
        resender = Resender(db, broker, KNOWN, pause=60.0)
        put(db)
        resender.offer(due(db))
        forget_everything(broker)
        resender.offer(due(db))
        assert broker.depths()["default"] == 0

    def test_of_one_key_one_is_offered_and_none_while_one_runs(self, db, broker):
        from lux.kit.jobs import claims

        ids = [put(db, key="campaign 1") for _n in range(3)]
        assert due(db) == ids[:1]
        assert claims.claim_one(db, "w", KNOWN, ids[0])
        assert due(db) == []


def forget_everything(broker):
    with broker._app.connection_for_write() as connection, connection.channel() as channel:
        channel.client.flushdb()


def test_settings_leave_the_rows_in_charge(broker_settings):
    conf = make_app(broker_settings).conf
    assert conf.accept_content == ["json"]
    assert (conf.task_acks_late, conf.worker_prefetch_multiplier, conf.result_backend) == (True, 1, None)
    assert not conf.worker_enable_remote_control, "whoever can write to the broker must not steer workers"


@pytest.mark.faults
def test_doubled_and_made_up_messages_do_no_harm(db, broker, broker_settings, start_child):
    start_child("celery", broker_settings.broker_url)
    job_id, later = put(db), put(db, due_at=clock.now() + timedelta(days=1))
    app = make_app(broker_settings)
    for args in ([later], [10**12], ["1; DROP TABLE job"], [None], [], [{"job": 1}], [job_id, 2]):
        app.send_task("lux.run_job", args=args, queue="lux.default")
    app.send_task("os.system", args=["true"], queue="lux.default")
    broker.publish([Hint(job_id=job_id, queue="default")] * 5)
    broker.publish([Hint(job_id=job_id, queue="import")] * 5)
    wait_for(db, job_id, JobState.DONE)
    fresh = put(db)
    broker.publish([Hint(job_id=fresh, queue="default")])
    wait_for(db, fresh, JobState.DONE)
    wait_until(lambda: not sum(broker.depths().values()))
    assert effects(db, "x") == [0, 0], "one for each job"
    assert job(db, later).state is JobState.QUEUED
    app.close()


@pytest.mark.faults
def test_jobs_start_soon_and_a_long_import_holds_up_neither_mails_nor_the_rest(
    db, broker_settings, publishing, start_child
):
    publishing(broker_settings)
    for _n in range(2):
        start_child("celery", broker_settings.broker_url)
    for _n in range(4):
        put(db, "test.import", args={"label": "i", "seconds": 30})
    wait_until(lambda: effects(db, "i start"))
    for kind in ("test.send", "test.mark"):
        assert wait_for(db, put(db, kind), JobState.DONE, seconds=5)
    for number in range(12):
        put(db, "test.stamp", args={"label": "t", "at": clock.now().timestamp()})
        wait_until(lambda number=number: len(effects(db, "t")) == number + 1)
    assert statistics.median(effects(db, "t")) < 400
    assert len(effects(db, "i start")) <= 2, "one import at a time in each worker"


@pytest.mark.faults
def test_a_broker_that_loses_everything_loses_nothing(db, settings, own_redis, publishing, start_child):
    there = over_celery(settings, own_redis.url)
    publishing(there)
    start_child("clock", own_redis.url)
    for _n in range(2):
        start_child("celery", own_redis.url)
    wait_for(db, put(db), JobState.DONE)
    running = put(db, "test.count", args={"label": "c", "total": 120})
    wait_until(lambda: len(effects(db, "c")) > 3)
    own_redis.kill()
    ids = [put(db, args={"label": "y", "number": number}) for number in range(20)]
    wait_for(db, running, JobState.DONE)  # what runs needs no broker
    own_redis.start()
    for job_id in ids:
        wait_for(db, job_id, JobState.DONE, seconds=30)
    assert sorted(effects(db, "y")) == list(range(20))
    assert effects(db, "c") == list(range(1, 121))


@pytest.mark.faults
def test_a_killed_workers_job_goes_on_elsewhere(db, broker_settings, publishing, start_child):
    publishing(broker_settings)
    start_child("clock", broker_settings.broker_url)
    first = start_child("celery", broker_settings.broker_url)
    job_id = put(db, "test.count", args={"total": 100})
    wait_until(lambda: len(effects(db, "x")) > 5)
    start_child("celery", broker_settings.broker_url)
    first.kill()
    assert wait_for(db, job_id, JobState.DONE, seconds=30).losses == 1
    assert effects(db, "x") == list(range(1, 101)), "no chunk lost, none twice"
    assert len(pids(db, "x")) == 2


@pytest.mark.faults
def test_a_frozen_worker_is_replaced_and_refused_when_it_wakes(db, broker_settings, publishing, start_child):
    publishing(broker_settings)
    start_child("clock", broker_settings.broker_url)
    frozen = start_child("celery", broker_settings.broker_url)
    job_id = put(db, "test.stubborn", args={"seconds": 1.0})
    wait_until(lambda: effects(db, "x start"))
    frozen.signal(signal.SIGSTOP)
    start_child("celery", broker_settings.broker_url)
    done = wait_for(db, job_id, JobState.DONE, seconds=30)
    frozen.signal(signal.SIGCONT)
    time.sleep(1.5)
    assert len(effects(db, "x start")) == 2
    assert effects(db, "x") == [0], "the one that woke up late wrote nothing"
    assert job(db, job_id).finished_at == done.finished_at
    assert frozen.is_alive


@pytest.mark.faults
def test_a_worker_told_to_stop_gives_its_job_back_at_once(db, broker_settings, publishing, start_child):
    publishing(broker_settings)
    worker = start_child("celery", broker_settings.broker_url)
    job_id = put(db, "test.count", args={"total": 300})
    wait_until(lambda: len(effects(db, "x")) > 5)
    worker.signal(signal.SIGTERM)
    assert worker.wait(8)
    released = job(db, job_id)
    assert (released.state, released.losses, released.leased_by) == (JobState.QUEUED, 0, None)


@pytest.mark.faults
@pytest.mark.parametrize("second_home", ["home", pytest.param("elsewhere", marks=pytest.mark.slow)])
def test_a_killed_clocks_neighbour_leads_within_fifteen_seconds(db, broker, broker_settings, nursery, second_home):
    settings = broker_settings
    homes = [settings.home, settings.home.parent / second_home]
    first, second = (nursery.start("clock", home, settings.database, settings.broker_url) for home in homes)
    try:
        leader = wait_until(lambda: holder(db))
        leading, waiting = (first, second) if leader == first.name else (second, first)
        assert leader == leading.name
        leading.kill()
        killed = time.monotonic()
        put(db)
        wait_until(lambda: broker.depths()["default"], seconds=20)
        assert time.monotonic() - killed <= 15
        assert holder(db) == waiting.name
    finally:
        first.end()
        second.end()
