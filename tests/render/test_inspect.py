"""What people are told about a mail before it goes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lux.render.findings import Finding, Severity
from lux.render.inspect import CLIP_BYTES, clip_size, inspect_mail
from lux.render.mime import MailTemplate

KNOWN = {"first_name", "custom.size", "products"}
GOOD = MailTemplate(
    subject='News for {{ first_name | default: "you" }}',
    preview_text="What is new",
    html=(
        '<html lang="en"><body><p>Hello {{ first_name | default: "you" }}</p>'
        '<a href="https://shop.example">Shop</a><img src="https://shop.example/a.png" alt="A shop">'
        '<p>{{ postal_address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>'
    ),
    from_name="Shop",
    from_email="news@shop.example",
)


def look(**changes: str) -> list[Finding]:
    return inspect_mail(replace(GOOD, **changes), known_fields=KNOWN)  # type: ignore[arg-type]


def codes(findings: list[Finding]) -> set[str]:
    return {item.code for item in findings}


def with_body(extra: str) -> str:
    return GOOD.html.replace("</body>", f"{extra}</body>")


def test_a_good_mail_has_no_findings():
    assert look() == []


@pytest.mark.parametrize(
    ("extra", "code", "severity"),
    [
        ("<img src='https://x.example/a.png'>", "alt_missing", Severity.WARNING),
        ("<img alt='' src='a.png'>", "picture_address", Severity.ERROR),
        ("<img alt=''>", "picture_address", Severity.ERROR),
        ("<img alt='' src='data:image/png;base64,AAAA'>", "picture_embedded", Severity.WARNING),
        ("<img alt='' src='http://x.example/a.png'>", "picture_insecure", Severity.WARNING),
        ("<a href=''>x</a>", "link_empty", Severity.WARNING),
        ("<a href='#'>x</a>", "link_empty", Severity.WARNING),
        ("<a href='/shop'>x</a>", "link_address", Severity.ERROR),
        ("<a href='javascript:alert(1)'>x</a>", "link_address", Severity.ERROR),
        ("<a href='https://'>x</a>", "link_address", Severity.ERROR),
        ("<a href='http://localhost:5000/x'>x</a>", "link_unreachable", Severity.ERROR),
        ("<a href='http://x.example'>x</a>", "link_insecure", Severity.INFO),
        ("<a href='https://x.example'> </a>", "link_silent", Severity.WARNING),
        ("<a href='https://x.example'><img alt='' src='https://x.example/a.png'></a>", "link_silent", Severity.WARNING),
        ("<a href='https://x.example/{{ first_name }}'>x</a>", "link_not_counted", Severity.INFO),
        ("<form action='https://x.example'></form>", "element_dropped", Severity.WARNING),
        ("<script>x</script>", "element_dropped", Severity.WARNING),
        ("<link rel='stylesheet' href='https://x.example/a.css'>", "stylesheet_linked", Severity.WARNING),
        ("{{ first_nam }}", "field_unknown", Severity.ERROR),
        ("{{ lux.click }}", "field_reserved", Severity.ERROR),
        ("{{ custom.size }}", "field_without_fallback", Severity.INFO),
        ("{% if x %}", "template_problem", Severity.ERROR),
        ("x" * CLIP_BYTES, "clipped", Severity.WARNING),
    ],
)
def test_each_fault_is_found(extra: str, code: str, severity: Severity):
    findings = [item for item in look(html=with_body(extra)) if item.code == code]
    assert [item.severity for item in findings] == [severity]
    assert findings[0].message
    assert findings[0].fix
    assert findings[0].field == "html"


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("", "subject_missing"),
        ("BIG SALE TODAY ONLY", "subject_capitals"),
        ("x" * 80, "subject_long"),
        ("Hello!!!", "subject_shouting"),
        ("Re: your order", "subject_fake_reply"),
        ("Act now", "spam_words"),
    ],
)
def test_a_subject_is_looked_at(subject: str, code: str):
    assert code in codes(look(subject=subject))


def test_duties_are_errors_in_every_part():
    findings = look(html=with_body("").replace("{{ postal_address }}", "").replace("{{ unsubscribe_url }}", "#x"))
    assert {"unsubscribe_missing", "postal_address_missing"} <= codes(findings)
    own_text = look(text="Hello")
    assert {(item.code, item.field) for item in own_text} == {
        ("unsubscribe_missing", "text"),
        ("postal_address_missing", "text"),
    }


def test_a_mail_that_is_no_marketing_has_no_duties():
    findings = inspect_mail(replace(GOOD, html="<html lang='en'><p>x</p>"), known_fields=KNOWN, is_marketing=False)
    assert not {"unsubscribe_missing", "postal_address_missing"} & codes(findings)


def test_a_missing_preview_and_language_are_mentioned():
    assert codes(look(preview_text="", html=GOOD.html.replace(' lang="en"', ""))) == {
        "preview_missing",
        "language_missing",
    }


def test_what_stops_the_mail_stands_first_and_names_its_line():
    findings = look(html=with_body("\n\n<a href='http://x.example'>x</a>\n{{ nope }}"))
    assert findings[0].code == "field_unknown"
    assert findings[0].line == 4
    assert findings[-1].severity is Severity.INFO


def test_names_of_a_loop_are_no_merge_fields():
    findings = look(html=with_body("{% for p in products %}{{ p.name }}{{ forloop.index }}{% endfor %}"))
    assert [(item.code, item.tag) for item in findings] == [("field_without_fallback", "products")]


def test_size_counts_bytes():
    assert clip_size("ä€") == 5
