"""Opens and clicks on a running LUX: what was answered is counted once, whoever is killed, however full the disk."""

from __future__ import annotations

import http.client
import shutil
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lux.kit.db import ALL_COMPANIES
from lux.kit.spool.models import SpoolSegment
from lux.ledger.models import Fact
from lux.render import tokens
from lux.rooms.email import tracking
from tests.factories import Firm, Installation
from tests.faults.server import RunningServer
from tests.rooms.email import campaigns
from tests.rooms.email.test_tracking import LINKS, token
from tests.services import run


def sent(lux: Installation) -> tuple[Firm, list[int]]:
    """Send a campaign an hour ago."""
    firm = campaigns.ready(lux, 3)
    public_id = campaigns.sent(lux, firm)
    campaigns.later(lux, firm)
    return firm, sorted(one.id for one in campaigns.deliveries(lux, firm, public_id))


def opens(lux: Installation) -> int:
    """Return how many opens are counted."""
    with lux.db.read(ALL_COMPANIES) as session:
        return session.scalar(select(func.count()).select_from(Fact).where(Fact.kind == "email.opened")) or 0


class Reader:
    """Loads pictures until the server is gone; knows how many answers came, and how many were asked for."""

    def __init__(self, port: int, path: str, most: int) -> None:
        self.answered = self.asked = 0
        self._thread = threading.Thread(target=self._read, args=(port, path, most), daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Wait for the last answer."""
        self._thread.join(60)

    def _read(self, port: int, path: str, most: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            for _time in range(most):
                self.asked += 1
                connection.request("GET", path, headers=campaigns.BROWSER)
                assert connection.getresponse().read() == tracking.PIXEL
                self.answered += 1
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()


def get(port: int, path: str) -> http.client.HTTPResponse:
    """Ask once, without following."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers=campaigns.BROWSER)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def spool_is_empty(lux: Installation) -> bool:
    """Say whether everything is loaded."""
    return not list((lux.settings.home / "spool").iterdir())


@pytest.mark.faults
def test_killed_pages_and_two_of_everything_lose_no_hit_and_double_none(
    lux_sqlite: Installation, tmp_path: Path
) -> None:
    """Pages alone are killed while they answer; two servers, each with a worker, share what is left and what comes."""
    lux = lux_sqlite
    _firm, deliveries = sent(lux)
    path = f"/o/{token(lux, tokens.OPEN, deliveries[0])}.gif"
    alone = RunningServer(lux.settings, tmp_path / "alone.log", "--no-jobs")
    alone.start()
    killed = [Reader(alone.port, path, 100_000) for _each in range(3)]
    run.wait(lambda: sum(one.answered for one in killed) > 300, seconds=60)
    alone.kill()
    for one in killed:
        one.end()
    assert opens(lux) == 0  # pages leave a segment to a worker for ten seconds, and were killed before
    servers = [RunningServer(lux.settings, tmp_path / f"{number}.log") for number in range(2)]
    try:
        for server in servers:
            server.start()
        readers = [Reader(server.port, path, 200) for server in servers for _each in range(2)]
        for one in readers:
            one.end()
        assert [one.answered for one in readers] == [200] * 4
        run.wait(lambda: spool_is_empty(lux), seconds=60)
        before = sum(one.answered for one in killed)
        assert 800 + before <= opens(lux) <= 800 + sum(one.asked for one in killed)
        _nothing_can_be_written(lux, servers[0], deliveries[1])
    finally:
        for server in servers:
            server.stop()


def _nothing_can_be_written(lux: Installation, server: RunningServer, delivery: int) -> None:
    """Readers get their picture and their page; how many are not counted stands in the database once it goes again."""
    spool, counted = lux.settings.home / "spool", opens(lux)
    link = f"/c/{token(lux, tokens.CLICK, delivery)}/1"
    assert get(server.port, link).getheader("Location") == LINKS[1]  # from here on without the database
    run.wait(lambda: spool_is_empty(lux), seconds=30)
    shutil.rmtree(spool)
    spool.write_text("in the way")
    for _time in range(5):
        assert get(server.port, f"/o/{token(lux, tokens.OPEN, delivery)}.gif").status == 200
        assert get(server.port, link).getheader("Location") == LINKS[1]
    spool.unlink()
    run.wait(lambda: dropped(lux) == 10, seconds=30)
    assert opens(lux) == counted


def dropped(lux: Installation) -> int:
    """Return how many hits were told as not written."""
    with lux.db.read(ALL_COMPANIES) as session:
        return session.scalar(select(func.sum(SpoolSegment.dropped))) or 0
