"""What the tests of the company room share: captured mail, and name servers that say what a test wants."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from tests.factories import Installation

Mails = Callable[[Installation], list[str]]


@pytest.fixture
def mails() -> Mails:
    """Return a function that sends what waits and returns the texts of all captured mails, the oldest first."""

    def read(lux: Installation) -> list[str]:
        lux.work()
        files = sorted((lux.settings.home / "mailbox").rglob("*.eml"), key=lambda path: int(path.stem))
        parsed = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]
        bodies = [message.get_body(preferencelist=("plain",)) for message in parsed]
        return [body.get_content() if body else "" for body in bodies]

    return read


class NameServer(socketserver.ThreadingUDPServer):
    """A name server on a real socket: TXT records by name; `is_mute` answers nothing."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.records: dict[str, list[str]] = {}
        self.is_mute = False

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Answer(socketserver.BaseRequestHandler):
    server: NameServer

    def handle(self) -> None:
        if self.server.is_mute:
            return
        data, transport = self.request
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        question = query.question[0]
        values = self.server.records.get(question.name.to_text(omit_final_dot=True), [])
        if values:
            parts = [" ".join(f'"{value[i : i + 255]}"' for i in range(0, len(value), 255)) for value in values]
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "TXT", *parts))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        wire = answer.to_wire(max_size=4096)
        transport.sendto(wire, self.client_address)


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    """Return a running name server."""
    with NameServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
