"""The headers that say what a browser may do with our pages."""

from __future__ import annotations

import re

import pytest
from flask import Flask, Response

from lux.ui import csp

PLACES = {"default-src", "script-src", "style-src", "img-src", "font-src", "connect-src", "frame-src"}


@pytest.fixture
def app():
    app = Flask("lux")
    csp.register(app)
    app.add_url_rule("/", "page", lambda: f"{csp.nonce()} {csp.nonce()}")
    app.add_url_rule("/preview", "preview", lambda: csp.use_mail_preview_policy(Response("<p style='color:red'>")))
    return app


@pytest.fixture
def client(app):
    return app.test_client()


def policy(response):
    parts = (part.strip().split(" ", 1) for part in response.headers[csp.HEADER].split(";"))
    return {part[0]: part[1] if len(part) > 1 else "" for part in parts}


def test_everything_comes_from_here_and_nothing_is_inline(client):
    found = policy(client.get("/"))
    assert found.keys() >= PLACES
    for place in PLACES:
        sources = set(re.sub(r"'nonce-[\w-]+'", "", found[place]).split())
        assert sources <= {"'self'", "data:"}, place
    assert "data:" not in found["script-src"]


@pytest.mark.parametrize(
    ("directive", "value"),
    [("object-src", "'none'"), ("base-uri", "'none'"), ("form-action", "'self'"), ("frame-ancestors", "'none'")],
)
def test_the_ways_around_are_closed(client, directive, value):
    assert policy(client.get("/"))[directive] == value


def test_a_nonce_is_one_per_request_and_never_the_same(client):
    first, second = client.get("/"), client.get("/")
    one, again = first.text.split()
    assert one == again
    assert f"'nonce-{one}'" in first.headers[csp.HEADER]
    assert one not in second.text
    assert len(one) >= 22


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "strict-origin-when-cross-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("X-Frame-Options", "DENY"),
    ],
)
def test_the_companions_are_there(client, name, value):
    assert client.get("/").headers[name] == value


def test_errors_carry_the_headers_too(client):
    assert csp.HEADER in client.get("/none").headers


def test_https_is_remembered_only_over_https(client):
    assert "Strict-Transport-Security" not in client.get("/").headers
    kept = client.get("/", base_url="https://lux.example").headers["Strict-Transport-Security"]
    assert kept.startswith("max-age=31536000")


def test_a_mail_preview_is_sandboxed_and_may_stand_in_our_frame(client):
    response = client.get("/preview")
    found = policy(response)
    assert found["sandbox"] == ""
    assert found["default-src"] == "'none'"
    assert found["style-src"] == "'unsafe-inline'"
    assert found["frame-ancestors"] == "'self'"
    assert "script-src" not in found
    assert "X-Frame-Options" not in response.headers
