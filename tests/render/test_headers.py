"""Header lines read back as what went in, whatever was typed."""

from __future__ import annotations

import quopri
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lux.kit.errors import InvalidInput
from lux.render.addresses import wire_address
from lux.render.encode import crlf, qp, qp_value
from lux.render.headers import address_header, check_line, clean, text_header

TEXTS = st.text(max_size=300) | st.lists(st.sampled_from('ab ä=?"<>,;\\()\r\n\t\x00\u2028'), max_size=200).map("".join)


def shown(text: str) -> str:
    return clean(text).encode("utf-8", "replace").decode()


@given(TEXTS)
def test_a_subject_reads_back_on_short_lines(text: str):
    raw = text_header("Subject", text)
    message = message_from_bytes(raw + b"\r\n", policy=policy.default)
    assert message.keys() == ["Subject"]
    assert message["Subject"] == shown(text)
    for line in raw.split(b"\r\n"):
        assert len(line) <= 76 or b" " not in line.strip().removeprefix(b"Subject: ")
        assert len(line) < 998


@given(TEXTS)
def test_a_display_name_reads_back_and_adds_no_address(text: str):
    message = message_from_bytes(address_header("From", "a@b.example", text) + b"\r\n", policy=policy.default)
    assert message.keys() == ["From"]
    assert [item.addr_spec for item in message["From"].addresses] == ["a@b.example"]
    assert message["From"].addresses[0].display_name.split() == shown(text).split()


@given(TEXTS)
def test_a_typed_line_is_one_line_or_refused(text: str):
    try:
        checked = check_line(text, field="from_name")
    except InvalidInput:
        assert not text.isprintable()
        return
    assert len(checked.splitlines()) <= 1


@given(st.text(max_size=400))
def test_quoted_printable_reads_back_on_short_lines(text: str):
    encoded = qp(crlf(text))
    assert quopri.decodestring(encoded) == crlf(text)
    assert max(map(len, encoded.split(b"\r\n"))) <= 76


@given(st.lists(st.text(max_size=120), max_size=6), st.text(max_size=120))
def test_values_put_together_read_back(values: list[str], tail: str):
    encoded = b"".join(qp_value(value) for value in values) + qp(crlf(tail))
    assert quopri.decodestring(encoded) == b"".join(crlf(value) for value in values) + crlf(tail)
    assert max(map(len, encoded.split(b"\r\n"))) <= 76


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("ann@example.org", "ann@example.org"),
        ("Ann.O'Hara+x@Example.ORG", "Ann.O'Hara+x@example.org"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@BÜCHER.example", "ann@xn--bcher-kva.example"),
        ("a@localhost", "a@localhost"),
    ],
)
def test_addresses_are_made_ready_for_the_wire(address: str, wire: str):
    assert wire_address(address) == wire


@pytest.mark.parametrize(
    "address",
    [
        *(
            "",
            "a",
            "@b.example",
            "a@",
            "a@b@c.example",
            "a b@c.example",
            ".a@b.example",
            "a..b@c.example",
            "a.@b.example",
        ),
        *("a@b..example", "a@-b.example", "a@b_c.example", "jürgen@b.example", "a@b.example\r\nBcc: x@y.example"),
        *(
            "a@b.example\n",
            " a@b.example",
            '"a b"@c.example',
            "<a@b.example>",
            "a@[127.0.0.1]",
            "x" * 65 + "@b.example",
        ),
        *(
            "a@" + "b" * 250 + ".example",
            "a,b@c.example",
            "a;b@c.example",
            "a:b@c.example",
            "a@b.example>",
            "a\x00@b.example",
        ),
    ],
)
def test_what_is_no_address_is_refused_with_its_field(address: str):
    with pytest.raises(InvalidInput) as caught:
        wire_address(address, field="reply_to")
    assert caught.value.field == "reply_to"
    assert caught.value.fix
    assert "\n" not in caught.value.message
