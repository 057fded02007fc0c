"""The SMTP connector against real servers: what it says about each message is what happened to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

import pytest

from lux.connectors.smtp import SmtpConnector
from lux.ports import provider_errors
from lux.ports.connector import Account
from lux.ports.permits import Permit
from lux.ports.receipts import Outcome, OutgoingMail, Receipt
from tests.connectors.conftest import Notes, mail
from tests.emulators.smtp import SmtpServer
from tests.services.smtp_sink import SmtpSink
from tests.services.tls import Authority

LOCAL = ("127.0.0.1", "localhost")
Send = Callable[..., list[Receipt]]


@pytest.fixture
def connector() -> SmtpConnector:
    return SmtpConnector(allow_hosts=LOCAL, timeout=5, dot_timeout=5)


@pytest.fixture
def secure(tls_authority: Authority) -> SmtpConnector:
    """Return a connector that trusts the tests' certificate authority."""
    return SmtpConnector(ca_file=tls_authority.ca_file, allow_hosts=LOCAL, timeout=5)


@pytest.fixture
def protected(start_smtp_server, tls_authority: Authority) -> SmtpServer:
    """Return a server that asks for STARTTLS and a password."""
    return start_smtp_server(users={"ann": "s3cret"}, tls="starttls", context=tls_authority.context())


@pytest.fixture
def send(connector: SmtpConnector, permit: Permit, notes: Notes, account: Callable[..., Account]) -> Send:
    def run(server: SmtpServer | SmtpSink, *messages: OutgoingMail | Iterator[OutgoingMail]) -> list[Receipt]:
        flat = chain.from_iterable([item] if isinstance(item, OutgoingMail) else item for item in messages)
        return list(connector.perform(permit, flat, account=account(server.port), in_flight=notes))

    return run


def outcomes(receipts: list[Receipt]) -> list[Outcome]:
    return [receipt.outcome for receipt in receipts]


@pytest.mark.parametrize("has_pipelining", [True, False])
def test_many_messages_leave_over_one_connection(start_smtp_server, send: Send, notes: Notes, has_pipelining: bool):
    server = start_smtp_server(has_pipelining=has_pipelining)
    receipts = send(server, *(mail(number) for number in range(1, 21)))
    assert outcomes(receipts) == [Outcome.SENT] * 20
    assert [receipt.delivery_id for receipt in receipts] == list(range(1, 21))
    assert server.recipients() == [f"person{number}@example.org" for number in range(1, 21)]
    assert server.connections == 1
    assert not notes.open()
    assert [kind for kind, _number, _outcome in notes.entries] == ["leaving", "answered"] * 20


@pytest.mark.parametrize(
    "body",
    [
        b".",
        b".\r\n..\r\n...",
        b"a\r\n.\r\nb",
        b".leading\r\n.. two\r\nend.",
        b"\r\n\r\n.\r\n\r\n",
        "Grüße\r\n.".encode(),
    ],
)
@pytest.mark.parametrize("has_pipelining", [True, False])
def test_dots_and_eight_bit_letters_arrive_as_they_left(start_smtp_server, send: Send, body, has_pipelining):
    server = start_smtp_server(has_pipelining=has_pipelining)
    sent = mail(1, body=body)
    assert outcomes(send(server, sent, mail(2))) == [Outcome.SENT, Outcome.SENT]
    assert server.messages[0].raw == sent.message


def test_a_message_larger_than_one_packet_arrives_whole(smtp_server: SmtpServer, send: Send):
    sent = mail(1, body=b"\r\n".join(b".%06d" % number * 8 for number in range(20_000)))
    assert outcomes(send(smtp_server, sent)) == [Outcome.SENT]
    assert smtp_server.messages[0].raw == sent.message


@pytest.mark.parametrize("has_pipelining", [True, False])
def test_a_refused_recipient_does_not_disturb_the_others(start_smtp_server, send: Send, notes: Notes, has_pipelining):
    server = start_smtp_server(has_pipelining=has_pipelining)
    server.script.recipients["person2@example.org"] = ["550 5.1.1 no such user"]
    receipts = send(server, mail(1), mail(2), mail(3))
    assert outcomes(receipts) == [Outcome.SENT, Outcome.REFUSED, Outcome.SENT]
    assert (receipts[1].code, receipts[1].error) == (550, "RecipientRefused")
    assert "no such user" in receipts[1].message
    assert server.recipients() == ["person1@example.org", "person3@example.org"]
    assert server.connections == 1
    assert 2 not in {number for _kind, number, _outcome in notes.entries}


def test_a_passing_refusal_of_a_recipient_is_a_retry(smtp_server: SmtpServer, send: Send):
    smtp_server.script.recipients["person1@example.org"] = ["451 4.3.0 try later"]
    receipts = send(smtp_server, mail(1), mail(2))
    assert outcomes(receipts) == [Outcome.RETRY, Outcome.SENT]
    assert receipts[0].error == "Transient"


