"""Whether the database's user may empty the chain's tables past their triggers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from lux.kit.db import measure
from lux.ledger import guards

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_GRANT: Final = re.compile(r"GRANT (?P<rights>.+) ON (?P<database>\S+?)\.(?P<table>\S+) TO ", re.IGNORECASE)
_ENOUGH: Final = frozenset({"DROP", "ALL", "ALL PRIVILEGES"})


def may_empty(session: Session) -> bool:
    """Say whether a TRUNCATE would go through: on MariaDB it fires no trigger and needs the right DROP alone.

    On PostgreSQL a trigger refuses it; SQLite knows no users, who has the file has everything.
    """
    return lets_drop(*measure.grants(session))


def lets_drop(grants: Iterable[str], database: str) -> bool:
    """Say whether one of these lines of SHOW GRANTS holds the right to drop (and so to empty) the chain's tables."""
    for line in grants:
        found = _GRANT.match(line)
        if found is None:
            continue
        of_database, of_table = (found[part].strip("`") for part in ("database", "table"))
        # A database in a grant is a pattern: _ and % stand for characters unless a backslash goes before them.
        is_here = of_database == "*" or re.fullmatch(_pattern(of_database), database, re.IGNORECASE) is not None
        is_table = of_table in {"*", guards.TABLE, guards.CHECKPOINTS}
        if is_here and is_table and {one.strip().upper() for one in found["rights"].split(",")} & _ENOUGH:
            return True
    return False


def _pattern(name: str) -> str:
    parts = re.findall(r"\\.|.", name)
    wild = {"%": ".*", "_": "."}
    return "".join(wild.get(one) or re.escape(one.removeprefix("\\")) for one in parts)
