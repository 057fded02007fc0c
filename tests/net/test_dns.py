"""Looking up records from a name server on a real socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lux.net import dns
from lux.net.dns import MailExchanger
from tests.emulators.dns import DnsServer

LONG = "v=DKIM1; k=rsa; p=" + "A" * 400


@pytest.fixture
def server() -> Iterator[DnsServer]:
    made = DnsServer(
        {
            ("lux._domainkey.shop.example", "TXT"): [f'"{LONG[:200]}" "{LONG[200:]}"'],
            ("shop.example", "TXT"): ['"v=spf1 mx ~all"', '"other=1"'],
            ("shop.example", "MX"): ["20 backup.example.", "10 mail.example."],
            ("bounce.shop.example", "CNAME"): ["return.provider.example."],
        }
    )
    yield made
    made.stop()


def test_the_strings_of_a_long_value_are_put_together(server: DnsServer):
    assert dns.txt("lux._domainkey.shop.example", [server.address]) == [LONG]


def test_all_values_of_a_name_are_found(server: DnsServer):
    assert sorted(dns.txt("shop.example", [server.address]) or ()) == ["other=1", "v=spf1 mx ~all"]


def test_mail_exchangers_come_in_order(server: DnsServer):
    assert dns.mx("shop.example", [server.address]) == [
        MailExchanger(preference=10, host="mail.example"),
        MailExchanger(preference=20, host="backup.example"),
    ]


def test_an_alias_is_followed_one_step(server: DnsServer):
    assert dns.cname("bounce.shop.example", [server.address]) == ["return.provider.example"]


@pytest.mark.parametrize("name", ["nobody.example", "bounce2.shop.example", "a" * 70 + ".example", "x..y"])
def test_a_name_without_the_record_has_none(server: DnsServer, name: str):
    assert dns.txt(name, [server.address]) == []


def test_a_name_with_other_records_only_has_none(server: DnsServer):
    assert dns.mx("lux._domainkey.shop.example", [server.address]) == []


def test_silence_is_not_the_same_as_nothing():
    silent = DnsServer({}, is_silent=True)
    try:
        assert dns.txt("shop.example", [silent.address], lifetime=0.3) is None
    finally:
        silent.stop()
    assert silent.questions