def test_a_blocked_relay_suppresses_nobody(smtp_server: SmtpServer, send: Send):
    smtp_server.script.next_recipients.extend(["554 5.7.1 blocked, see rbl.example", "550 relaying denied"])
    receipts = send(smtp_server, mail(1), mail(2), mail(3))
    assert outcomes(receipts) == [Outcome.FAILED, Outcome.FAILED, Outcome.SENT]
    assert {receipt.error for receipt in receipts[:2]} == {"PolicyBlocked"}


def test_content_refused_after_the_dot_is_a_policy_matter(smtp_server: SmtpServer, send: Send, notes: Notes):
    smtp_server.script.next_messages.append("554 5.7.1 looks like spam")
    receipts = send(smtp_server, mail(1), mail(2))
    assert outcomes(receipts) == [Outcome.FAILED, Outcome.SENT]
    assert (receipts[0].code, receipts[0].error) == (554, "PolicyBlocked")
    assert ("answered", 1, Outcome.FAILED) in notes.entries


def test_a_recipient_refused_after_the_dot_is_still_the_recipient(smtp_server: SmtpServer, send: Send):
    smtp_server.script.next_messages.append("550 5.1.1 unknown user")
    assert outcomes(send(smtp_server, mail(1))) == [Outcome.REFUSED]


def test_a_passing_fault_after_the_dot_is_a_retry(smtp_server: SmtpServer, send: Send):
    smtp_server.script.next_messages.append("452 4.3.1 disk full")
    assert outcomes(send(smtp_server, mail(1), mail(2))) == [Outcome.RETRY, Outcome.SENT]


def test_a_refused_sender_is_a_policy_matter(smtp_server: SmtpServer, send: Send):
    smtp_server.script.next_senders.append("553 5.1.0 sender not allowed")
    receipts = send(smtp_server, mail(1), mail(2))
    assert outcomes(receipts) == [Outcome.FAILED, Outcome.SENT]
    assert receipts[0].error == "PolicyBlocked"


@pytest.mark.parametrize("has_pipelining", [True, False])
def test_a_break_before_the_dot_is_a_retry_and_the_rest_goes_on(start_smtp_server, send: Send, notes, has_pipelining):
    server = start_smtp_server(has_pipelining=has_pipelining)
    server.script.drops.append("before dot")
    big = mail(1, body=b"x" * 70 * 1000)
    receipts = send(server, big, mail(2))
    assert receipts[0].outcome in {Outcome.RETRY, Outcome.UNKNOWN}
    assert receipts[1].outcome is Outcome.SENT
    assert server.recipients() == ["person2@example.org"]


def test_a_break_while_the_body_is_written_is_no_doubt_at_all(send: Send, notes: Notes, start_smtp_server):
    server = start_smtp_server()
    server.script.drops.append("before dot")
    # More than any socket buffer holds: the break is felt before the dot is handed over.
    receipts = send(server, mail(1, body=b"\r\n".join([b"x" * 70] * 300_000)), mail(2))
    assert outcomes(receipts) == [Outcome.RETRY, Outcome.SENT]
    assert ("leaving", 1, None) not in notes.entries


def test_a_break_after_the_dot_is_unknown_and_never_repeated(smtp_server: SmtpServer, send: Send, notes: Notes):
    smtp_server.script.drops.append("after dot")
    receipts = send(smtp_server, mail(1), mail(2))
    assert outcomes(receipts) == [Outcome.UNKNOWN, Outcome.SENT]
    assert receipts[0].error == "Ambiguous"
    assert smtp_server.recipients() == ["person1@example.org", "person2@example.org"]
    assert notes.open() == {1}


def test_no_answer_after_the_dot_is_unknown(smtp_server: SmtpServer, permit, notes: Notes, account):
    smtp_server.script.delays["."] = 3
    hasty = SmtpConnector(allow_hosts=LOCAL, timeout=5, dot_timeout=0.3)
    receipts = list(hasty.perform(permit, [mail(1)], account=account(smtp_server.port), in_flight=notes))
    assert outcomes(receipts) == [Outcome.UNKNOWN]
    assert notes.open() == {1}


@pytest.mark.parametrize("moment", ["MAIL", "RCPT"])
def test_a_break_in_the_envelope_of_a_used_connection_is_tried_again_at_once(smtp_server: SmtpServer, send, moment):
    messages = iter([mail(1), mail(2), mail(3)])

    def pulled() -> Iterator[OutgoingMail]:
        yield next(messages)
        smtp_server.script.drops.append(moment)
        yield from messages

    receipts = send(smtp_server, pulled())
    assert outcomes(receipts) == [Outcome.SENT] * 3
    assert sorted(smtp_server.recipients()) == [f"person{number}@example.org" for number in (1, 2, 3)]


