"""Triggers that make the audit chain and its checkpoints append-only in the database itself; migrations install them.

Append-only for the application, tamper-evident against administrators: whoever owns the tables can take the triggers
away, which is why checkpoints are signed outside of the database. docs/rooms/approvals.md says which rights to take.
"""

# ruff: noqa: S608 - the only names in these statements are the constants below
from __future__ import annotations

from sqlalchemy import Connection

TABLE = "approval_audit_log"
CHECKPOINTS = "audit_checkpoint"

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
    # A locking read: any other sees the chain as it was when the transaction began (REPEATABLE READ).
    f"""CREATE TRIGGER {TABLE}_insert BEFORE INSERT ON {TABLE} FOR EACH ROW BEGIN
      DECLARE s bigint DEFAULT 0;
      DECLARE h varbinary(32) DEFAULT '';
      DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END;
      SELECT seq, hash INTO s, h FROM {TABLE} WHERE company_id = NEW.company_id ORDER BY seq DESC LIMIT 1
        LOCK IN SHARE MODE;
      IF NEW.seq <> s + 1 OR NEW.prev_hash <> h
      THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'this row does not continue the audit chain'; END IF;
    END""",
)
_CHECKPOINTS_POSTGRESQL = (
    f"""CREATE OR REPLACE FUNCTION {CHECKPOINTS}_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'checkpoints are append-only'; END $$""",
    f"CREATE TRIGGER {CHECKPOINTS}_row BEFORE UPDATE OR DELETE ON {CHECKPOINTS} "
    f"FOR EACH ROW EXECUTE FUNCTION {CHECKPOINTS}_guard()",
    f"CREATE TRIGGER {CHECKPOINTS}_truncate BEFORE TRUNCATE ON {CHECKPOINTS} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION {CHECKPOINTS}_guard()",
)
_CHECKPOINTS_SQLITE = (
    *(
        f"CREATE TRIGGER {CHECKPOINTS}_{verb.lower()} BEFORE {verb} ON {CHECKPOINTS} "
        "BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ),
    f"""CREATE TRIGGER {CHECKPOINTS}_insert BEFORE INSERT ON {CHECKPOINTS}
    WHEN EXISTS (SELECT 1 FROM {CHECKPOINTS} WHERE company_id = NEW.company_id AND seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only'); END""",
)
_CHECKPOINTS_MARIADB = tuple(
    f"CREATE TRIGGER {CHECKPOINTS}_{verb.lower()} BEFORE {verb} ON {CHECKPOINTS} FOR EACH ROW "
    "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'checkpoints are append-only'"
    for verb in ("UPDATE", "DELETE")
)


def statements(dialect: str) -> tuple[str, ...]:
    """Return the DDL for `sqlite`, `postgresql`, `mysql` or `mariadb`."""
    return {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}.get(dialect, _MARIADB)


def install(connection: Connection) -> None:
    """Create the chain's triggers."""
    _create(connection, statements(connection.dialect.name))


def renew_on_mariadb(connection: Connection) -> None:
    """Put the chain's trigger on INSERT that is here in the place of an older one; nothing to do elsewhere."""
    if connection.dialect.name not in {"sqlite", "postgresql"}:
        _create(connection, (f"DROP TRIGGER IF EXISTS {TABLE}_insert", _MARIADB[-1]))


def install_on_checkpoints(connection: Connection) -> None:
    """Create the checkpoints' triggers."""
    known = {"sqlite": _CHECKPOINTS_SQLITE, "postgresql": _CHECKPOINTS_POSTGRESQL}
    _create(connection, known.get(connection.dialect.name, _CHECKPOINTS_MARIADB))


def drop_checkpoint_function(connection: Connection) -> None:
    """Drop what outlives the checkpoints' table."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {CHECKPOINTS}_guard()")


def _create(connection: Connection, ddl: tuple[str, ...]) -> None:
    for statement in ddl:
        connection.exec_driver_sql(statement.replace("%", "%%") if connection.dialect.name != "sqlite" else statement)
