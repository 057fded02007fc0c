"""The database's address: what people and platforms write, made exact; and what of it must never be shown."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

# What each database is reached with; platforms hand out the bare names.
_DRIVERS: Final = {
    "sqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_EXAMPLE: Final = "for example postgresql://user:password@host/name"
_SECRET_OPTION: Final = re.compile(r"pass(word|wd|phrase)?$|secret|token|key$", re.IGNORECASE)
_MASK: Final = "***"


def normal(address: str) -> str:
    """Return the address with the driver that LUX brings; raises ValueError with what is wrong, never with secrets."""
    name = address.partition("://")[0].lower()
    known = {*_DRIVERS, *_DRIVERS.values(), "sqlite+pysqlite"}
    if "://" not in address or name not in known:
        told = "it must begin with sqlite:///, postgresql://, mysql:// or mariadb://"
        raise ValueError(f"{told}, {_EXAMPLE}")
    driver = _DRIVERS.get(name, name)
    try:
        url = make_url(f"{driver}://{address.partition('://')[2]}")
    except (ArgumentError, ValueError) as error:
        raise ValueError(f"it can't be read as a database's address, {_EXAMPLE}") from error
    if driver.startswith("sqlite"):
        if url.host or not url.database or url.database == ":memory:":
            raise ValueError("SQLite needs a file, for example sqlite:////srv/lux/lux.db")
    elif not url.database:
        raise ValueError(f"it names no database, {_EXAMPLE}")
    return url.render_as_string(hide_password=False)


def masked(address: str) -> str:
    """Return the address fit to be shown: without passwords, wherever they stand in it."""
    url = _parsed(address)
    if url is None:
        return "set (hidden)"
    hidden = dict.fromkeys((name for name in url.query if _SECRET_OPTION.search(name)), _MASK)
    shown = url.update_query_dict(hidden).render_as_string(hide_password=True)
    return shown.replace("%2A%2A%2A", _MASK)


def secrets(address: str) -> list[str]:
    """Return what must not be shown of an address, as it is meant and as it is written."""
    url = _parsed(address)
    if url is None:
        return [address]
    written = address.partition("://")[2].rpartition("@")[0].partition(":")[2]
    found = [url.password or "", written]
    for name, value in url.query.items():
        if _SECRET_OPTION.search(name):
            found.extend([value] if isinstance(value, str) else value)
    return [one for one in found if one]


def _parsed(address: str) -> URL | None:
    try:
        return make_url(address)
    except (ArgumentError, ValueError):
        return None
