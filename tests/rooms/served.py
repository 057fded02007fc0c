"""Serves a test's installation to a real browser, and signs people in there by their cookie."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page
from werkzeug.serving import make_server

from tests.factories import Firm, Installation
from tests.services.chromium import Pages


@contextmanager
def served(lux: Installation) -> Iterator[str]:
    """Serve the application on a loopback port; yields its address."""
    server = make_server("127.0.0.1", 0, lux.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def signed_in(pages: Pages, address: str, lux: Installation, firm: Firm, **options: object) -> Page:
    """Return a browser page in which the firm's person is signed in."""
    page = pages.open(address, **options)
    serializer = lux.app.session_interface.get_signing_serializer(lux.app)  # type: ignore[attr-defined]
    name = lux.app.config["SESSION_COOKIE_NAME"]
    page.context.add_cookies([{"name": name, "value": serializer.dumps({"sid": firm.token}), "url": address}])
    return page
