"""A message in hand when the stop comes: it is heard while the server is slow, and the final dot is not written."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from lux.connectors.smtp import SmtpConnector
from lux.net import lookup
from lux.ports.connector import Account
from lux.ports.permits import Permit
from lux.ports.provider_errors import Transient
from lux.ports.receipts import Outcome, OutgoingMail, Receipt
from tests.connectors.conftest import Notes, mail
from tests.emulators.smtp import SmtpServer
from tests.services.tls import Authority

Send = Callable[..., Iterator[Receipt]]
SOON = 1.5  # seconds from the stop to the receipt, on a busy machine; the servers here would take four


@pytest.fixture
def connector(tls_authority: Authority) -> SmtpConnector:
    return SmtpConnector(ca_file=tls_authority.ca_file, allow_hosts=("127.0.0.1", "localhost"))


@pytest.fixture
def send(connector: SmtpConnector, permit: Permit, notes: Notes, account: Callable[..., Account]) -> Send:
    """Return: hand messages to a server on a port, one receipt after the other."""

    def run(port: int, *messages: OutgoingMail, **config: str) -> Iterator[Receipt]:
        return connector.perform(permit, messages, account=account(port, **config), in_flight=notes)

    return run


class Stopped:
    """Presses after a while, and measures from then on."""

    def __init__(self, notes: Notes, after: float = 0.3) -> None:
        self.at = 0.0
        self._notes = notes
        self._timer = threading.Timer(after, self._press)
        self._timer.start()

    def _press(self) -> None:
        self.at = time.monotonic()
        self._notes.is_halted = True

    def heard_after(self) -> float:
        self._timer.join()
        return time.monotonic() - self.at


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "RCPT over TLS"])
def test_a_slow_answer_is_not_waited_for(
    start_smtp_server, tls_authority: Authority, send: Send, notes: Notes, command: str
) -> None:
    is_tls = command.endswith("TLS")
    server: SmtpServer = start_smtp_server(
        **({"tls": "starttls", "context": tls_authority.context()} if is_tls else {})
    )
    config = {"host": "localhost", "security": "starttls"} if is_tls else {}
    server.script.delays = {command.partition(" ")[0]: 4.0}
    stopped = Stopped(notes)
    receipts = list(send(server.port, mail(1), mail(2), **config))
    assert stopped.heard_after() < SOON
    assert [one.outcome for one in receipts] == [Outcome.HELD] * 2
    assert notes.entries == []
    assert server.messages == []


def test_a_new_connection_is_asked_for_too(start_smtp_server, send: Send, notes: Notes) -> None:
    """The server hangs up after one message; the next greeting never comes, and the stop does."""
    server: SmtpServer = start_smtp_server()
    server.script.messages_per_connection = 1
    receipts = send(server.port, mail(1), mail(2))
    assert next(receipts).outcome is Outcome.SENT
    port = server.port
    server.pause()
    with closing(socket.create_server(("127.0.0.1", port))):  # takes connections and says nothing
        stopped = Stopped(notes)
        assert [one.outcome for one in receipts] == [Outcome.HELD]
        assert stopped.heard_after() < SOON
    server.resume()
    assert [number for _kind, number, _outcome in notes.entries] == [1, 1]


def test_names_that_are_not_found_are_not_waited_for(monkeypatch, send: Send, notes: Notes) -> None:
    is_over = threading.Event()
    monkeypatch.setattr(lookup, "resolve", lambda *_args, **_values: is_over.wait(5) and [])
    stopped = Stopped(notes, after=0.1)
    assert list(send(25, mail(1), host="localhost")) == []
    assert stopped.heard_after() < SOON
    is_over.set()


def test_a_server_that_reads_no_more_is_not_waited_for(send: Send, notes: Notes) -> None:
    """Its window is full in the middle of a large message: neither the rest nor the dot is pressed into it."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            talk = listener.accept()[0]
            talk.sendall(b"220 here\r\n")
            for answer in (b"250 hello\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"):
                talk.recv(4096)
                talk.sendall(answer)
            kept.append(talk)

        kept: list[socket.socket] = []
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        stopped = Stopped(notes)
        large = mail(1, body=b"x" * 76 * 1000 + b"\r\n" + (b"y" * 76 + b"\r\n") * 300_000)
        assert [one.outcome for one in send(listener.getsockname()[1], large)] == [Outcome.HELD]
        assert stopped.heard_after() < SOON
        thread.join()
        kept[0].close()
    assert notes.entries == []


@pytest.mark.parametrize("size", [10, 100_000])
def test_the_last_question_is_asked_right_before_the_last_bytes(
    smtp_server: SmtpServer, send: Send, notes: Notes, size: int
) -> None:
    """All was well until the server said 354, and most of a large message had been written: it is no message."""
    asked: list[int] = []
    notes.may_leave = lambda: asked.append(1) or False  # type: ignore[method-assign]
    body = (b"z" * 70 + b"\r\n") * (size // 70)
    receipts = list(send(smtp_server.port, mail(1, body=body)))
    assert [one.outcome for one in receipts] == [Outcome.HELD]
    assert (len(asked), notes.entries, smtp_server.messages) == (1, [], [])


def test_after_the_dot_the_answer_is_waited_for(smtp_server: SmtpServer, send: Send, notes: Notes) -> None:
    smtp_server.script.delays = {".": 1.0}
    stopped = Stopped(notes)
    receipts = list(send(smtp_server.port, mail(1), mail(2)))
    stopped.heard_after()
    assert [one.outcome for one in receipts] == [Outcome.SENT, Outcome.HELD]
    assert [kind for kind, _number, _outcome in notes.entries] == ["leaving", "answered"]
    assert len(smtp_server.messages) == 1


def test_a_slow_handshake_goes_on_where_it_was(tls_authority: Authority, send: Send, notes: Notes) -> None:
    """Between the slices of waiting nothing of TLS is lost: the server takes longer than two of them."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            talk = listener.accept()[0]
            time.sleep(0.6)
            with tls_authority.context().wrap_socket(talk, server_side=True) as wrapped:
                wrapped.sendall(b"421 not today\r\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(Transient, match="421 not today"):
            list(send(listener.getsockname()[1], mail(1), host="localhost", security="tls"))
        thread.join()
    assert notes.entries == []
