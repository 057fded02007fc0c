"""Bring a database to the present schema with Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, column, insert, table

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def alembic_config(engine: Engine) -> Config:
    """Return Alembic's configuration for one engine."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["engine"] = engine
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Apply what is missing, up to a revision; does nothing on a database that is up to date."""
    from alembic import command

    command.upgrade(alembic_config(engine), revision)


def stamp(connection: Connection, revision: str) -> None:
    """Note the revision in a database whose tables were made from the models."""
    connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    known = table("alembic_version", column("version_num"))
    connection.execute(insert(known).values(version_num=revision))


def present(engine: Engine) -> str | None:
    """Return the revision a database is at, or None when it is empty."""
    from alembic.runtime.migration import MigrationContext

    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """Return the newest revision this version of LUX knows."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def has(revision: str) -> bool:
    """Say whether this version of LUX knows a revision."""
    from alembic.script import ScriptDirectory

    return revision in {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}


def is_known(engine: Engine) -> bool:
    """Say whether this version of LUX knows the revision a database is at."""
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    return present(engine) in {None, *known}
