"""A lent database is as fresh as a copy, and nothing of the test before reaches it."""

from __future__ import annotations

import psycopg
import pytest

from tests.services.lent import Lent


@pytest.fixture
def lent(postgres):
    def prepare(url):
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            connection.execute("CREATE TABLE alembic_version (version_num text)")
            connection.execute("INSERT INTO alembic_version VALUES ('1')")
            connection.execute("CREATE TABLE parent (id serial PRIMARY KEY, word text)")
            connection.execute("CREATE TABLE child (id int REFERENCES parent (id))")
            connection.execute("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$")
            connection.execute("CREATE TRIGGER kept BEFORE DELETE ON child FOR EACH ROW EXECUTE FUNCTION refuse()")

    return Lent(postgres, postgres.template("lent", prepare))


def open_(postgres, name):
    return psycopg.connect(postgres.url(name).replace("+psycopg", ""), autocommit=True)


def test_the_next_test_finds_no_rows_and_the_first_number(lent, postgres):
    first = lent.take()
    with open_(postgres, first) as connection:
        connection.execute("INSERT INTO parent (word) SELECT 'a' FROM generate_series(1, 500)")
        connection.execute("INSERT INTO child VALUES (7)")
        connection.execute("ANALYZE")
        oid = connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
    lent.give_back(first)
    second = lent.take()
    with open_(postgres, second) as connection:
        same = connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
        assert same == oid, "the database was made anew"
        assert connection.execute("SELECT (SELECT count(*) FROM parent), (SELECT count(*) FROM child)").fetchone() == (
            0,
            0,
        )
        known = connection.execute(
            "SELECT DISTINCT relpages, reltuples FROM pg_class WHERE relname IN ('parent', 'child')"
        )
        assert known.fetchall() == [(0, -1)]
        assert connection.execute("INSERT INTO parent (word) VALUES ('b') RETURNING id").fetchone() == (1,)
    lent.give_back(second)


def test_what_still_runs_of_a_test_is_cut_off(lent, postgres):
    name = lent.take()
    left = open_(postgres, name)
    lent.give_back(name)
    with pytest.raises(psycopg.OperationalError):
        left.execute("INSERT INTO parent (word) VALUES ('late')")
    left.close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        open_(postgres, name)


@pytest.mark.parametrize(
    "change",
    [
        "CREATE INDEX more ON parent (word)",
        "ALTER TABLE parent ADD COLUMN more int",
        "ALTER TABLE child DISABLE TRIGGER kept",
        "DROP TABLE child",
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN OLD; END$$",
        "DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Tokyo''', current_database()); END$$",
        "UPDATE alembic_version SET version_num = '2'",
        "CREATE SCHEMA more",
        "GRANT SELECT ON parent TO PUBLIC",
        "CREATE TABLE kept_rows AS SELECT 1 AS id",
    ],
)
def test_a_database_with_more_than_rows_changed_is_not_lent_again(lent, postgres, change):
    name = lent.take()
    with open_(postgres, name) as connection:
        connection.execute(change)
    lent.give_back(name)
    again = lent.take()
    with open_(postgres, again) as connection:
        columns = connection.execute(
            "SELECT count(*) FROM pg_attribute WHERE attrelid IN ('parent'::regclass, 'child'::regclass) AND attnum > 0"
        )
        assert columns.fetchone() == (3,)
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("1",)
        assert connection.execute("SELECT setting FROM pg_settings WHERE name = 'TimeZone'").fetchone() != (
            "Asia/Tokyo",
        )
        names = connection.execute("SELECT count(*) FROM pg_class WHERE relname IN ('more', 'kept_rows')").fetchone()
        assert names == (0,)
        enabled = connection.execute("SELECT tgenabled FROM pg_trigger WHERE tgname = 'kept'").fetchone()
        assert enabled in {("O",), (b"O",)}
    lent.give_back(again)
