"""Proxy headers count exactly as far as the operator says: who asks, under which name, over TLS or not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import request, url_for
from sqlalchemy import select

from lux.kit.db import ALL_COMPANIES
from lux.kit.rates import RateWindow
from lux.ui.access import public
from tests.factories import Installation, installation

# As nginx in front of LUX sets them (deploy/nginx.conf).
FORWARDED = {
    "X-Forwarded-For": "198.51.100.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "lux.example.com",
}
FORM = {"email": "ada@example.com", "password": "wrong and long enough"}


@public("made by a test")
def seen() -> dict[str, str | None]:
    return {"address": request.remote_addr, "link": url_for("signin.sign_in", _external=True)}


@pytest.fixture
def behind(migrated_sqlite_url: str, tmp_path: Path) -> Iterator[Callable[[int], Installation]]:
    """Return a function that makes an installation behind so many proxies."""
    made: list[Installation] = []

    def make(hops: int) -> Installation:
        made.append(installation(migrated_sqlite_url, tmp_path / "home", is_migrated=True, proxy_hops=hops))
        made[-1].app.add_url_rule("/seen", "seen", seen)
        return made[-1]

    yield make
    for one in made:
        one.db.close()


def is_counted(lux: Installation, address: str) -> bool:
    """Say whether an attempt to sign in was counted for an address."""
    bucket = hashlib.sha256(f"60|signin:{address}".encode()).hexdigest()
    with lux.db.read(ALL_COMPANIES) as session:
        return session.scalar(select(RateWindow.count).where(RateWindow.bucket == bucket)) is not None


def test_behind_one_proxy_its_headers_count(behind: Callable[[int], Installation]):
    answer = behind(1).client().get("/seen", headers=FORWARDED)
    assert answer.json == {"address": "198.51.100.7", "link": "https://lux.example.com/sign-in"}


def test_without_a_proxy_they_are_ignored(behind: Callable[[int], Installation]):
    answer = behind(0).client().get("/seen", headers=FORWARDED)
    assert answer.json == {"address": "127.0.0.1", "link": "http://localhost/sign-in"}


def test_a_visitors_own_claim_in_front_of_the_proxys_is_not_believed(behind: Callable[[int], Installation]):
    claimed = FORWARDED | {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
    assert behind(1).client().get("/seen", headers=claimed).json["address"] == "198.51.100.7"


@pytest.mark.parametrize(
    ("hops", "counted", "other"), [(1, "198.51.100.7", "127.0.0.1"), (0, "127.0.0.1", "198.51.100.7")]
)
def test_attempts_are_counted_for_who_really_asks(
    behind: Callable[[int], Installation], hops: int, counted: str, other: str
):
    lux = behind(hops)
    lux.client().post("/sign-in", data=FORM, headers=FORWARDED)
    assert is_counted(lux, counted)
    assert not is_counted(lux, other)


@pytest.mark.parametrize(
    ("hops", "origin", "status"),
    [
        (1, "https://lux.example.com", 422),  # our own form: the password is what is wrong
        (1, "https://evil.example.com", 403),
        (1, "http://localhost", 403),  # the name between proxy and LUX is nobody's site
        (0, "https://lux.example.com", 403),
        (0, "http://localhost", 422),
    ],
)
def test_forms_come_from_the_name_that_people_see(
    behind: Callable[[int], Installation], hops: int, origin: str, status: int
):
    answer = behind(hops).client().post("/sign-in", data=FORM, headers=FORWARDED | {"Origin": origin})
    assert answer.status_code == status
