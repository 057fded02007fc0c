"""The walk through a sample company works against a real server, again and again, and says where it fails."""

from __future__ import annotations

import http.server
import os
import re
import subprocess
import sys
import threading

import pytest

from examples import people
from examples.browser import Browser
from examples.demo import STEPS, walk_through
from examples.page import PageError
from examples.server import Server, free_port
from examples.walk import StepFailed, Walk

COMMAND = (sys.executable, "-m", "examples.demo")


def titles(output):
    return re.findall(r"^ ?\d+  (.+)$", output, re.MULTILINE)


def run_demo(*arguments, **settings):
    environment = {**os.environ, "LUX_PUBLIC_URL": "", **settings}
    return subprocess.run(
        [*COMMAND, *arguments], env=environment, check=False, capture_output=True, text=True, timeout=300
    )


@pytest.mark.server
def test_the_command_starts_lux_walks_through_and_ends_it_again(tmp_path):
    port = str(free_port())
    done = run_demo("--stop", LUX_HOME=str(tmp_path), LUX_PORT=port, LUX_DATABASE_URL="")
    assert done.returncode == 0, done.stdout + done.stderr
    assert titles(done.stdout) == [title for title, _step in STEPS]
    assert f"→ http://127.0.0.1:{port}/campaigns/" in done.stdout
    assert not Server(f"http://127.0.0.1:{port}").answers()


@pytest.mark.server
def test_each_walk_makes_a_company_of_its_own_that_one_press_removes(lux_server):
    server = lux_server
    before = server.sample_company()
    walk = walk_through(server)
    assert walk.company == before["company"]
    assert walk.browser.open("/companies").text.count(walk.company) >= 2, "the one made before stays"
    assert server.command("owner-link").startswith("http"), "a sample's owner is not the installation's owner"
    walk.browser.submit(walk.browser.open("/").form("/settings/remove"))
    assert walk.browser.get(walk.campaign).status == 404
    assert walk.browser.open("/companies").text.count(walk.company) >= 1


@pytest.mark.slow
def test_the_walk_goes_through_on_postgresql(lux_server_on_postgresql):
    walk = walk_through(lux_server_on_postgresql)
    assert walk.number == len(STEPS)
    assert walk.did["captured"] == walk.recipients > 0


@pytest.mark.server
def test_a_server_with_another_data_folder_is_named_as_the_reason(lux_server, monkeypatch):
    made = {"company": "Elsewhere", "slug": "elsewhere", "email": "owner@elsewhere.example", "link": "/reset/of-it"}
    monkeypatch.setattr(lux_server, "sample_company", lambda: made)
    walk = Walk(lux_server, say=lambda _words: None)
    with pytest.raises(StepFailed, match=r"Step 1 \(A company\) failed: .*another data folder"), walk.step("A company"):
        people.sample_company(walk)


def test_something_else_at_the_address_is_named(tmp_path):
    folder = str(tmp_path)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=folder)

        def log_message(self, *_arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        done = run_demo(LUX_HOME=folder, LUX_PORT=str(other.server_port))
        other.shutdown()
    assert done.returncode == 1
    assert re.fullmatch(
        r"demo: What answers at \S+ is not LUX. Choose another port: LUX_PORT=\d+ make demo\n", done.stderr
    )


def test_nobody_at_the_given_address_is_said_in_one_sentence():
    url = f"http://127.0.0.1:{free_port()}"
    done = run_demo("--url", url)
    assert (done.returncode, done.stderr) == (1, f"demo: Nobody answers at {url}.\n")


@pytest.mark.server
def test_a_lux_that_cannot_start_says_why(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    done = run_demo(LUX_HOME=str(blocked / "var"), LUX_PORT=str(free_port()), LUX_DATABASE_URL="")
    assert done.returncode == 1
    assert "did not start" in done.stderr
    assert "can't be written to" in done.stdout + done.stderr


def test_the_browser_does_not_hide_that_nobody_answers():
    with pytest.raises(PageError, match="does not answer"):
        Browser(f"http://127.0.0.1:{free_port()}").get("/")
