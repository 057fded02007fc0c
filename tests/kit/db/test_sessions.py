"""Sessions know one company: they filter, stamp and refuse; SQLite's writers take turns."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select, update

from lux.kit.db import ALL_COMPANIES, TenantMissing, insert_rows, tenant_sql, upsert_rows, uuid7
from lux.rooms.contacts.models import Contact, Tag
from tests.factories import Installation


def test_a_session_without_company_touches_no_tenant_row(lux: Installation) -> None:
    """It raises instead of showing everybody's."""
    with lux.db.read(None) as session, pytest.raises(TenantMissing):
        session.scalars(select(Contact)).all()


def test_updates_and_counts_are_filtered(lux: Installation) -> None:
    """Also set-based statements, also by primary key."""
    mine, other = lux.firm(), lux.firm()
    lux.contacts(mine, 2)
    (foreign,) = lux.contacts(other, 1)
    with lux.db.begin(mine.id) as session:
        session.execute(update(Contact).values(city="Here"))
        assert session.get(Contact, foreign) is None
        assert session.scalar(select(func.count()).select_from(Contact)) == 2
    with lux.db.read(other.id) as session:
        assert session.scalars(select(Contact.city)).all() == [""]


def test_a_row_of_another_company_is_refused(lux: Installation) -> None:
    """New rows get the session's company; naming another one raises."""
    mine, other = lux.firm(), lux.firm()
    tag = Tag(company_id=other.id, name="x", name_key="x")
    with lux.db.session(mine.id) as session:
        session.add(tag)
        with pytest.raises(TenantMissing):
            session.flush()


def test_raw_sql_has_to_name_the_company() -> None:
    """tenant_sql refuses a statement that forgets it."""
    with pytest.raises(TenantMissing):
        tenant_sql(1, "SELECT * FROM contact")
    assert "company_id" in str(tenant_sql(1, "SELECT * FROM contact WHERE company_id = :company_id"))


def test_bulk_writes_keep_types_and_update_on_request(lux: Installation) -> None:
    """Insert, clash, update: the same on every database."""
    firm = lux.firm()
    columns = ("company_id", "public_id", "name", "name_key", "created_at")
    with lux.db.begin(firm.id) as session:
        from lux.kit import clock

        rows = [(firm.id, uuid7(), f"Tag {n}", f"tag {n}", clock.now()) for n in range(50)]
        assert insert_rows(session, Tag.__table__, columns, rows) == 50  # type: ignore[arg-type]
        again = [(firm.id, uuid7(), f"New {n}", f"tag {n}", clock.now()) for n in range(60)]
        upsert_rows(
            session,
            Tag.__table__,  # type: ignore[arg-type]
            columns,
            again,
            key=("company_id", "name_key"),
            update=("name",),
        )
    with lux.db.read(firm.id) as session:
        assert session.scalar(select(func.count()).select_from(Tag)) == 60
        assert all(name.startswith("New") for name in session.scalars(select(Tag.name)))


def test_writers_take_turns(lux: Installation) -> None:
    """Eight threads write at once and none is turned away."""
    firm = lux.firm()

    def write(number: int) -> None:
        for each in range(10):
            with lux.db.begin(firm.id) as session:
                session.add(Tag(name=f"{number}-{each}", name_key=f"{number}-{each}"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with lux.db.read(firm.id) as session:
        assert session.scalar(select(func.count()).select_from(Tag)) == 80


def test_a_second_write_transaction_on_one_thread_is_a_mistake(lux_sqlite: Installation) -> None:
    """It raises at once instead of waiting for itself."""
    firm = lux_sqlite.firm()
    with lux_sqlite.db.begin(firm.id) as session:
        session.add(Tag(name="a", name_key="a"))
        session.flush()
        with pytest.raises(RuntimeError, match="already"), lux_sqlite.db.begin(ALL_COMPANIES) as second:
            second.scalar(select(func.count()).select_from(Tag))


def test_ids_are_ordered_by_time_and_unique() -> None:
    """UUIDv7: monotone within a process, also from many threads."""
    made: list[list[object]] = [[] for _ in range(8)]

    def make(place: list[object]) -> None:
        place.extend(uuid7() for _ in range(2000))

    threads = [threading.Thread(target=make, args=(place,)) for place in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(place == sorted(place) for place in made)  # type: ignore[type-var]
    assert len({each for place in made for each in place}) == 16_000
