"""The servers tests rely on do what their fixtures promise."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time

import psycopg
import pymysql
import pytest

from lux.kit.db import schema
from lux.kit.db.engine import make_engine

MAIL = "From: a@shop.test\r\nTo: b@mail.test\r\nSubject: Hello\r\n\r\nOne\r\n.two\r\n"


def test_a_postgresql_database_is_fresh_and_its_owner_is_no_superuser(pg_url):
    with psycopg.connect(pg_url.replace("+psycopg", "")) as connection:
        assert not connection.execute("SELECT 1 FROM pg_tables WHERE schemaname='public'").fetchall()
        role = connection.execute("SELECT rolname, rolsuper FROM pg_roles WHERE rolname = current_user")
        assert role.fetchone() == ("lux", False)
        connection.execute("CREATE TABLE mine (id int)")


def test_a_postgresql_template_is_filled_once_and_copied(postgres):
    filled = []

    def fill(url):
        filled.append(url)
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            connection.execute("CREATE TABLE from_template (id int)")

    name = f"template_{time.time_ns()}"
    for _ in range(2):
        template = postgres.template(name, fill)
        copy = postgres.create(template=template)
        with psycopg.connect(postgres.url(copy).replace("+psycopg", "")) as connection:
            assert connection.execute("SELECT count(*) FROM from_template").fetchone() == (0,)
        postgres.drop(copy)
    assert len(filled) == 1


def test_a_mariadb_database_is_fresh(mariadb_url):
    port, _, name = mariadb_url.removesuffix("?charset=utf8mb4").partition("127.0.0.1:")[2].partition("/")
    with (
        pymysql.connect(host="127.0.0.1", port=int(port), user="root", database=name) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SHOW TABLES")
        assert cursor.fetchall() == ()


def test_a_migrated_database_has_the_present_schema(migrated_url):
    engine = make_engine(migrated_url)
    assert schema.present(engine) == schema.newest()
    engine.dispose()


def test_both_databases_stand_behind_db_url(db_url):
    assert db_url.startswith(("sqlite:///", "postgresql+psycopg://"))


def test_the_sink_records_each_accepted_message_once(smtp_sink):
    with smtplib.SMTP(smtp_sink.host, smtp_sink.port) as client:
        client.sendmail("a@shop.test", ["b@mail.test", "c@mail.test"], MAIL)
        client.sendmail("a@shop.test", ["d@mail.test"], MAIL)
    assert smtp_sink.count() == 2
    taken = {message.recipients: message for message in smtp_sink.messages()}
    assert set(taken) == {("b@mail.test", "c@mail.test"), ("d@mail.test",)}
    message = taken["d@mail.test",]
    assert message.mail_from == "a@shop.test"
    assert message.message["Subject"] == "Hello"
    assert message.raw.rstrip() == MAIL.replace("\r\n", "\n").encode().rstrip()
    assert sorted(smtp_sink.recipients()) == ["b@mail.test", "c@mail.test", "d@mail.test"]


def test_the_sink_forgets_a_message_that_was_broken_off(smtp_sink):
    client = smtplib.SMTP(smtp_sink.host, smtp_sink.port)
    client.ehlo()
    client.mail("a@shop.test")
    client.rcpt("b@mail.test")
    client.putcmd("data")
    client.getreply()
    client.send(b"Subject: half\r\n\r\nno end")
    client.close()
    time.sleep(0.1)
    assert smtp_sink.messages() == []


def test_nothing_but_this_machine_has_an_address():
    with pytest.raises(RuntimeError, match="loopback"):
        socket.getaddrinfo("mail.example.com", 25)


def test_a_connection_to_another_machine_is_refused():
    with pytest.raises(Exception, match=r"192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 25), timeout=1)


@pytest.mark.parametrize("options", [{"expired": True}, {"self_signed": True}, {"hosts": "other.test"}])
def test_a_bad_certificate_is_refused_by_a_client_that_trusts_the_authority(options, tls_authority, start_smtp_server):
    hosts = [options.pop("hosts")] if "hosts" in options else []
    context = tls_authority.context(*hosts, **options)
    server = start_smtp_server(tls="implicit", context=context)
    trust = ssl.create_default_context(cafile=str(tls_authority.ca_file))
    with pytest.raises(ssl.SSLCertVerificationError):
        smtplib.SMTP_SSL(server.host, server.port, context=trust)


def test_a_page_reports_console_errors_and_foreign_requests(browser):
    from tests.services.chromium import Pages

    made = Pages(browser)
    page = made.open("http://127.0.0.1:9")
    page.route("**/*", lambda route: route.fulfill(body="<h1>Hi</h1>", content_type="text/html"))
    page.goto("/")
    page.evaluate("console.error('broken'); fetch('http://other.test/x')")
    page.evaluate("setTimeout(() => { throw new Error('thrown') }, 0)")
    page.wait_for_timeout(200)
    made.watch.allow("^exception: thrown")
    with pytest.raises(AssertionError, match=r"broken(?s:.)*foreign request: http://other"):
        made.close()
    assert not any("thrown" in fault for fault in made.watch.faults())


def test_a_redis_database_is_nobody_elses(redis):
    from redis import Redis

    first, second = Redis.from_url(redis.url()), Redis.from_url(redis.url())
    with first, second:
        first.set("mine", "1")
        assert (second.get("mine"), second.dbsize()) == (None, 0)
