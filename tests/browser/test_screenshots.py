"""The pictures of the documentation: LUX_SCREENSHOTS=1 takes them anew, from the walked-through sample company."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from examples.demo import walk_through
from examples.server import Server, free_port

IMAGES = Path(__file__).parents[2] / "docs" / "images"
PICTURES = {"dashboard": "/"}

pytestmark = pytest.mark.skipif(
    not os.environ.get("LUX_SCREENSHOTS"), reason="it writes into docs/images: LUX_SCREENSHOTS=1 asks for that"
)


@pytest.fixture
def walked(tmp_path):
    port = free_port()
    names = {"LUX_HOME": str(tmp_path / "home"), "LUX_PORT": str(port), "LUX_DATABASE_URL": "", "LUX_PUBLIC_URL": ""}
    server = Server(f"http://127.0.0.1:{port}", environment=names, log=tmp_path / "server.log")
    server.start()
    try:
        yield walk_through(server)
    finally:
        server.stop()


def test_the_pictures_of_the_documentation_are_taken(walked, pages):
    walked.browser.submit(walked.browser.open("/setup").form("/setup/hide"))
    page = pages.open(walked.server.url, viewport={"width": 1440, "height": 1080})
    page.goto("/sign-in")
    page.fill("[name=email]", walked.email)
    page.fill("[name=password]", walked.password)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/")
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, place in PICTURES.items():
        page.goto(place)
        page.wait_for_load_state("networkidle")
        page.evaluate("document.activeElement && document.activeElement.blur()")
        page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")
        assert (IMAGES / f"{name}.png").stat().st_size > 20_000
