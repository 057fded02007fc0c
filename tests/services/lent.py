"""Databases that are lent to one test after another: each gets one that is as fresh as a copy of the template.

A copy of the template's 750 files costs PostgreSQL 0.1 s of processor time, removing the rows that a test has written a
tenth of that. A database is only lent again if nothing but rows has changed in it; else it is dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from tests.services.postgres import Postgres

WRITTEN = """
    SELECT nspname, relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind = 'r' AND nspname !~ '^(pg_|information_schema)' AND relname <> 'alembic_version'
    AND pg_relation_size(pg_class.oid) > 0
"""
COUNTED = "SELECT schemaname, sequencename, start_value FROM pg_sequences WHERE last_value IS NOT NULL"
# What VACUUM and ANALYZE have noted; a new table was never looked at, and the planner knows that.
FORGOTTEN = (
    "SET allow_system_table_mods = on",
    "UPDATE pg_class SET relpages = 0, reltuples = -1, relallvisible = 0 WHERE relkind = 'r' AND reltuples >= 0 "
    "AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) "
    "AND relname <> 'alembic_version'",
    "DELETE FROM pg_statistic WHERE starelid >= 16384",
)
# A row of a catalogue that was made or changed has a younger transaction.
CATALOGUES = (
    "pg_attribute", "pg_attrdef", "pg_constraint", "pg_index", "pg_trigger", "pg_proc", "pg_type", "pg_rewrite",
    "pg_policy", "pg_extension", "pg_inherits", "pg_collation", "pg_statistic_ext", "pg_default_acl",
    "pg_largeobject_metadata",
)  # fmt: skip
SHAPE = " UNION ALL ".join(
    f"SELECT '{name}', count(*), max(xmin::text::bigint), sum(xmin::text::bigint) FROM {name}" for name in CATALOGUES
)
RELATIONS = (
    "SELECT count(*), sum(hashtextextended((oid, relname, relowner, relacl, reloptions)::text, 0)) FROM pg_class"
)
SCHEMAS = "SELECT oid, nspname, nspacl FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp' ORDER BY 1"
SETTINGS = (
    "SELECT setrole, setconfig FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase "
    "WHERE datname = current_database() ORDER BY 1"
)
VERSION = "SELECT version_num, xmin::text FROM alembic_version"


class Lent:
    """The copies of one template that one worker uses."""

    def __init__(self, server: Postgres, template: str) -> None:
        """Start without any."""
        self._server = server
        self._template = template
        self._free: list[str] = []
        self._shapes: dict[str, list[Any]] = {}

    def take(self) -> str:
        """Return the name of a database without rows."""
        if self._free:
            return self._free.pop()
        name = self._server.create(template=self._template)
        with self._connect(name) as connection:
            self._shapes[name] = _shape(connection)
        return name

    def give_back(self, name: str) -> None:
        """Remove what the test has left, or the database where that is more than rows.

        The name is not used again: what still runs of the test can not reach the database of the next one.
        """
        shape, free = self._shapes.pop(name), self._server.renamed(name)
        with self._connect(free) as connection:
            is_as_before = _shape(connection) == shape and _emptied(connection)
        if is_as_before:
            self._shapes[free] = shape
            self._free.append(free)
        else:
            self._server.drop(free)

    def _connect(self, name: str) -> psycopg.Connection[Any]:
        address = self._server.url(name, role="postgres").replace("+psycopg", "")
        return psycopg.connect(address, autocommit=True)


def _shape(connection: psycopg.Connection[Any]) -> list[Any]:
    """Return what changes with anything that is no row of a table."""
    return [connection.execute(query).fetchall() for query in (SHAPE, RELATIONS, SCHEMAS, SETTINGS, VERSION)]


def _emptied(connection: psycopg.Connection[Any]) -> bool:
    """Remove all rows past triggers and foreign keys, give the space back, let sequences start anew."""
    tables = [sql.Identifier(*row) for row in connection.execute(WRITTEN).fetchall()]
    if tables:
        connection.execute("SET session_replication_role = replica")
        connection.execute(sql.SQL("; ").join(sql.SQL("DELETE FROM {}").format(table) for table in tables))
        connection.execute(sql.SQL("VACUUM {}").format(sql.SQL(", ").join(tables)))
    sequences = connection.execute(COUNTED).fetchall()
    restart = sql.SQL("SELECT ") + sql.SQL(", ").join(
        sql.SQL("setval({}, {}, false)").format(sql.Literal(sql.Identifier(*names).as_string()), sql.Literal(first))
        for *names, first in sequences
    )
    if sequences:
        connection.execute(restart)
    for statement in FORGOTTEN:
        connection.execute(statement)
    return not connection.execute(WRITTEN).fetchall()