def test_a_server_that_takes_few_messages_per_connection_gets_new_connections(smtp_server: SmtpServer, send: Send):
    smtp_server.script.messages_per_connection = 3
    receipts = send(smtp_server, *(mail(number) for number in range(1, 11)))
    assert outcomes(receipts) == [Outcome.SENT] * 10
    assert sorted(smtp_server.recipients()) == sorted(f"person{number}@example.org" for number in range(1, 11))
    assert smtp_server.connections == 4


def test_messages_are_pulled_one_at_a_time(smtp_server: SmtpServer, connector, permit, notes, account):
    pulled: list[int] = []

    def messages() -> Iterator[OutgoingMail]:
        for number in range(1, 6):
            pulled.append(number)
            yield mail(number)

    receipts = connector.perform(permit, messages(), account=account(smtp_server.port), in_flight=notes)
    assert pulled == []
    assert next(receipts).outcome is Outcome.SENT
    assert pulled == [1]
    assert len(smtp_server.messages) == 1
    receipts.close()
    assert pulled == [1]
    assert len(smtp_server.messages) == 1


def test_a_server_that_is_down_raises_before_anything_is_pulled(
    smtp_server: SmtpServer, connector, permit, notes, account
):
    smtp_server.pause()
    pulled: list[OutgoingMail] = []
    messages = (pulled.append(mail(1)) or mail(1) for _ in range(1))
    with pytest.raises(provider_errors.Transient) as caught:
        list(connector.perform(permit, messages, account=account(smtp_server.port), in_flight=notes))
    assert caught.value.field == "port"
    assert "does not answer" in caught.value.message
    assert pulled == []


def test_a_server_that_goes_down_in_the_middle_leaves_no_message_without_receipt(
    smtp_server, connector, permit, notes, account
):
    def messages() -> Iterator[OutgoingMail]:
        yield mail(1)
        smtp_server.pause()
        yield mail(2)
        yield mail(3)

    receipts: list[Receipt] = []
    with pytest.raises(provider_errors.Transient):
        receipts.extend(connector.perform(permit, messages(), account=account(smtp_server.port), in_flight=notes))
    assert [(receipt.delivery_id, receipt.outcome) for receipt in receipts] == [
        (1, Outcome.SENT),
        (2, Outcome.RETRY),
        (3, Outcome.RETRY),
    ]
    assert not notes.open()


def test_mail_leaves_encrypted_and_signed_in(protected: SmtpServer, secure, permit, notes, account):
    opened = account(protected.port, security="starttls", username="ann", password="s3cret")
    receipts = list(secure.perform(permit, [mail(1)], account=opened, in_flight=notes))
    assert outcomes(receipts) == [Outcome.SENT]
    assert (protected.messages[0].is_encrypted, protected.messages[0].user) == (True, "ann")


def test_tls_from_the_start_works_too(start_smtp_server, tls_authority, secure, account):
    server = start_smtp_server(users={"ann": "s3cret"}, tls="implicit", context=tls_authority.context())
    result = secure.probe(account(server.port, security="tls", username="ann", password="s3cret"))
    assert result.is_ok, result.message


def test_the_certificate_must_be_for_the_host_that_was_typed(start_smtp_server, tls_authority, secure, account):
    server = start_smtp_server(tls="starttls", context=tls_authority.context("mail.other.example"))
    result = secure.probe(account(server.port, security="starttls"))
    assert (result.is_ok, result.field) == (False, "host")
    assert "certificate" in result.message


@pytest.mark.parametrize("fault", [{"expired": True}, {"self_signed": True}])
def test_an_expired_or_unknown_certificate_is_refused(start_smtp_server, tls_authority, secure, account, fault):
    server = start_smtp_server(tls="implicit", context=tls_authority.context(**fault))
    result = secure.probe(account(server.port, security="tls"))
    assert (result.is_ok, result.field) == (False, "host")
    assert not server.messages


def test_a_wrong_password_names_the_password(protected: SmtpServer, secure, permit, notes, account):
    opened = account(protected.port, security="starttls", username="ann", password="wrong")
    result = secure.probe(opened)
    assert (result.is_ok, result.field) == (False, "password")
    with pytest.raises(provider_errors.AuthFailed) as caught:
        list(secure.perform(permit, [mail(1)], account=opened, in_flight=notes))
    assert "wrong" not in str(caught.value)
    assert not notes.entries


