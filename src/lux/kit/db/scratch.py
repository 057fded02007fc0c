"""A database for a while beside the one in use, on the same server, where that is allowed."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from lux.kit import clock

LEFT_AFTER: Final = timedelta(days=1)  # by then a trial that goes on has ended
_PREFIX: Final = "lux_scratch_"
_NAME: Final = re.compile(_PREFIX + r"([0-9]{10})_[0-9a-f]{8}")
_MAKE: Final = {
    "postgresql": "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'",
    "mysql": "CREATE DATABASE {name} CHARACTER SET utf8mb4",
}
_LIST: Final = {
    "postgresql": "SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = current_user",
    "mysql": "SELECT schema_name FROM information_schema.schemata",
}


_log = logging.getLogger(__name__)


@contextmanager
def beside(url: str) -> Iterator[str]:
    """Yield the address of a new database beside one in use; it goes afterwards. Raises DBAPIError."""
    kind = make_url(url).get_backend_name().replace("mariadb", "mysql")
    name = f"{_PREFIX}{clock.now():%Y%m%d%H}_{uuid.uuid4().hex[:8]}"
    server = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(_MAKE[kind].format(name=name)))
    try:
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        oldest = f"{clock.now() - LEFT_AFTER:%Y%m%d%H}"
        with server.connect() as connection:
            for other in connection.scalars(text(_LIST[kind])).all():
                found = _NAME.fullmatch(other)
                if found is not None and (other == name or found[1] < oldest):
                    _drop(connection, other)


def _drop(connection: Connection, name: str) -> None:
    try:
        connection.execute(text(f"DROP DATABASE {name}"))
    except DBAPIError as error:  # somebody looks at it: it goes with a later trial
        _log.warning("a scratch database stays: %s (%s)", name, type(error).__name__)
