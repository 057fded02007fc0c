"""A LUX of its own for the walk: a fresh data folder, a free port."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from examples.server import Server, free_port


@contextmanager
def serving(folder, **settings):
    """Run LUX on a folder of its own."""
    port = free_port()
    names = {"LUX_HOME": str(folder / "home"), "LUX_PORT": str(port), "LUX_PUBLIC_URL": "", **settings}
    server = Server(f"http://127.0.0.1:{port}", environment=names, log=folder / "server.log")
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def lux_server(tmp_path_factory):
    """Return a running LUX on SQLite."""
    with serving(tmp_path_factory.mktemp("lux"), LUX_DATABASE_URL="") as server:
        yield server


@pytest.fixture
def lux_server_on_postgresql(tmp_path, pg_url):
    """Return a running LUX on PostgreSQL."""
    with serving(tmp_path, LUX_DATABASE_URL=pg_url) as server:
        yield server