def test_a_server_that_asks_for_a_name_only_at_the_envelope_stops_the_run(
    smtp_server, connector, permit, notes, account
):
    smtp_server.script.next_senders.append("530 5.7.0 authentication required")
    receipts: list[Receipt] = []
    opened = account(smtp_server.port)
    with pytest.raises(provider_errors.AuthFailed) as caught:
        receipts.extend(connector.perform(permit, [mail(1), mail(2)], account=opened, in_flight=notes))
    assert caught.value.field == "username"
    assert outcomes(receipts) == [Outcome.RETRY]


def test_a_right_probe_names_what_it_found(protected: SmtpServer, secure, account):
    result = secure.probe(account(protected.port, security="starttls", username="ann", password="s3cret"))
    assert result.is_ok
    assert result.facts["tls"].startswith("TLSv1.")
    assert result.facts["pipelining"] == "yes"
    assert not protected.messages


def test_missing_starttls_names_the_encryption(smtp_server: SmtpServer, connector, account):
    result = connector.probe(account(smtp_server.port, security="starttls"))
    assert (result.is_ok, result.field) == (False, "security")


def test_tls_against_a_plain_port_names_the_encryption(smtp_server: SmtpServer, connector, account):
    result = connector.probe(account(smtp_server.port, security="tls"))
    assert (result.is_ok, result.field) == (False, "security")


def test_a_private_server_needs_the_operators_leave(smtp_server: SmtpServer, account):
    result = SmtpConnector(timeout=5).probe(account(smtp_server.port))
    assert (result.is_ok, result.field) == (False, "host")
    assert "LUX_ALLOW_HOSTS" in result.message
    assert smtp_server.connections == 0


def test_a_message_over_the_announced_size_is_not_even_offered(start_smtp_server, send: Send):
    server = start_smtp_server(max_size=2000)
    receipts = send(server, mail(1, body=b"x" * 3000), mail(2))
    assert outcomes(receipts) == [Outcome.FAILED, Outcome.SENT]
    assert receipts[0].error == "Invalid"


def test_an_international_domain_goes_as_punycode(smtp_server: SmtpServer, send: Send):
    assert outcomes(send(smtp_server, mail(1, to="ann@bücher.example"))) == [Outcome.SENT]
    assert smtp_server.recipients() == ["ann@xn--bcher-kva.example"]


@pytest.mark.parametrize(
    "address", ["jürgen@example.org", "a b@example.org", "a@b@", "x@y.example\r\nRCPT TO:<z@y.example>"]
)
def test_an_address_no_server_takes_fails_alone(smtp_server: SmtpServer, send: Send, address: str):
    bad = OutgoingMail(delivery_id=1, mail_from="news@shop.example", rcpt_to=address, message=b"A: b\r\n\r\nc\r\n")
    receipts = send(smtp_server, bad, mail(2))
    assert outcomes(receipts) == [Outcome.FAILED, Outcome.SENT]
    assert smtp_server.recipients() == ["person2@example.org"]


def test_the_password_never_shows_in_a_receipt(protected: SmtpServer, secure, permit, notes, account):
    protected.script.next_messages.append("554 5.7.1 rejected s3cret")
    opened = account(protected.port, security="starttls", username="ann", password="s3cret")
    receipts = list(secure.perform(permit, [mail(1)], account=opened, in_flight=notes))
    assert "s3cret" not in receipts[0].message


def test_smtp_sink_takes_everything_once(smtp_sink: SmtpSink, send: Send):
    receipts = send(smtp_sink, *(mail(number, body=b".dot\r\n.") for number in range(1, 201)))
    assert outcomes(receipts) == [Outcome.SENT] * 200
    assert sorted(smtp_sink.recipients()) == sorted(f"person{number}@example.org" for number in range(1, 201))


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        (("-r", "RCPT"), Outcome.RETRY),
        (("-f", "RCPT", "-B", "550 5.1.1 unknown user"), Outcome.REFUSED),
        (("-f", "RCPT", "-B", "550 5.7.1 blocked"), Outcome.FAILED),
        (("-f", "."), Outcome.FAILED),
        (("-A", "0"), Outcome.FAILED),
        (("-q", "."), Outcome.UNKNOWN),
        (("-q", "RCPT"), Outcome.RETRY),
        (("-Q", "MAIL"), Outcome.RETRY),
        (("-e", "-p"), Outcome.SENT),
    ],
)
def test_another_servers_faults_mean_the_same(start_smtp_sink, send: Send, flags: tuple[str, ...], wanted: Outcome):
    sink = start_smtp_sink(*flags)
    receipts = send(sink, mail(1))
    assert outcomes(receipts) == [wanted]


def test_the_schema_declares_a_secret_password(connector: SmtpConnector):
    fields = {item.name: item for item in connector.schema.fields}
    assert fields["password"].is_secret
    assert not fields["host"].is_secret
    assert {"host", "port", "security", "username", "password"} <= fields.keys()
