"""A PostgreSQL that restarts or drops connections is noticed: the next request answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, select
from sqlalchemy.exc import OperationalError

from lux.identity.models import Company
from lux.kit.db import ALL_COMPANIES
from tests.factories import Installation, installation, migrate
from tests.services.postgres import Postgres

OTHERS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()"""


@pytest.fixture
def lux_on_postgresql(postgres: Postgres, tmp_path: Path) -> Iterator[Installation]:
    name = postgres.create(template=postgres.template("migrated", migrate))
    made = installation(postgres.url(name), tmp_path / "home", is_migrated=True)
    yield made
    made.db.close()
    postgres.drop(name)


def drop_connections(lux: Installation) -> int:
    """End every other connection to the database, as a restart does; returns how many there were."""
    engine = create_engine(lux.db.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        ended = len(connection.exec_driver_sql(OTHERS).all())
    engine.dispose()
    return ended


def test_the_next_request_after_a_lost_connection_answers(lux_on_postgresql: Installation):
    lux = lux_on_postgresql
    client = lux.client(lux.firm())
    assert client.get("/contacts").status_code == 200
    assert drop_connections(lux) >= 1
    assert client.get("/contacts").status_code == 200
    assert client.get("/readyz").json["checks"]["database"] == "ok"


def test_a_connection_lost_within_a_transaction_fails_it_and_leaves_nothing_behind(lux_on_postgresql: Installation):
    lux = lux_on_postgresql
    firm = lux.firm()

    def rename() -> None:
        with lux.db.begin(ALL_COMPANIES) as session:
            session.get(Company, firm.id).name = "Half"
            session.flush()
            drop_connections(lux)
            session.scalar(select(func.count()).select_from(Company))

    with pytest.raises(OperationalError):
        rename()
    assert lux.db.engine.pool.checkedout() == 0
    with lux.db.read(ALL_COMPANIES) as session:
        assert session.get(Company, firm.id).name != "Half"
