"""What is logged holds no secret and no address, and no line can be forged: canaries are planted everywhere."""

from __future__ import annotations

import base64
import io
import json
import logging
import warnings
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import structlog
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from lux.kit import logs, redaction
from lux.kit.settings import Settings

SECRET = 'hunter-canary "22"/äß+'
ADDRESS = "anna.canary@example.com"


@pytest.fixture(autouse=True)
def _apart() -> Iterator[None]:
    """Begin without the secrets of other tests, and give back the process's logging and its list as they were."""
    root, before = logging.getLogger(), redaction._secrets
    redaction._secrets = ()
    logging.captureWarnings(capture=False)  # another test may have begun that and lost it with pytest's own catching
    handlers, level = root.handlers[:], root.level
    yield
    redaction._secrets = before
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


class Logged(io.StringIO):
    """What was written, as lines and as JSON."""

    def lines(self) -> list[str]:
        return self.getvalue().splitlines()

    def last(self) -> dict[str, object]:
        return json.loads(self.lines()[-1])


def configured(tmp_path, kind="json", **more) -> Logged:
    out = Logged()
    logs.configure(Settings(home=tmp_path, log_format=kind, **more), stream=out)
    return out


@pytest.fixture(params=["json", "text"])
def out(request, tmp_path) -> Logged:
    return configured(tmp_path, request.param)


def test_a_link_with_a_token_is_hidden_in_addresses():
    """A server's log says which page was asked for; who reads the log must not get in by it."""
    token = "PISYjSb2ikVVGbEZWpii504WVdMLXuy5AtNJBaDFS6g"
    said = redaction.redact(f"GET /review/link/{token} HTTP/1.1, /invitation/{token}?x=1, /contacts/new")
    assert said == "GET /review/link/[hidden] HTTP/1.1, /invitation/[hidden]?x=1, /contacts/new"


def inner():
    raise KeyError(f"inner {SECRET}")


def nested():
    try:
        inner()
    except KeyError as error:
        raise ValueError(f"outer {SECRET} for {ADDRESS}\nFORGED line") from error


def test_a_registered_secret_is_nowhere(out):
    logs.register_secret(SECRET)
    log, plain = structlog.get_logger("lux.test"), logging.getLogger("somewhere.else")
    words = f"said {SECRET}"
    log.info(words, value=SECRET, deep={"a": [SECRET, {"b": SECRET}], SECRET: 1})
    log.info("forms", url=f"https://x/?q={quote(SECRET)}", b64=base64.b64encode(SECRET.encode()).decode())
    log.info("json", text=json.dumps({"k": SECRET}), shown=repr(SECRET), raw=SECRET.encode())
    plain.warning("plain %s", SECRET)
    for logger in (log, plain):
        try:
            nested()
        except ValueError:
            logger.exception("it failed with %s", SECRET)
    written = out.getvalue()
    assert written.count("[hidden]") >= 12
    for canary in ("canary", "hunter", quote('22"/äß'), base64.b64encode(SECRET.encode()).decode()[:12]):
        assert canary not in written


def test_a_trace_is_kept_and_clean(out):
    logs.register_secret(SECRET)
    try:
        nested()
    except ValueError:
        structlog.get_logger().exception("oops")
    written = out.getvalue()
    assert "in nested" in written
    assert "ValueError: outer [hidden] for [e-mail]" in written
    assert "KeyError" in written


def test_secrets_of_several_lines_are_hidden_line_by_line():
    key = "-----BEGIN PRIVATE KEY-----\nMIIcanaryAAAA\nBBBBcanaryBBBB\n-----END PRIVATE KEY-----"
    assert "canary" not in logs.redact(f"key: {key} end")
    logs.register_secret(key)
    assert "canary" not in logs.redact("a line of it: BBBBcanaryBBBB")
    another = key.replace("canary", "parrot")
    assert "parrot" not in logs.redact(f"key: {another} end"), "the frame of a known key still shows where one begins"


@pytest.mark.parametrize(
    "name",
    ["password", "smtp_password", "PASSWORD", "passphrase", "api_key", "X-API-Key", "token", "csrf_token", "secret",
     "client_secret", "Authorization", "cookie", "Set-Cookie", "private_key", "master_keys", "credentials"],
)  # fmt: skip
def test_values_are_hidden_by_name(tmp_path, name):
    out = configured(tmp_path)
    structlog.get_logger().info("x", **{name: "canary", "nested": {name: ["canary"]}})
    assert "canary" not in out.getvalue()
    assert out.last()[name] == "[hidden]"


@pytest.mark.parametrize(
    "words",
    [
        "password=canary1",
        "token: canary1",
        'got {"api_key": "canary1", "a": 1}',
        "Authorization: Bearer canary1canary1",
        "Basic canary1canary1==",
        "postgresql://lux:canary1@db/lux",
        "https://x/reset?token=canary1&next=/",
        "Cookie: sid=canary1",
        "jwt eyJhbGciOi.eyJjYW5hcnki.canary1",
        "client_secret='canary1'",
        "[SQL: INSERT] [parameters: ('canary1', 2)]",
        "DETAIL:  Failing row contains (1, canary1).",
    ],
)
def test_secrets_in_free_text_are_hidden_by_their_shape(words):
    assert "canary1" not in logs.redact(words)


