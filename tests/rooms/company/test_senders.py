"""Senders are proven by a mailed code or by DNS; sending domains have their key in the vault."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import dkim
import pytest
import time_machine
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_private_key
from sqlalchemy import select

from lux.gate import domains, senders
from lux.gate.parties import Sender, SendingDomain
from lux.identity.access import Role
from lux.kit import clock, jobs
from lux.kit.db import ALL_COMPANIES
from lux.kit.db.session import settings_of
from lux.kit.errors import InvalidInput
from lux.vault.models import VaultSecret
from lux.vault.secrets import Vault
from tests.factories import Firm, Installation

if TYPE_CHECKING:
    from tests.rooms.company.conftest import NameServer

Mails = Callable[[Installation], list[str]]
SENDER = {"name": "Ada from Engines", "email": "ada@example.com", "reply_to": ""}


def code_in(mail: str) -> str:
    found = re.search(r"\b\d{3}\s?\d{3}\b", mail)
    assert found, mail
    return found.group()


def only_sender(lux: Installation, firm: Firm) -> Sender:
    with lux.db.read(firm.id) as session:
        return senders.listing(session)[0]


def only_domain(lux: Installation, firm: Firm) -> SendingDomain:
    with lux.db.read(firm.id) as session:
        return domains.listing(session)[0]


def test_a_mailed_code_proves_a_sender(lux: Installation, mails: Mails):
    firm = lux.firm()
    client = lux.client(firm)
    where = client.post("/settings/senders", data=SENDER).location
    assert "built-in mailbox" in client.get(where).text
    (mail,) = mails(lux)
    wrong = client.post(f"{where}/confirm", data={"code": "000 000x"})
    assert wrong.status_code == 422
    assert "not the code" in wrong.text
    assert client.post(f"{where}/confirm", data={"code": code_in(mail)}).location == "/settings/senders"
    assert only_sender(lux, firm).verified_at is not None
    assert client.post(f"{where}/code").status_code == 409, "it is verified already"


def test_the_code_is_not_kept_in_the_clear(lux_sqlite: Installation, mails: Mails):
    firm = lux_sqlite.firm()
    lux_sqlite.client(firm).post("/settings/senders", data=SENDER)
    code = code_in(mails(lux_sqlite)[0]).replace(" ", "")
    assert code not in only_sender(lux_sqlite, firm).code_hash


def test_wrong_codes_are_counted_although_the_request_fails(lux: Installation, mails: Mails):
    firm = lux.firm()
    client = lux.client(firm)
    where = client.post("/settings/senders", data=SENDER).location
    right = code_in(mails(lux)[0]).replace(" ", "")
    wrong = "000000" if right != "000000" else "000001"
    said = [client.post(f"{where}/confirm", data={"code": wrong}).text for _ in range(5)]
    assert all("not the code" in text for text in said[:4])
    assert "tried too often" in said[4]
    assert "tried too often" in client.post(f"{where}/confirm", data={"code": right}).text
    assert only_sender(lux, firm).verified_at is None
    client.post(f"{where}/code")
    newest = code_in(mails(lux)[-1])
    assert client.post(f"{where}/confirm", data={"code": newest}).status_code == 303


def test_a_code_ends_after_half_an_hour(lux_sqlite: Installation, mails: Mails):
    firm = lux_sqlite.firm()
    where = lux_sqlite.client(firm).post("/settings/senders", data=SENDER).location
    code = code_in(mails(lux_sqlite)[0])
    with time_machine.travel(clock.now().timestamp() + 1801, tick=False):
        answer = lux_sqlite.client(firm).post(f"{where}/confirm", data={"code": code})
    assert "too old" in answer.text


def test_a_code_that_only_the_mailbox_saw_counts_until_real_mail_leaves(lux_sqlite: Installation, mails: Mails):
    firm = lux_sqlite.firm()
    client = lux_sqlite.client(firm)
    where = client.post("/settings/senders", data=SENDER).location
    client.post(f"{where}/confirm", data={"code": code_in(mails(lux_sqlite)[0])})
    assert only_sender(lux_sqlite, firm).verified_by == senders.BY_MAILBOX
    assert "Verified for the built-in mailbox" in client.get("/settings/senders").text
    lux_sqlite.sender(firm, "proven@example.com")
    with lux_sqlite.db.begin(firm.id) as session:
        assert senders.forget_captured(session) == 1
        states = {row.email: row.verified_at is not None for row in senders.listing(session)}
    assert states == {"ada@example.com": False, "proven@example.com": True}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"email": "ada"}, "not an e-mail address"),
        ({"reply_to": "nobody"}, "not an e-mail address"),
        ({"name": ""}, "too short"),
        ({"name": "Ada\r\nBcc: everyone@example.com"}, "a line break"),
    ],
)
def test_a_refused_sender_names_the_field(lux_sqlite: Installation, change: dict[str, str], said: str):
    firm = lux_sqlite.firm()
    answer = lux_sqlite.client(firm).post("/settings/senders", data={**SENDER, **change})
    assert answer.status_code == 422
    assert said in answer.text


def test_an_address_stands_in_the_list_once(lux_sqlite: Installation):
    client = lux_sqlite.client(lux_sqlite.firm())
    assert client.post("/settings/senders", data=SENDER).status_code == 303
    assert "in the list already" in client.post("/settings/senders", data={**SENDER, "email": "ADA@example.com"}).text


def test_a_sender_of_another_company_does_not_exist_here(lux_sqlite: Installation):
    firm, other = lux_sqlite.firm(), lux_sqlite.firm()
    where = lux_sqlite.client(firm).post("/settings/senders", data=SENDER).location
    client = lux_sqlite.client(other)
    assert client.get(where).status_code == 404
    for verb in ("code", "confirm", "remove"):
        assert client.post(f"{where}/{verb}", data={"code": "1"}).status_code == 404
    assert only_sender(lux_sqlite, firm)


def test_a_marketer_adds_no_sender(lux_sqlite: Installation):
    client = lux_sqlite.client(lux_sqlite.firm(role=Role.MARKETER))
    assert client.post("/settings/senders", data=SENDER).status_code == 403


def test_a_domain_has_its_private_key_in_the_vault(lux: Installation):
    firm = lux.firm()
    client = lux.client(firm)
    where = client.post("/settings/domains", data={"domain": " @Example.COM. "}).location
    row = only_domain(lux, firm)
    assert row.domain == "example.com"
    page = client.get(where).text
    assert f"{row.selector}._domainkey.example.com" in page
    assert f"v=DKIM1; k=rsa; p={row.public_key}" in page
    with lux.db.read(firm.id) as session:
        pem = Vault(settings_of(session)).open(
            session, integration="dkim:example.com", name="private_key", purpose="test"
        )
        assert pem.splitlines()[1] not in session.scalars(select(VaultSecret.record)).one()
    private = load_pem_private_key(pem.encode(), None)
    assert private.key_size == 2048
    public = load_der_public_key(base64.b64decode(row.public_key))
    assert private.public_key().public_numbers() == public.public_numbers()
    assert "PRIVATE" not in page


@pytest.mark.parametrize("name", ["", "no domain", "a@b@c", "exa_mple.com", "x" * 260, "localhost"])
def test_what_is_no_domain_is_refused(lux_sqlite: Installation, name: str):
    answer = lux_sqlite.client(lux_sqlite.firm()).post("/settings/domains", data={"domain": name})
    assert answer.status_code == 422


def test_records_are_looked_up_live_and_prove_the_senders(lux_sqlite: Installation, name_server: NameServer):
    lux = lux_sqlite
    lux.settings = lux.settings.model_copy(update={"dns_servers": (name_server.address,)})
    firm = lux.firm()
    client = lux.client(firm)
    client.post("/settings/senders", data=SENDER)
    where = client.post("/settings/domains", data={"domain": "example.com"}).location
    row = only_domain(lux, firm)

    client.post(f"{where}/check")
    page = client.get(where).text
    assert page.count("Missing or different") == 3
    assert only_sender(lux, firm).verified_at is None

    name_server.records = {
        f"{row.selector}._domainkey.example.com": [f"v=DKIM1; k=rsa; p={row.public_key}"],
        "example.com": ["google-site-verification=x", "v=spf1 include:mail.example -all"],
        "_dmarc.example.com": ["v=DMARC1; p=quarantine"],
    }
    client.post(f"{where}/check")
    page = client.get(where).text
    assert page.count("It is there") == 3
    assert "include:mail.example" in page
    assert only_sender(lux, firm).verified_by == senders.BY_DNS
    answer = client.post("/settings/senders", data={**SENDER, "email": "bob@example.com"})
    with lux.db.read(firm.id) as session:
        assert {sender.verified_by for sender in senders.listing(session)} == {senders.BY_DNS}
    assert answer.status_code == 303

    name_server.is_mute = True
    client.post(f"{where}/check")
    assert client.get(where).text.count("Not known") == 3, "no answer is not a missing record"


def test_a_key_that_vanishes_from_dns_is_told_once_to_those_who_manage(
    lux_sqlite: Installation, name_server: NameServer
):
    lux = lux_sqlite
    lux.settings = lux.settings.model_copy(update={"dns_servers": (name_server.address,)})
    firm = lux.firm()
    client = lux.client(firm)
    where = client.post("/settings/domains", data={"domain": "example.com"}).location
    row = only_domain(lux, firm)

    def watch() -> int:
        with lux.db.begin(ALL_COMPANIES) as session:
            jobs.enqueue(session, "integrations.watch_domains", {})
        lux.work()
        return int(client.get("/notifications/count").json["count"])

    assert watch() == 0, "what was never there is no news"
    key = f"{row.selector}._domainkey.example.com"
    name_server.records = {key: [f"v=DKIM1; k=rsa; p={row.public_key}"]}
    client.post(f"{where}/check")
    assert watch() == 0
    name_server.records = {}
    assert watch() == 1
    assert "The DKIM key of example.com is gone from DNS" in client.get("/notifications/?topic=connections").text
    client.post("/notifications/read")
    assert watch() == 0, "told once"


def test_what_records_mean():
    row = SendingDomain(domain="example.com", selector="lux1", public_key="AAAA")
    nothing: dict[str, list[str] | None] = {"dkim": [], "spf": [], "dmarc": []}

    def judged(key: str, values: list[str] | None) -> object:
        return domains.judge(row, {**nothing, key: values})[key]["ok"]

    assert judged("dkim", ["v=DKIM1; k=rsa; p=AA AA"]) is True
    assert judged("dkim", ["v=DKIM1; k=rsa; p=BBBB"]) is False
    assert judged("dkim", ["nonsense", ""]) is False
    assert judged("dkim", None) is None
    assert judged("spf", ["v=spf1 -all"]) is True
    assert judged("spf", ["v=spf1 -all", "v=spf1 mx"]) is False
    assert judged("spf", ["v=spf10"]) is False
    assert judged("dmarc", ["v=DMARC1; p=none"]) is True
    assert judged("dmarc", ["v=DMARC1; p=none", "v=DMARC1; p=reject"]) is False
    assert judged("dmarc", None) is None


def test_removing_a_domain_destroys_its_key(lux: Installation):
    firm = lux.firm()
    client = lux.client(firm)
    where = client.post("/settings/domains", data={"domain": "example.com"}).location
    refused = client.post(f"{where}/remove", data={"confirmation": "example"})
    assert refused.status_code == 422
    assert "Type example.com exactly" in refused.text
    assert client.post(f"{where}/remove", data={"confirmation": "example.com"}).status_code == 303
    with lux.db.read(firm.id) as session:
        assert session.scalars(select(VaultSecret)).all() == []
        assert domains.listing(session) == []


def test_a_domain_is_read_like_people_write_it():
    assert domains.checked_domain(" @München.example. ") == "xn--mnchen-3ya.example"
    with pytest.raises(InvalidInput):
        domains.checked_domain("https://example.com")


def test_mails_are_signed_once_the_key_is_published(lux_sqlite: Installation, name_server: NameServer, mails: Mails):
    lux = lux_sqlite
    lux.settings = lux.settings.model_copy(update={"dns_servers": (name_server.address,)})
    firm = lux.firm()
    client = lux.client(firm)
    lux.sender(firm, "news@xn--mnchen-3ya.example")
    where = client.post("/settings/domains", data={"domain": "münchen.example"}).location
    row = only_domain(lux, firm)

    def newest_mail() -> bytes:
        client.post("/settings/members/invite", data={"email": "new@example.com", "role": "viewer"})
        mails(lux)
        files = sorted((lux.settings.home / "mailbox").rglob("*.eml"), key=lambda path: int(path.stem))
        return files[-1].read_bytes()

    assert b"DKIM-Signature" not in newest_mail(), "a signature nobody can check is worse than none"
    record = f"v=DKIM1; k=rsa; p={row.public_key}"
    name_server.records = {f"{row.selector}._domainkey.{row.domain}": [record]}
    client.post(f"{where}/check")
    assert dkim.verify(newest_mail(), dnsfunc=lambda _name, timeout=5: record.encode())
