"""`lux serve`: what stands in the way of listening is one sentence with its fix; what it starts, it ends."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from lux.kit.settings import environment
from lux.net import ports
from lux.net.ports import CannotListen, Obstacle, listening_address
from tests.cli.conftest import Lux


def one_line(told) -> str:
    assert (told.exit_code, told.stdout, len(told.stderr.splitlines())) == (1, "", 1), told.output
    return told.stderr


@pytest.fixture
def taken() -> int:
    """Return a port on which somebody listens."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_port_in_use_is_named_with_the_way_out(lux_command: Lux, home: Path, taken: int):
    told = one_line(lux_command("serve", LUX_PORT=str(taken)))
    assert told == (
        f"lux: Port {taken} on 127.0.0.1 is in use. "
        "End the other program, or choose another port: LUX_PORT=5001 make run\n"
    )
    assert not home.exists(), "nothing was made"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "Port 80 is kept for the system's own services. Choose one from 1024 on"),
        (errno.EADDRNOTAVAIL, "LUX_HOST=127.0.0.1 is not an address of this machine. Name one that is"),
        (errno.ENOBUFS, "LUX can't listen on port 80 of 127.0.0.1 (No buffer space available)"),
    ],
)
def test_each_reason_not_to_listen_has_its_own_words(
    lux_command: Lux, monkeypatch: pytest.MonkeyPatch, number: int, words: str
):
    class Refusing(socket.socket):
        def bind(self, _address: object) -> None:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(ports.socket, "socket", Refusing)
    assert words in one_line(lux_command("serve", LUX_PORT="80"))


def test_an_address_of_another_machine_is_told_from_a_port_in_use():
    with pytest.raises(CannotListen) as told:
        listening_address("203.0.113.7", 5000)  # RFC 5737: nobody's
    assert told.value.obstacle is Obstacle.NOT_HERE


@pytest.mark.parametrize(
    "fault",
    [
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        UnicodeError("label too long"),  # what Python says of a name that the DNS could not hold
    ],
)
def test_a_misspelt_host_is_told_as_one(lux_command: Lux, monkeypatch: pytest.MonkeyPatch, fault: Exception):
    def unknown(*_arguments: object, **_named: object) -> None:
        raise fault

    monkeypatch.setattr(ports.socket, "getaddrinfo", unknown)
    told = one_line(lux_command("serve", LUX_HOST="localhots"))
    assert told.startswith("lux: LUX_HOST=localhots is not a name that this machine knows. Correct it")


def test_a_name_becomes_the_address_that_the_server_needs():
    assert listening_address("localhost", 0) == "127.0.0.1"
    assert listening_address("::1", 0) == "::1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.server
@pytest.mark.parametrize(("host", "link"), [("localhost", "localhost"), ("::1", "[::1]")])
def test_without_jobs_pages_are_served_and_no_worker_is_started(tmp_path: Path, host: str, link: str):
    port = free_port()
    names = {"LUX_HOME": str(tmp_path), "LUX_HOST": host, "LUX_PORT": str(port), "LUX_DATABASE_URL": ""}
    command = [sys.executable, "-m", "lux", "serve", "--no-jobs"]
    with subprocess.Popen(
        command, env=environment(names), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        try:
            wait_for(f"http://{link}:{port}/healthz", server)
            with pytest.raises(urllib.error.HTTPError, match="503"):
                urllib.request.urlopen(f"http://{link}:{port}/readyz", timeout=10)
            children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
            commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children]
            assert not any(b"worker" in one.split(b"\0") for one in commands)
        finally:
            server.send_signal(signal.SIGTERM)
            said, _ = server.communicate(timeout=30)
    assert server.returncode == 0, said
    assert f"LUX serves on http://{link}:{port}" in said
    assert "Traceback" not in said


def wait_for(url: str, server: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError:
            assert server.poll() is None, server.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_signal_to_end_that_the_server_forgot_is_repeated() -> None:
    """granian clears its event after a child has ended, also when Ctrl+C came in between."""
    from lux import supervisor

    class Loop:
        interrupt_signal = False
        main_loop_interrupt = threading.Event()

    loop = Loop()
    threading.Thread(target=supervisor.insist, args=(loop,), daemon=True).start()
    assert not loop.main_loop_interrupt.wait(2 * supervisor.INSIST_SECONDS), "nobody wants it to end"
    loop.interrupt_signal = True
    for _again in range(2):
        assert loop.main_loop_interrupt.wait(4 * supervisor.INSIST_SECONDS)
        loop.main_loop_interrupt.clear()
