"""The pages of imports in a real browser, at a desk and in a hand: accessible, nothing wider than the window."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from werkzeug.serving import make_server

from tests.browser import axe
from tests.rooms.contacts.desk import DECLARED, Desk, id_in
from tests.rooms.contacts.odd_files import sheet
from tests.rooms.contacts.test_presets import LISTMONK

WIDTHS = {"desk": (1440, 900), "hand": (390, 844)}
BODY = "email,first name,city,tags\nada@example.com,Ada,London,fair\nbo@example.com,Bo,Chicago,\nbroken,,,\n"


@pytest.fixture
def lux(lux_sqlite):
    return lux_sqlite


@pytest.fixture
def base_url(lux) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, lux.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def paths(desk: Desk) -> dict[str, str]:
    """Return every page of imports with something on it."""
    desk.person(email="ada@example.com", first_name="Augusta")
    entry = desk.import_(BODY, duplicates="overwrite", save_as="Monthly", **DECLARED)
    gone = desk.import_(BODY.replace("@", "@shop."), **DECLARED)
    desk.client.post(f"/contacts/imports/{gone.public_id}/undo", data={"confirmation": "2"})
    desk.lux.work()
    book = sheet(["email", "city"], ["cy@example.com", "Rome"], _Old=[["email"], ["di@example.com"]])
    found = {"preset": LISTMONK.encode(), "again": BODY.encode(), "workbook": book}
    waiting = {name: id_in(desk.upload(body, f"{name}.csv").headers["Location"]) for name, body in found.items()}
    return {name: f"/contacts/imports/{public_id}/map" for name, public_id in waiting.items()} | {
        "new": "/contacts/imports/new",
        "list": "/contacts/imports",
        "report": f"/contacts/imports/{entry.public_id}",
        "undo": f"/contacts/imports/{entry.public_id}/undo",
        "undone": f"/contacts/imports/{gone.public_id}",
        "mappings": "/contacts/imports/mappings",
    }


@pytest.mark.parametrize("size", WIDTHS)
def test_every_page_is_accessible_and_fits(pages, base_url, desk, paths, size):
    width, height = WIDTHS[size]
    page = pages.open(base_url, viewport={"width": width, "height": height})
    name = desk.lux.app.config["SESSION_COOKIE_NAME"]
    page.context.add_cookies([{"name": name, "value": desk.client.get_cookie(name).value, "url": base_url}])
    problems = []
    for what, path in paths.items():
        page.goto(path)
        page.wait_for_selector("html[data-ready]", state="attached")
        problems += [f"{what}: {words}" for words in axe.violations(page)]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            problems.append(f"{what}: wider than the window")
    assert problems == []
