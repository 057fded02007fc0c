"""Some things have one owner: the environment, the time, raw SQL, the network."""

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


# Import contracts know packages as a whole; urllib.parse is everybody's, urllib.request is not.
NETWORK = (
    "socket", "ssl", "smtplib", "imaplib", "http.client", "urllib.request", "urllib3", "httpx", "httpx2", "requests",
    "dns", "boto3", "s3fs",
)  # fmt: skip
NETWORK_OWNERS = {"src/lux/net", "src/lux/connectors", "src/lux/ai"}


def network_imports(path):
    return [
        f"{sources.name_of(path)}:{line} {name}"
        for line, name in sources.imports(path)
        if any(name == module or name.startswith(f"{module}.") for module in NETWORK)
    ]


def test_nobody_but_net_connectors_and_ai_imports_the_network():
    found = [each for path in sources.modules() if not is_owner(path, NETWORK_OWNERS) for each in network_imports(path)]
    assert not found


@pytest.mark.parametrize(
    ("code", "is_network"),
    [
        ("import urllib.request", True),
        ("from urllib import request as r", True),
        ("def f():\n    from socket import create_connection", True),
        ("from http import HTTPStatus", False),
        ("from urllib.parse import urlsplit", False),
        ("from lux.net import dns", False),
    ],
)
def test_the_check_sees_every_way_to_import(monkeypatch, tmp_path, code, is_network):
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    module = tmp_path / "module.py"
    module.write_text(code)
    assert bool(network_imports(module)) is is_network
