"""Where a typed host name may lead."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from lux.net import guard
from lux.net.guard import resolve
from lux.ports.provider_errors import Invalid, Transient


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Return a table of names; a name that is not in it does not exist."""
    table: dict[str, list[str]] = {}

    def lookup(host: str, port: int, **_options: object) -> list[tuple[object, ...]]:
        try:
            found = [str(ipaddress.ip_address(host))]
        except ValueError:
            found = table.get(host, [])
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET6 if ":" in each else socket.AF_INET, 1, 6, "", (each, port)) for each in found]

    monkeypatch.setattr(guard.socket, "getaddrinfo", lookup)
    return table


PRIVATE = [
    *("127.0.0.1", "127.255.1.2", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "198.18.0.1", "192.0.2.1"),
    *("::1", "fc00::1", "fd12:3456::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1"),
    *("2002:7f00:1::", "2002:c0a8:101::", "2001:db8::1", "::7f00:1", "64:ff9b:1::a00:1"),
]
FORBIDDEN = [
    *("169.254.169.254", "169.254.0.1", "0.0.0.0", "0.1.2.3", "100.100.100.200", "224.0.0.1", "240.0.0.1"),
    *("255.255.255.255", "fe80::1", "ff02::1", "::", "fd00:ec2::254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"),
    *("2002:a9fe:a9fe::", "::ffff:0.0.0.0"),
]
PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_needs_the_operators_leave(answers: dict[str, list[str]], address: str):
    answers["mail.example"] = [address]
    with pytest.raises(Invalid) as caught:
        resolve("mail.example", 25, provider="smtp")
    assert caught.value.field == "host"
    found = resolve("mail.example", 25, allow_hosts=["mail.example"], provider="smtp")
    assert [item.address for item in found] == [address]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_some_addresses_are_never_reached(answers: dict[str, list[str]], address: str):
    answers["mail.example"] = [address]
    for allowed in ([], ["mail.example"], ["0.0.0.0/0", "::/0"]):
        with pytest.raises(Invalid):
            resolve("mail.example", 25, allow_hosts=allowed, provider="smtp")


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_fine(answers: dict[str, list[str]], address: str):
    answers["mail.example"] = [address]
    assert resolve("mail.example", 587, provider="smtp")[0].port == 587


def test_one_private_address_among_public_ones_spoils_the_name(answers: dict[str, list[str]]):
    answers["mail.example"] = ["8.8.8.8", "10.0.0.5"]
    with pytest.raises(Invalid):
        resolve("mail.example", 25, provider="smtp")


@pytest.mark.parametrize("entry", ["10.0.0.0/8", "10.1.2.3", "MAIL.example.", " mail.example"])
def test_the_operator_may_allow_a_name_or_a_network(answers: dict[str, list[str]], entry: str):
    answers["mail.example"] = ["10.1.2.3"]
    assert resolve("Mail.Example.", 25, allow_hosts=[entry], provider="smtp")


def test_allowing_one_name_allows_no_other(answers: dict[str, list[str]]):
    answers["mail.example"] = answers["other.example"] = ["10.1.2.3"]
    with pytest.raises(Invalid):
        resolve("other.example", 25, allow_hosts=["mail.example"], provider="smtp")


@pytest.mark.parametrize(
    "host",
    [
        *("", " ", "a b", "http://x.example", "x.example/path", "user@x.example", "x.example:25", "[x]", "-x.example"),
        *("x\r\ny", "x\0y", "..", "a" * 300, "%2e", "127.0.0.1%eth0", "💥" * 80, "[::1", "fe80::1%lo"),
    ],
)
def test_what_is_no_host_is_refused_before_any_lookup(monkeypatch: pytest.MonkeyPatch, host: str):
    def lookup(*_arguments: object, **_options: object) -> None:
        pytest.fail("asked a name server")

    monkeypatch.setattr(guard.socket, "getaddrinfo", lookup)
    with pytest.raises(Invalid) as caught:
        resolve(host, 25, provider="smtp")
    assert caught.value.field == "host"


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "[::1]", "::1", "127.0.0.1"])
def test_odd_spellings_of_loopback_end_at_the_same_door(monkeypatch: pytest.MonkeyPatch, host: str):
    def lookup(name: str, port: int, **_options: object) -> list[tuple[object, ...]]:
        # The system's resolver reads numbers as inet_aton does.
        address = name if ":" in name else socket.inet_ntoa(socket.inet_aton(name))
        return [(socket.AF_INET6 if ":" in address else socket.AF_INET, 1, 6, "", (address, port))]

    monkeypatch.setattr(guard.socket, "getaddrinfo", lookup)
    with pytest.raises(Invalid):
        resolve(host, 25, provider="smtp")


def test_an_unknown_name_and_silent_name_servers_are_told_apart(monkeypatch: pytest.MonkeyPatch):
    def lookup(error: int):
        def fail(*_arguments: object, **_options: object) -> None:
            raise socket.gaierror(error, "no")

        return fail

    monkeypatch.setattr(guard.socket, "getaddrinfo", lookup(socket.EAI_NONAME))
    with pytest.raises(Invalid, match="no server called"):
        resolve("mail.example", 25, provider="smtp")
    monkeypatch.setattr(guard.socket, "getaddrinfo", lookup(socket.EAI_AGAIN))
    with pytest.raises(Transient):
        resolve("mail.example", 25, provider="smtp")


def test_an_international_name_is_asked_in_punycode(answers: dict[str, list[str]]):
    answers["xn--bcher-kva.example"] = ["8.8.8.8"]
    assert resolve("Bücher.example", 25, provider="smtp")
