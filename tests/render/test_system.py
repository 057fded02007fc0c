"""The mails LUX sends on its own behalf."""

from __future__ import annotations

import pytest

from lux.kit.errors import InvalidInput
from lux.kit.i18n import use_locale
from lux.render.system import PARAMS, render_system

VALUES = {
    "url": "https://lux.example/r/abc?x=1&y=2",
    "minutes": "30",
    "days": "7",
    "company": "A <b> & Co",
    "inviter": "Ann",
    "name": "Cleo",
    "role": "viewer",
    "sender": "news@shop.example",
    "code": "123456",
    "title": "Spring",
    "author": "Bob",
    "recipients": "1200",
    "detail": "The mail server refuses the password.",
}


def params(kind: str, **changes: str) -> dict[str, str]:
    return {name: VALUES[name] for name in PARAMS[kind]} | changes


@pytest.mark.parametrize("kind", sorted(PARAMS))
def test_both_parts_say_the_same_and_everything(kind: str):
    mail = render_system(kind, params(kind), "en")
    assert mail.subject
    if "url" in PARAMS[kind]:
        assert VALUES["url"] in mail.text
        assert 'href="https://lux.example/r/abc?x=1&amp;y=2"' in mail.html
    if "code" in PARAMS[kind]:
        assert "123456" in mail.subject
        assert "123456" in mail.text
        assert "123456" in mail.html
    for name in PARAMS[kind] & {"company", "title", "author", "recipients", "detail", "role", "minutes", "days"}:
        assert VALUES[name] in mail.subject + mail.text
    assert "<b>" not in mail.html
    assert "\n\n\n" not in mail.text


@pytest.mark.parametrize("kind", sorted(PARAMS))
def test_every_word_is_translated(kind: str):
    mail = render_system(kind, params(kind), "en_XA")
    assert mail.subject.startswith("⟦")
    for line in mail.text.splitlines():
        is_value = any(value in line for value in (VALUES["url"], VALUES["code"], VALUES["detail"])) or line in {
            "",
            "--",
        }
        assert is_value or line.startswith("⟦"), line
    assert 'lang="en_XA"' in mail.html


def test_the_present_language_is_used_when_none_is_named():
    with use_locale("en_XA"):
        assert render_system("alert", params("alert")).subject.startswith("⟦")


def test_one_is_not_many():
    assert "1 minute." in render_system("password_reset", params("password_reset", minutes="1"), "en").text


def test_values_break_neither_header_nor_html():
    evil = "x\r\nBcc: a@b.example\n<img src=x onerror=alert(1)> {{ 7*7 }} {% raw %} %s %(x)s"
    mail = render_system("approval_notice", params("approval_notice", title=evil, author=evil), "en")
    assert "\n" not in mail.subject
    assert "<img" not in mail.html
    assert "{{ 7*7 }}" in mail.text


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        ("nothing", {}, "kind"),
        ("password_reset", {"minutes": "soon"}, "minutes"),
        ("password_reset", {"url": "javascript:alert(1)"}, "url"),
    ],
)
def test_what_cannot_be_sent_names_its_value(kind: str, changes: dict[str, str], field: str):
    with pytest.raises(InvalidInput) as caught:
        render_system(kind, params("password_reset", **changes), "en")
    assert caught.value.field == field


def test_a_missing_value_is_named():
    with pytest.raises(InvalidInput) as caught:
        render_system("sender_code", {"company": "x"}, "en")
    assert caught.value.field == "code"
