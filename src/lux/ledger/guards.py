"""Triggers that make the audit chain append-only in the database itself; installed by the migration."""

# ruff: noqa: S608 - the only name in these statements is the constant below
from __future__ import annotations

from sqlalchemy import Connection

TABLE = "approval_audit_log"

_POSTGRESQL = (
    f"""CREATE OR REPLACE FUNCTION {TABLE}_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE l record;
    BEGIN
      IF TG_OP <> 'INSERT' THEN RAISE EXCEPTION 'the audit log is append-only'; END IF;
      PERFORM pg_advisory_xact_lock(7301, NEW.company_id::int);
      SELECT seq, hash INTO l FROM {TABLE} WHERE company_id = NEW.company_id ORDER BY seq DESC LIMIT 1;
      IF NEW.seq <> coalesce(l.seq, 0) + 1 OR NEW.prev_hash <> coalesce(l.hash, ''::bytea)
      THEN RAISE EXCEPTION 'this row does not continue the audit chain'; END IF;
      RETURN NEW;
    END $$""",
    f"CREATE TRIGGER {TABLE}_row BEFORE INSERT OR UPDATE OR DELETE ON {TABLE} "
    f"FOR EACH ROW EXECUTE FUNCTION {TABLE}_guard()",
    f"CREATE TRIGGER {TABLE}_truncate BEFORE TRUNCATE ON {TABLE} FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_guard()",
)
_SQLITE = (
    f"CREATE TRIGGER {TABLE}_update BEFORE UPDATE ON {TABLE} "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    f"CREATE TRIGGER {TABLE}_delete BEFORE DELETE ON {TABLE} "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    f"""CREATE TRIGGER {TABLE}_insert BEFORE INSERT ON {TABLE}
    WHEN NEW.seq <> coalesce((SELECT max(seq) FROM {TABLE} WHERE company_id = NEW.company_id), 0) + 1
      OR NEW.prev_hash <> coalesce(
        (SELECT hash FROM {TABLE} WHERE company_id = NEW.company_id ORDER BY seq DESC LIMIT 1), x'')
    BEGIN SELECT RAISE(ABORT, 'this row does not continue the audit chain'); END""",
)
_MARIADB = (
    f"CREATE TRIGGER {TABLE}_update BEFORE UPDATE ON {TABLE} FOR EACH ROW "
    "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the audit log is append-only'",
    f"CREATE TRIGGER {TABLE}_delete BEFORE DELETE ON {TABLE} FOR EACH ROW "
    "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the audit log is append-only'",
    f"""CREATE TRIGGER {TABLE}_insert BEFORE INSERT ON {TABLE} FOR EACH ROW BEGIN
      DECLARE s bigint DEFAULT 0;
      DECLARE h varbinary(32) DEFAULT '';
      DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END;
      SELECT seq, hash INTO s, h FROM {TABLE} WHERE company_id = NEW.company_id ORDER BY seq DESC LIMIT 1;
      IF NEW.seq <> s + 1 OR NEW.prev_hash <> h
      THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'this row does not continue the audit chain'; END IF;
    END""",
)


def statements(dialect: str) -> tuple[str, ...]:
    """Return the DDL for `sqlite`, `postgresql`, `mysql` or `mariadb`."""
    return {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}.get(dialect, _MARIADB)


def install(connection: Connection) -> None:
    """Create the triggers."""
    for statement in statements(connection.dialect.name):
        connection.exec_driver_sql(statement.replace("%", "%%") if connection.dialect.name != "sqlite" else statement)
