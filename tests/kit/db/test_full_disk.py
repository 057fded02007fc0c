"""A disk that is full refuses a commit with a database's error, and once it has room again everything goes on."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.exc import OperationalError

from lux.rooms.contacts.models import Tag
from tests.factories import Firm, Installation


@contextmanager
def no_room() -> Iterator[None]:
    """Let this process write no byte into any file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def tag(lux: Installation, firm: Firm, name: str) -> None:
    with lux.db.begin(firm.id) as session:
        session.add(Tag(name=name, name_key=name))


def test_a_commit_on_a_full_disk_fails_and_shuts_nobody_out(lux_sqlite: Installation) -> None:
    firm = lux_sqlite.firm()
    for name in ("first", "second"):
        with pytest.raises(OperationalError), no_room():
            tag(lux_sqlite, firm, name)
    tag(lux_sqlite, firm, "third")
    with lux_sqlite.db.read(firm.id) as session:
        assert [one.name for one in session.query(Tag)] == ["third"]
