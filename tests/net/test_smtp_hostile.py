"""The SMTP client against servers that no library would write."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from lux.net.smtp import Security, SmtpServer, connect, stuffed
from lux.ports.provider_errors import Invalid, ProviderError, Transient
from lux.ports.receipts import Outcome

HELLO = b"220 hi\r\n"
EHLO = b"250-hi\r\n250 PIPELINING\r\n"
MESSAGE = b"From: a@b.example\r\n\r\nHello\r\n"
Talk = Callable[[socket.socket], None]


@pytest.fixture
def serve() -> Iterator[Callable[[Talk], SmtpServer]]:
    """Return a function that lets a conversation run with whoever connects."""
    listeners: list[socket.socket] = []

    def start(talk: Talk, *, security: Security = Security.NONE, timeout: float = 2.0) -> SmtpServer:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def run() -> None:
            try:
                client, _address = listener.accept()
                with client:
                    talk(client)
            except OSError:
                pass  # the other side had enough

        threading.Thread(target=run, daemon=True).start()
        return SmtpServer(
            host="127.0.0.1",
            port=listener.getsockname()[1],
            security=security,
            timeout=timeout,
            dot_timeout=timeout,
            allow_hosts=("127.0.0.1",),
        )

    yield start
    for listener in listeners:
        listener.close()


def greet(client: socket.socket, *, features: bytes = EHLO) -> None:
    client.sendall(HELLO)
    client.recv(1000)
    client.sendall(features)


@pytest.mark.parametrize(
    "first_words",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9\r\n",
        b"\x00\x01\x02\r\n",
        b"no digits here\r\n",
        b"x" * 100_000,
        b"220-never\r\n" * 20_000,
        b"",
    ],
)
def test_what_is_no_mail_server_is_called_so(serve, first_words: bytes):
    server = serve(lambda client: client.sendall(first_words))
    with pytest.raises(Transient, match="not as a mail server") as caught:
        connect(server)
    assert caught.value.field == "port"


def test_a_server_that_drips_is_given_up_in_time(serve):
    def drip(client: socket.socket) -> None:
        for _ in range(100):
            client.sendall(b"220-x\r\n")
            time.sleep(0.05)

    start = time.monotonic()
    with pytest.raises(ProviderError):
        connect(serve(drip, timeout=0.5))
    assert time.monotonic() - start < 2


def test_words_slipped_in_before_encryption_are_refused(serve):
    def talk(client: socket.socket) -> None:
        greet(client, features=b"250-hi\r\n250 STARTTLS\r\n")
        client.recv(1000)
        client.sendall(b"220 go\r\n250 AUTH PLAIN injected\r\n")
        time.sleep(0.5)

    with pytest.raises(Invalid, match="out of turn"):
        connect(serve(talk, security=Security.STARTTLS))


def test_a_server_that_takes_offence_at_nobody_gets_an_empty_message(serve):
    heard: list[bytes] = []

    def talk(client: socket.socket) -> None:
        greet(client)
        heard.append(client.recv(1000))
        client.sendall(b"250 ok\r\n550 5.1.1 unknown\r\n354 go on\r\n")
        heard.append(client.recv(1000))
        client.sendall(b"554 no valid recipients\r\n")
        heard.append(client.recv(1000))
        client.sendall(b"250 reset\r\n")
        heard.append(client.recv(1000))

    connection = connect(serve(talk))
    handover = connection.send("a@b.example", "x@y.example", MESSAGE, leaving=lambda: pytest.fail("nothing may leave"))
    assert handover.verdict.outcome is Outcome.REFUSED
    assert not handover.is_closed
    connection.close()
    assert heard[0].count(b"\r\n") == 3
    assert heard[1:3] == [b".\r\n", b"RSET\r\n"]


def test_a_server_that_refuses_the_sender_but_wants_the_message_gets_nothing(serve):
    def talk(client: socket.socket) -> None:
        greet(client)
        client.recv(1000)
        client.sendall(b"550 5.7.1 no\r\n250 ok\r\n354 go on\r\n")
        assert client.recv(1000) == b""

    handover = connect(serve(talk)).send("a@b.example", "x@y.example", MESSAGE, leaving=lambda: pytest.fail("no"))
    assert (handover.verdict.outcome, handover.is_closed) == (Outcome.RETRY, True)


def test_the_reason_given_while_the_message_is_written_is_heard(serve):
    def talk(client: socket.socket) -> None:
        greet(client)
        client.recv(1000)
        client.sendall(b"250 ok\r\n250 ok\r\n354 go on\r\n552 5.3.4 too big for us\r\n")
        client.recv(1000)

    big = b"From: a@b.example\r\n\r\n" + b"x" * 70_000_000 + b"\r\n"
    handover = connect(serve(talk)).send("a@b.example", "x@y.example", big, leaving=lambda: None)
    assert handover.verdict.outcome in {Outcome.FAILED, Outcome.RETRY}  # a reset may swallow the words
    assert handover.verdict.outcome is not Outcome.UNKNOWN
    assert handover.is_closed


@pytest.mark.parametrize("line", ["NOOP\r\nRSET", "NOOP\nRSET"])
def test_a_command_is_one_line(serve, line: str):
    connection = connect(serve(lambda client: (greet(client), client.recv(1000))))
    with pytest.raises(ValueError, match="one line"):
        connection.command(line)
    connection.close()


@pytest.mark.parametrize("address", ["a b@c.example", "a@b\r\n", "a>b@c.example", "ä@b.example"])
def test_an_address_that_could_break_the_envelope_never_reaches_the_wire(serve, address: str):
    connection = connect(serve(lambda client: (greet(client), client.recv(1000))))
    with pytest.raises(ValueError, match="wire"):
        connection.send("a@b.example", address, MESSAGE, leaving=lambda: None)
    connection.close()


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b"a\r\n.\r\n.b\r\n", b"a\r\n..\r\n..b\r\n.\r\n"),
        (b"..\r\n", b"...\r\n.\r\n"),
        (b"", b"\r\n.\r\n"),
    ],
)
def test_dots_at_line_starts_are_doubled(message: bytes, wire: bytes):
    assert stuffed(message) == wire