@pytest.mark.parametrize(
    "words",
    [
        f"refused {ADDRESS}",
        f"<{ADDRESS}>",
        f"mailto:{ADDRESS}?subject=x",
        f"Key (email)=({ADDRESS}) already exists.",
        "o'canary+tag@sub.example.co.uk",
        "call +49 170 canary 1234567".replace(" canary", ""),
    ],
)
def test_addresses_of_people_are_hidden(words):
    cleaned = logs.redact(words)
    assert "canary" not in cleaned
    assert "example" not in cleaned
    assert "1234567" not in cleaned


@pytest.mark.parametrize(
    "words",
    [
        "2026-11-23 19:22:01+00:00",
        "job 12 of campaign 0193f2aa-1111-7abc-8000-123456789abc done in 1.25 s",
        "the password is too short",
        "GET /contacts/?sort=-email 200",
        'File "lux/app.py", line 12, in create_app',
        "@media (max-width: 40em)",
    ],
)
def test_what_helps_is_kept(words):
    assert logs.redact(words) == words


def test_bodies_are_left_out(tmp_path):
    out = configured(tmp_path)
    structlog.get_logger().info("x", body="canary", html="<p>canary</p>", payload={"a": "canary"}, raw=b"canary")
    assert "canary" not in out.getvalue()


def test_one_event_is_one_line(tmp_path):
    out = configured(tmp_path, "text")
    forged = "x\n2026-01-01 info lux.audit FORGED\r\nFORGED\u2028FORGED\x1b[2J"
    structlog.get_logger("lux").info(forged, path=forged)
    logging.getLogger("other").warning(forged)
    assert len(out.lines()) == 2
    assert not any(line.lstrip().startswith("FORGED") for line in out.lines())
    assert "\x1b" not in out.getvalue()


def test_a_trace_can_not_forge_a_line(tmp_path):
    out = configured(tmp_path, "text")
    try:
        nested()
    except ValueError:
        structlog.get_logger("lux").exception("oops")
    first, *rest = out.lines()
    assert " error " in first
    assert rest
    assert all(line.startswith("    | ") for line in rest)


def test_json_lines_carry_time_level_logger_event_and_the_ids_of_the_context(tmp_path):
    out = configured(tmp_path)
    with structlog.contextvars.bound_contextvars(request_id="r1", job_id=7):
        structlog.get_logger("lux.a").info("job_done", seconds=0.5)
        logging.getLogger("lux.b").error("plain")
    first, second = (json.loads(line) for line in out.lines())
    assert list(first)[:4] == ["at", "level", "logger", "event"]
    assert first | {"at": ""} == {
        "at": "", "level": "info", "logger": "lux.a", "event": "job_done",
        "request_id": "r1", "job_id": 7, "seconds": 0.5,
    }  # fmt: skip
    assert (second["request_id"], second["job_id"], second["event"]) == ("r1", 7, "plain")


def test_the_level_is_kept(tmp_path):
    out = configured(tmp_path, log_level="warning")
    structlog.get_logger().info("no")
    logging.getLogger("a").info("no")
    structlog.get_logger().warning("yes")
    assert len(out.lines()) == 1


def test_configuring_twice_does_not_log_twice(tmp_path):
    configured(tmp_path)
    out = configured(tmp_path)
    logging.getLogger("a").warning("once")
    assert len(out.lines()) == 1


def test_warnings_are_logged(tmp_path):
    out = configured(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(f"careful {ADDRESS}", UserWarning, stacklevel=1)
    assert "careful [e-mail]" in out.getvalue()


def test_the_installations_own_secrets_are_hidden(tmp_path):
    out = configured(
        tmp_path,
        secret_key="canary-key-1",
        master_keys="k1:Y2FuYXJ5LW1hc3Rlcg==",
        database_url="postgresql+psycopg://lux:canary-db-3@db/lux",
    )
    structlog.get_logger().info("canary-key-1 and Y2FuYXJ5LW1hc3Rlcg== and canary-db-3")
    assert out.last()["event"] == "[hidden] and [hidden] and [hidden]"


def test_what_sqlalchemy_prints_of_its_parameters_is_hidden(out):
    engine, value = create_engine("sqlite://"), SECRET[:13]  # the trace shows this line too
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT * FROM missing WHERE a = :a"), {"a": value})
    except SQLAlchemyError:
        structlog.get_logger().exception("query_failed")
    engine.dispose()
    assert "no such table" in out.getvalue()
    assert "parameters hidden" in out.getvalue()
    assert "canary" not in out.getvalue()


def test_long_values_are_cut(tmp_path):
    out = configured(tmp_path)
    structlog.get_logger().info("x", value="a" * 100_000)
    assert len(out.getvalue()) < 5_000


def test_short_words_are_not_taken_for_secrets():
    logs.register_secret("the")
    assert logs.redact("the end") == "the end"
