"""Many processes behind a broker, as on many machines: a campaign gets through while parts of them die."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter

import pytest
from sqlalchemy import select

from examples.demo import STEPS
from lux.kit.db import ALL_COMPANIES
from lux.kit.jobs import Job, JobState
from tests.factories import installation
from tests.faults.server import RunningWorker
from tests.faults.test_kill import approved_campaign, by_state, ended
from tests.services import run
from tests.services.redis import OwnRedis

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.server]
PACE = 300


class Clock(RunningWorker):
    """`lux clock`: it ticks, and runs no job."""

    def _command(self) -> list[str]:
        return ["clock"]


def test_the_sample_campaign_gets_through_while_a_worker_and_a_clock_die(pg_url, redis, tmp_path):
    names = {"LUX_HOME": str(tmp_path), "LUX_DATABASE_URL": pg_url, "LUX_BROKER_URL": redis.url()}
    command = [sys.executable, "-m", "examples.scale_out"]
    done = subprocess.run(
        command, env={**os.environ, **names}, check=False, capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"^ ?\d+  (.+)$", done.stdout, re.MULTILINE) == [title for title, _step in STEPS]
    print(done.stdout)
    assert "killed: worker-1, clock-1" in done.stdout


def test_without_database_and_broker_it_says_what_to_set(tmp_path):
    names = {**os.environ, "LUX_HOME": str(tmp_path), "LUX_DATABASE_URL": "", "LUX_BROKER_URL": ""}
    command = [sys.executable, "-m", "examples.scale_out"]
    done = subprocess.run(command, env=names, check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, "set LUX_DATABASE_URL and LUX_BROKER_URL" in done.stderr) == (2, True)


def test_nobody_is_lost_or_doubled_when_worker_and_broker_die_in_a_campaign(
    postgres, pg_url, smtp_sink, tmp_path, monkeypatch
):
    from tests.factories import migrate

    migrate(pg_url)
    lux = installation(pg_url, tmp_path / "home", is_migrated=True, allow_hosts=("127.0.0.1",), mail_pace=PACE)
    broker = OwnRedis()
    monkeypatch.setenv("LUX_JOBS", "celery")
    monkeypatch.setenv("LUX_BROKER_URL", broker.url)
    count = 3000
    firm, outbound_id = approved_campaign(lux, count, smtp_sink.port)
    names = ("worker-1", "worker-2", "clock")
    machines = [on_its_own(lux.settings, tmp_path / name) for name in names]
    workers = [RunningWorker(one, tmp_path / f"{one.home.name}.log") for one in machines[:2]]
    ticking = Clock(machines[2], tmp_path / "clock.log")
    try:
        for process in (*workers, ticking):
            process.start()
        began = wait_for_mails(smtp_sink, count // 4)
        holder_of(lux, workers).kill()
        killed = time.monotonic()
        left = smtp_sink.count()
        assert run.wait(lambda: smtp_sink.count() > left + 50, seconds=20)
        assert time.monotonic() - killed < 15
        broker.kill()
        time.sleep(1)
        broker.start()
        assert run.wait(lambda: ended(lux, firm, outbound_id), seconds=90)
        speed = (smtp_sink.count() - left) / (time.monotonic() - killed)
    finally:
        for process in (*workers, ticking):
            process.stop()
        broker.kill()
    counts, states = by_state(lux, firm, outbound_id)
    got = Counter(smtp_sink.recipients())
    unknown = {address for address, state in states.items() if state == "unknown"}
    assert sum(counts.values()) == count
    assert {address for address, state in states.items() if state == "sent"} <= set(got), "nobody is missing"
    assert set(states) - set(got) <= unknown, "who got nothing is listed as unknown"
    assert max(got.values()) == 1, "and nobody got it twice"
    assert speed <= PACE * 1.1, "two workers together keep the pace that was set"
    assert began < 60
    lux.db.close()


def on_its_own(settings, home):
    """Return the settings of a machine that has the keys, and nothing else of the first one."""
    shutil.copytree(settings.home / "keys", home / "keys")
    return settings.model_copy(update={"home": home})


def wait_for_mails(sink, number):
    began = time.monotonic()
    assert run.wait(lambda: sink.count() >= number, seconds=60)
    return time.monotonic() - began


def holder_of(lux, workers):
    """Return the worker whose process holds the sending job."""
    from lux.kit.jobs import JobWorker

    with lux.db.read(ALL_COMPANIES) as session:
        held = select(JobWorker.pid).join(Job, Job.leased_by == JobWorker.name).where(Job.state == JobState.RUNNING)
        pids = set(session.scalars(held.where(Job.kind.startswith("gate."))))
    return next(worker for worker in workers if worker._process.pid in pids)
