"""The SMTP emulator keeps to the protocol and breaks it exactly as scripted."""

from __future__ import annotations

import smtplib
import ssl
import time

import pytest

MAIL = "From: a@shop.test\r\nTo: b@mail.test\r\nSubject: Hello\r\n\r\nOne\r\n.two\r\n"
A, B, C = "a@shop.test", "b@mail.test", "c@mail.test"


def send(server, *recipients, client=None):
    with client or smtplib.SMTP(server.host, server.port, timeout=5) as connection:
        return connection.sendmail(A, list(recipients or [B]), MAIL)


def test_it_records_a_message_with_its_envelope(smtp_server):
    send(smtp_server, B, C)
    (taken,) = smtp_server.messages
    assert (taken.mail_from, taken.recipients) == (A, (B, C))
    assert taken.message["Subject"] == "Hello"
    assert taken.raw.endswith(b"One\r\n.two\r\n")
    assert (taken.connection, taken.is_encrypted, taken.user) == (1, False, None)


def test_it_counts_connections_so_that_reuse_shows(smtp_server):
    with smtplib.SMTP(smtp_server.host, smtp_server.port) as client:
        client.sendmail(A, [B], MAIL)
        client.sendmail(A, [C], MAIL)
    assert smtp_server.connections == 1
    assert [taken.connection for taken in smtp_server.messages] == [1, 1]


def test_it_refuses_the_recipients_it_was_told_to(smtp_server):
    smtp_server.script.recipients[C] = ["550 5.1.1 no such user"]
    assert send(smtp_server, B, C) == {C: (550, b"5.1.1 no such user")}
    assert smtp_server.recipients() == [B]


def test_it_puts_off_a_recipient_and_takes_it_later(smtp_server):
    smtp_server.script.recipients[B] = ["451 4.7.1 later", "250 OK"]
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(smtp_server)
    send(smtp_server)
    assert smtp_server.recipients() == [B]


def test_it_puts_off_the_next_recipients_whoever_they_are(smtp_server):
    smtp_server.script.next_recipients.extend(["452 4.2.2 full"] * 2)
    assert set(send(smtp_server, B, C, "d@mail.test")) == {B, C}


def test_it_refuses_a_sender_and_a_message_once(smtp_server):
    smtp_server.script.next_senders.append("553 5.7.1 not yours")
    with pytest.raises(smtplib.SMTPSenderRefused):
        send(smtp_server)
    smtp_server.script.next_messages.append("554 5.7.1 spam")
    with pytest.raises(smtplib.SMTPDataError):
        send(smtp_server)
    send(smtp_server)
    assert len(smtp_server.messages) == 1


@pytest.mark.parametrize(
    ("moment", "taken"),
    [("connect", 0), ("MAIL", 0), ("RCPT", 0), ("before dot", 0), ("DATA", 0), ("after dot", 1)],
)
def test_it_breaks_the_connection_at_the_moment_named(smtp_server, moment, taken):
    smtp_server.script.drops.append(moment)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(smtp_server)
    assert len(smtp_server.messages) == taken
    send(smtp_server)
    assert len(smtp_server.messages) == taken + 1


def test_it_answers_late(smtp_server):
    smtp_server.script.delays["."] = 0.3
    began = time.monotonic()
    send(smtp_server)
    assert time.monotonic() - began >= 0.3


def test_it_hangs_up_after_its_quota_of_messages(smtp_server):
    smtp_server.script.messages_per_connection = 1
    client = smtplib.SMTP(smtp_server.host, smtp_server.port)
    client.sendmail(A, [B], MAIL)
    with pytest.raises((smtplib.SMTPException, ConnectionError)):
        client.sendmail(A, [B], MAIL)
    client.close()
    assert len(smtp_server.messages) == 1


def test_it_goes_away_and_comes_back_on_the_same_port(smtp_server):
    smtp_server.pause()
    with pytest.raises(ConnectionError):
        send(smtp_server)
    smtp_server.resume()
    send(smtp_server)
    assert len(smtp_server.messages) == 1


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_it_wants_the_right_password(start_smtp_server, mechanism):
    server = start_smtp_server(users={"lux": "secret"})
    with smtplib.SMTP(server.host, server.port) as client:
        with pytest.raises(smtplib.SMTPSenderRefused):
            client.sendmail(A, [B], MAIL)
        client.user, client.password = "lux", "wrong"
        authorise = getattr(client, f"auth_{mechanism.lower()}")
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.auth(mechanism, authorise)
        client.password = "secret"
        client.auth(mechanism, authorise)
        client.sendmail(A, [B], MAIL)
    assert server.messages[0].user == "lux"


def test_it_speaks_starttls_and_hides_auth_before_it(start_smtp_server, tls_authority):
    server = start_smtp_server(users={"lux": "secret"}, tls="starttls", context=tls_authority.context())
    with smtplib.SMTP(server.host, server.port) as client:
        client.ehlo()
        assert not client.has_extn("auth")
        client.starttls(context=ssl.create_default_context(cafile=str(tls_authority.ca_file)))
        client.login("lux", "secret")
        client.sendmail(A, [B], MAIL)
    assert server.messages[0].is_encrypted


def test_it_speaks_tls_from_the_first_byte(start_smtp_server, tls_authority):
    server = start_smtp_server(tls="implicit", context=tls_authority.context())
    trust = ssl.create_default_context(cafile=str(tls_authority.ca_file))
    send(server, client=smtplib.SMTP_SSL(server.host, server.port, context=trust))
    assert server.messages[0].is_encrypted


def test_it_understands_pipelined_commands(smtp_server):
    with smtplib.SMTP(smtp_server.host, smtp_server.port) as client:
        client.ehlo()
        assert client.has_extn("pipelining")
        client.send(f"MAIL FROM:<{A}>\r\nRCPT TO:<{B}>\r\nRCPT TO:<{C}>\r\nDATA\r\n")
        assert [client.getreply()[0] for _ in range(4)] == [250, 250, 250, 354]
        client.send("Subject: x\r\n\r\ny\r\n.\r\nMAIL FROM:<>\r\n")
        assert [client.getreply()[0] for _ in range(2)] == [250, 250]
    assert smtp_server.recipients() == [B, C]
