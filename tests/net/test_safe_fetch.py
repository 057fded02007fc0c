"""Fetching from addresses that people entered: where it may go, what it sends, when it gives up."""

from __future__ import annotations

import ipaddress
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from lux.net import dns, guard, safe_fetch, web_address
from lux.net.safe_fetch import Reach
from lux.ports.provider_errors import Ambiguous, Invalid, ProviderError, Transient
from tests.emulators.dns import DnsServer
from tests.emulators.webhook_receiver import Step, WebhookReceiver

if TYPE_CHECKING:
    from tests.services.tls import Authority

LOCAL = Reach(allow_hosts=("127.0.0.1", "hook.example", "127.0.0.0/8"), seconds=3)
PROVIDER = "webhook"


@pytest.fixture
def start() -> Iterator[Callable[..., WebhookReceiver]]:
    """Return a function that starts a server."""
    started: list[WebhookReceiver] = []

    def make(*script: Step, **options: Any) -> WebhookReceiver:
        started.append(WebhookReceiver(script, **options))
        return started[-1]

    yield make
    for one in started:
        one.stop()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Return a table of names; numbers are read as the system's resolver reads them."""
    table: dict[str, list[str]] = {}

    def lookup(host: str, port: int, *_more: object, **_options: object) -> list[tuple[object, ...]]:
        found = table.get(host)
        if found is None:
            try:
                found = [str(ipaddress.ip_address(host))]
            except ValueError:
                found = []
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET6 if ":" in each else socket.AF_INET, 1, 6, "", (each, port)) for each in found]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return table


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return a list of what a socket was opened to; it must stay empty where nothing may be reached."""
    opened: list[object] = []
    real = socket.socket.connect

    def count(self: socket.socket, address: object) -> None:
        opened.append(address)
        real(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", count)
    monkeypatch.setattr(socket.socket, "connect_ex", count)
    monkeypatch.setattr(socket, "create_connection", lambda address, *_a, **_o: opened.append(address))
    return opened


LOOPBACK = [
    *("https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/"),
    *("https://0177.0.0.1/", "https://017700000001/", "https://127.0.0.1./", "https://0/", "https://0.0.0.0/"),
    *("https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/"),
    *("https://[0:0:0:0:0:ffff:7f00:0001]/", "https://[2002:7f00:1::]/", "https://[64:ff9b::7f00:1]/"),
    *("https://[::7f00:1]/", "https://[fe80::1%25lo]/", "https://[fe80::1%lo]/", "https://[::1%25]/"),
    *("https://\uff11\uff12\uff17.\uff10.\uff10.\uff11/", "https://127。0。0。1/", "https://①②⑦.⓪.⓪.①/", "HTTPS://LOCALHOST/"),
    *("https://localhost/", "https://localhost./", "https://LocalHost.LocalDomain/", "https://ʟocalhost/"),
    *("https://example.com@127.0.0.1/", "https://user:word@127.0.0.1/", "https://127.0.0.1\\@example.com/"),
    *("https://example.com\\.127.0.0.1/", "https:\\\\127.0.0.1/", "https:/\t/127.0.0.1/", "https://127.0.0.1\t/"),
    *("https://127.0.0.1\r\nHost:x/", "https://127.0.0.1 /", "https://127.0.0.1%2f@example.com/", "https://%31%32%37.0.0.1/"),
    *("https:///127.0.0.1/", "https:127.0.0.1", "//127.0.0.1/", "https://[127.0.0.1]/", "https://[::1/", "https://:443/"),
    *("https://169.254.169.254/latest/meta-data", "https://[::ffff:a9fe:a9fe]/", "https://[fd00:ec2::254]/"),
    *("https://2852039166/", "https://0xA9FEA9FE/", "https://10.0.0.1/", "https://100.64.0.1/", ),
    *("https://metadata.internal/",),
    *("https://intern.example/", "file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/",),
    *("javascript:alert(1)", "data:,x"),
    *("http://public.example/", "https://public.example:22/", "https://public.example:0/",),
    *("https://public.example:99999/", "https://public.example:-1/"),
    *("https://public.example:443:22/", "https://mixed.example/", "https://\u202epublic.example/",),
    *("https://public.example\0/", "https://public.example%00/"),
]  # fmt: skip


@pytest.mark.parametrize("url", LOOPBACK)
def test_no_spelling_opens_a_socket_to_where_nobody_may_go(
    names: dict[str, list[str]], connected: list[object], url: str
):
    names.update(
        {
            "localhost": ["127.0.0.1", "::1"],
            "localhost.localdomain": ["127.0.0.1"],
            "intern.example": ["10.1.2.3"],
            "metadata.internal": ["169.254.169.254"],
            "public.example": ["93.184.216.34"],
            "mixed.example": ["93.184.216.34", "127.0.0.1"],
        }
    )
    with pytest.raises(ProviderError) as caught:
        safe_fetch.get(url, Reach(), provider=PROVIDER)
    assert caught.value.field == "url"
    assert isinstance(caught.value, Invalid)
    assert connected == []


def test_there_are_at_least_forty_spellings():
    assert len(set(LOOPBACK)) >= 40


@pytest.mark.parametrize("allowed", [("169.254.0.0/16",), ("0.0.0.0/0", "::/0"), ("metadata.internal",)])
def test_metadata_addresses_are_closed_even_to_the_operators_list(
    names: dict[str, list[str]], connected: list[object], allowed: tuple[str, ...]
):
    names["metadata.internal"] = ["169.254.169.254"]
    for url in ("http://169.254.169.254/", "http://metadata.internal/", "http://[fe80::1]/"):
        with pytest.raises(Invalid):
            safe_fetch.get(url, Reach(allow_hosts=allowed, allow_http=True), provider=PROVIDER)
    assert connected == []


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("HTTPS://Example.COM", "https://example.com/"),
        ("https://example.com.:443/a b"[:-2], "https://example.com/a"),
        ("https://bücher.example/ü?q=ü#x", "https://xn--bcher-kva.example/%C3%BC?q=%C3%BC"),
        ("https://example.com:8443/%2e%2e/%zz?a=1&b[]=2", "https://example.com:8443/%2e%2e/%25zz?a=1&b[]=2"),
        ("https://[2606:4700:0::1111]/x", "https://[2606:4700::1111]/x"),
        ("https://example.com?x", "https://example.com/?x"),
    ],
)
def test_an_address_has_one_spelling_afterwards(url: str, read: str):
    assert web_address.read(url, provider=PROVIDER).text == read


def test_a_name_that_changes_its_mind_is_asked_once_and_connected_to_as_checked(
    monkeypatch: pytest.MonkeyPatch, start: Callable[..., WebhookReceiver]
):
    """DNS rebinding: the second answer would be another address; nobody asks for it."""
    receiver = start()
    stub = DnsServer({("hook.example", "A"): ["127.0.0.1"]})

    def lookup(host: str, port: int, *_more: object, **_options: object) -> list[tuple[object, ...]]:
        if host == "127.0.0.1":
            return [(socket.AF_INET, 1, 6, "", (host, port))]
        answer = dns._resolver([stub.address]).resolve(host, "A", search=False)
        stub.records[("hook.example", "A")] = ["127.0.0.66"]  # nobody listens there
        return [(socket.AF_INET, 1, 6, "", (item.address, port)) for item in answer]  # type: ignore[attr-defined]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    try:
        answer = safe_fetch.get(receiver.url(host="hook.example"), LOCAL, provider=PROVIDER)
    finally:
        stub.stop()
    assert answer.status == 200
    assert stub.questions == [("hook.example", "A")]
    assert receiver.requests[0].headers["host"] == f"hook.example:{receiver.port}"


@pytest.mark.usefixtures("names")
def test_a_redirect_is_checked_like_the_first_address(start: Callable[..., WebhookReceiver]):
    for location in ("http://169.254.169.254/latest", "https://[::ffff:a9fe:a9fe]/", "file:///etc/passwd", "//0/"):
        receiver = start(Step(status=302, headers={"Location": location}))
        with pytest.raises(Invalid):
            safe_fetch.get(receiver.url(), LOCAL, provider=PROVIDER)
        assert receiver.connections == 1


def test_three_redirects_are_followed_and_a_fourth_is_not(start: Callable[..., WebhookReceiver]):
    hop = Step(status=307, headers={"Location": "/next"})
    receiver = start(hop, hop, hop, Step(body=b"there"))
    assert safe_fetch.get(receiver.url(), LOCAL, provider=PROVIDER).body == b"there"
    with pytest.raises(Invalid, match="on and on"):
        safe_fetch.get(start(default=hop).url(), LOCAL, provider=PROVIDER)


def test_a_body_is_never_sent_on_to_another_address(start: Callable[..., WebhookReceiver]):
    receiver = start(Step(status=308, headers={"Location": "/elsewhere"}))
    answer = safe_fetch.post(receiver.url(), b"{}", LOCAL, provider=PROVIDER, headers={})
    assert (answer.status, receiver.connections) == (308, 1)


@pytest.mark.parametrize("where", ["head", "body"])
def test_a_slow_drip_ends_at_the_deadline(start: Callable[..., WebhookReceiver], where: str):
    step = Step(drip=0.05) if where == "head" else Step(body=b"x" * 2000, drip=0.01)
    receiver = start(default=step)
    began = time.monotonic()
    with pytest.raises(Transient, match="in time"):
        safe_fetch.get(receiver.url(), Reach(allow_hosts=LOCAL.allow_hosts, seconds=0.5), provider=PROVIDER)
    assert time.monotonic() - began < 2.0


def test_name_servers_that_do_not_answer_end_at_the_deadline(monkeypatch: pytest.MonkeyPatch):
    release = threading.Event()

    def lookup(*_arguments: object, **_options: object) -> list[object]:
        release.wait(5)
        return []

    monkeypatch.setattr(guard.socket, "getaddrinfo", lookup)
    began = time.monotonic()
    with pytest.raises(Transient, match="name servers"):
        safe_fetch.get("https://slow.example/", Reach(seconds=0.3), provider=PROVIDER)
    assert time.monotonic() - began < 2.0
    release.set()


def test_an_endless_body_is_cut_off(start: Callable[..., WebhookReceiver]):
    receiver = start(default=Step(endless=True))
    small = Reach(allow_hosts=LOCAL.allow_hosts, max_bytes=100_000, seconds=5)
    with pytest.raises(Invalid, match="larger"):
        safe_fetch.get(receiver.url(), small, provider=PROVIDER)
    answer = safe_fetch.post(receiver.url(), b"{}", small, provider=PROVIDER, headers={})
    assert (len(answer.body), answer.is_whole) == (100_000, False)


def test_a_request_that_left_without_an_answer_is_ambiguous(start: Callable[..., WebhookReceiver]):
    receiver = start(Step(reset=True), Step(raw=b"SSH-2.0-OpenSSH\r\n\r\n"))
    with pytest.raises(Ambiguous):
        safe_fetch.post(receiver.url(), b"{}", LOCAL, provider=PROVIDER, headers={})
    with pytest.raises(ProviderError):
        safe_fetch.post(receiver.url(), b"{}", LOCAL, provider=PROVIDER, headers={})


def test_nobody_listens(start: Callable[..., WebhookReceiver]):
    receiver = start()
    url = receiver.url()
    receiver.stop()
    with pytest.raises(Transient) as caught:
        safe_fetch.get(url, LOCAL, provider=PROVIDER)
    assert caught.value.code == "connect"


def test_the_certificate_must_be_for_that_name_and_the_name_is_asked_for(
    names: dict[str, list[str]], tls_authority: Authority, start: Callable[..., WebhookReceiver]
):
    names["hook.example"] = ["127.0.0.1"]
    reach = Reach(allow_hosts=LOCAL.allow_hosts, ca_file=str(tls_authority.ca_file), seconds=3)
    right = start(context=tls_authority.context("hook.example"))
    assert safe_fetch.get(right.url(host="hook.example"), reach, provider=PROVIDER).status == 200
    assert right.requests[0].server_name == "hook.example"
    for context in (
        tls_authority.context("other.example"),
        tls_authority.context("hook.example", expired=True),
        tls_authority.context("hook.example", self_signed=True),
    ):
        wrong = start(context=context)
        with pytest.raises(Invalid, match="certificate"):
            safe_fetch.get(wrong.url(host="hook.example"), reach, provider=PROVIDER)
        assert wrong.requests == []


def test_nothing_of_ours_travels_along(start: Callable[..., WebhookReceiver], monkeypatch: pytest.MonkeyPatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    receiver = start(default=Step(status=302, headers={"Location": "/b", "Set-Cookie": "a=1"}))
    with pytest.raises(Invalid):
        safe_fetch.get(receiver.url(), LOCAL, provider=PROVIDER)
    sent = {name for request in receiver.requests for name in request.headers}
    assert sent == {"host", "accept", "accept-encoding", "user-agent", "connection"}


def test_errors_and_logs_show_the_host_and_nothing_else_of_the_address(
    start: Callable[..., WebhookReceiver], caplog: pytest.LogCaptureFixture
):
    receiver = start(Step(), default=Step(reset=True))
    with caplog.at_level(logging.DEBUG):
        safe_fetch.get(receiver.url("/hidden-path?token=hidden-token"), LOCAL, provider=PROVIDER)
    assert "hidden" not in caplog.text
    with pytest.raises(ProviderError) as caught:
        safe_fetch.get(receiver.url("/hidden-path?token=hidden-token"), LOCAL, provider=PROVIDER)
    chain: list[BaseException] = [caught.value]
    while chain[-1].__cause__ is not None:
        chain.append(chain[-1].__cause__)
    assert not [error for error in chain if "hidden" in f"{error!r} {error}"]


def test_plain_http_and_other_ports_need_the_operators_word(names: dict[str, list[str]], connected: list[object]):
    names["public.example"] = ["93.184.216.34"]
    with pytest.raises(Invalid, match="https"):
        safe_fetch.check("http://public.example/", Reach(), provider=PROVIDER)
    assert safe_fetch.check("http://public.example/", Reach(allow_http=True), provider=PROVIDER).port == 80
    with pytest.raises(Invalid, match="443"):
        safe_fetch.check("https://public.example:8443/", Reach(allow_http=True), provider=PROVIDER)
    allowed = Reach(allow_hosts=("public.example",))
    assert safe_fetch.check("https://public.example:8443/", allowed, provider=PROVIDER).port == 8443
    assert connected == []
