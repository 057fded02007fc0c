"""Wrong keys are counted per sender, for all server processes together; right ones pass all the while."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from werkzeug.test import TestResponse

from lux.identity import api_keys
from lux.identity.api_keys import Scope
from lux.ui import wrong_keys
from tests.factories import Installation
from tests.faults.server import RunningServer

API, ZAPIER = "/api/v1/contacts", "/api/webhook/zapier-contact"
WRONG = "00000000-0000-7000-8000-000000000000.nobody"
SERVERS = 2


def ask(lux: Installation, path: str, key: str, address: str = "192.0.2.7") -> TestResponse:
    """Call with a key from an address."""
    method = "POST" if path == ZAPIER else "GET"
    headers, sender = {"Authorization": f"Bearer {key}"}, {"REMOTE_ADDR": address}
    return lux.client().open(path, method=method, headers=headers, environ_overrides=sender, json={"email": "a@b.de"})


def key_of(lux: Installation, *scopes: Scope) -> str:
    """Return a right key."""
    firm = lux.firm()
    with lux.db.begin(firm.id) as session:
        return api_keys.issue(session, name="Right", scopes=scopes, by=firm.person)[1]


@pytest.mark.parametrize("path", [API, ZAPIER])
def test_who_tries_keys_is_slowed_down_and_told_when_to_come_back(lux_sqlite: Installation, path: str) -> None:
    right = key_of(lux_sqlite, Scope.CONTACTS_READ, Scope.ZAPIER)
    with time_machine.travel(datetime(2026, 11, 3, 12, 0, 10, tzinfo=UTC), tick=False) as travel:
        found = [ask(lux_sqlite, path, WRONG).status_code for _ in range(wrong_keys.PER_MINUTE)]
        assert set(found) == {401}
        refused = ask(lux_sqlite, path, WRONG)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "50")
        assert refused.mimetype == "application/problem+json"
        assert ask(lux_sqlite, path, right).status_code in {200, 201}, "behind one address stand many"
        assert ask(lux_sqlite, path, WRONG, "192.0.2.8").status_code == 401
        travel.shift(50)
        assert ask(lux_sqlite, path, WRONG).status_code == 401


def test_both_doors_count_together_and_a_call_without_a_key_counts_nowhere(lux_sqlite: Installation) -> None:
    with time_machine.travel(datetime(2026, 11, 3, 12, tzinfo=UTC), tick=False):
        for number in range(wrong_keys.PER_MINUTE):
            assert ask(lux_sqlite, (API, ZAPIER)[number % 2], WRONG).status_code == 401
            assert lux_sqlite.client().post(ZAPIER, environ_overrides={"REMOTE_ADDR": "192.0.2.7"}).status_code == 401
        assert ask(lux_sqlite, API, WRONG).status_code == ask(lux_sqlite, ZAPIER, WRONG).status_code == 429


def test_one_line_of_ipv6_is_one_sender() -> None:
    assert wrong_keys.sender("2001:db8:1:2:3::4") == wrong_keys.sender("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert wrong_keys.sender("2001:db8:1:3::1") != wrong_keys.sender("2001:db8:1:2::1")
    assert wrong_keys.sender("::ffff:192.0.2.1") == "192.0.2.1"
    assert wrong_keys.sender("") == ""


@pytest.mark.server
def test_several_server_processes_hold_one_limit(lux: Installation, tmp_path: Path) -> None:
    """Two whole servers on one database, asked at once: together they let through what one may, not twice that."""
    right = key_of(lux, Scope.CONTACTS_READ)
    servers = [RunningServer(lux.settings, tmp_path / f"{n}.log", "--no-jobs") for n in range(SERVERS)]
    try:
        with ThreadPoolExecutor(SERVERS) as starting:
            list(starting.map(lambda server: server.start(), servers))
        while time.time() % 60 > 40:  # all of it within one minute
            time.sleep(0.5)
        urls = [f"{server.url}{API}" for server in servers] * wrong_keys.PER_MINUTE
        with ThreadPoolExecutor(8) as calling:
            found = Counter(calling.map(lambda url: status(url, WRONG), urls))
        most = wrong_keys.PER_MINUTE
        assert found == {401: most, 429: (SERVERS - 1) * most}
        assert [status(f"{server.url}{API}", right) for server in servers] == [200] * SERVERS
    finally:
        for server in servers:
            server.stop()


def status(url: str, key: str) -> int:
    """Return what a server answers to a key."""
    try:
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
