"""Some things have one owner: the environment, the time, raw SQL."""

from __future__ import annotations

import pytest

from tests.house import sources

OWNERS = {
    "environment": (
        {"os.environ", "os.environb", "os.getenv", "os.putenv"},
        {"src/lux/kit/settings.py"},
    ),
    "time": (
        {
            "datetime.datetime.now",
            "datetime.datetime.utcnow",
            "datetime.datetime.today",
            "datetime.date.today",
        },
        {"src/lux/kit/clock.py"},
    ),
    "raw SQL": (
        {"sqlalchemy.text", "sqlalchemy.sql.text", "sqlalchemy.sql.expression.text"},
        {"src/lux/kit/db", "src/lux/migrations"},
    ),
}


# The audit log's triggers: each database has its own words for them, and they touch no rows.
GUARDS = "src/lux/ledger/guards.py"


def is_owner(path, owners):
    name = sources.name_of(path)
    return any(name == owner or name.startswith(f"{owner}/") for owner in owners)


@pytest.mark.parametrize("thing", OWNERS)
def test_nobody_but_its_owner_touches(thing):
    names, owners = OWNERS[thing]
    found = [
        f"{sources.name_of(path)}:{line} {name}"
        for path in sources.modules()
        if not is_owner(path, owners)
        for line, name in sources.uses(path)
        if name in names
    ]
    assert not found


def test_the_check_sees_through_aliases(tmp_path):
    module = tmp_path / "aliased.py"
    module.write_text(
        "import os as system, datetime as dt\nfrom sqlalchemy import text as t\n"
        "from datetime import datetime\nfrom os import environ\n"
        "system.environ['A']; dt.datetime.now(); datetime.utcnow(); t('SELECT 1')\n"
    )
    seen = {name for _, name in sources.uses(module)}
    assert {
        "os.environ",
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "sqlalchemy.text",
    } <= seen


def test_raw_statements_run_through_the_database_layer_alone():
    found = [
        sources.name_of(path)
        for path in sources.modules()
        if not is_owner(path, {*OWNERS["raw SQL"][1], GUARDS})
        and ".exec_driver_sql(" in path.read_text(encoding="utf-8")
    ]
    assert not found
