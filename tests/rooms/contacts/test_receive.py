"""What an uploaded file turns out to be: encoding, line ends, delimiter, header; what is no CSV file is named."""

from __future__ import annotations

import codecs
import io

import pytest

from lux.kit.errors import InvalidInput, TooLarge
from lux.rooms.contacts.importing.receive import SAMPLE, receive
from lux.rooms.contacts.importing.records import records

PEOPLE = "E-mail;Name;Ort\nada@example.com;Ada Müller;Köln\ngrace@example.com;Zoë;Ærø\n"
ROWS = [["E-mail", "Name", "Ort"], ["ada@example.com", "Ada Müller", "Köln"], ["grace@example.com", "Zoë", "Ærø"]]


def taken(body, limit=10**9):
    target = io.BytesIO()
    found = receive(io.BytesIO(body), target, limit=limit)
    assert target.getvalue() == body
    return found


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (PEOPLE.encode(), "utf-8"),
        (PEOPLE.encode("utf-8-sig"), "utf-8"),
        (PEOPLE.encode("cp1252"), "cp1252"),
        (codecs.BOM_UTF16_LE + PEOPLE.encode("utf-16-le"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + PEOPLE.encode("utf-16-be"), "utf-16-be"),
        (PEOPLE.encode("utf-16-le"), "utf-16-le"),
        (PEOPLE.encode("utf-16-be"), "utf-16-be"),
        (PEOPLE.replace("\n", "\r\n").encode(), "utf-8"),
        (PEOPLE.replace("\n", "\r").encode(), "utf-8"),
        (b"sep=;\n" + PEOPLE.encode(), "utf-8"),
        (b"\n\n" + PEOPLE.encode(), "utf-8"),
    ],
)
def test_encodings_marks_and_line_ends(body, encoding):
    found = taken(body)
    assert (found.dialect.encoding, found.dialect.delimiter, found.dialect.has_header) == (encoding, ";", True)
    assert [record.cells for record in records(io.BytesIO(body), found.dialect)] == ROWS
    assert found.dialect.columns == 3


def test_one_accent_after_a_million_plain_bytes_decides_the_encoding():
    plain = b"email,name\n" + b"a@example.com,Anna\n" * 60_000
    assert taken(plain).dialect.encoding == "utf-8"
    assert taken(plain + "b@example.com,Zoë\n".encode("cp1252")).dialect.encoding == "cp1252"
    assert taken(plain + "b@example.com,Zoë\n".encode()).dialect.encoding == "utf-8"


def test_a_letter_cut_by_the_end_of_a_block_is_still_utf8():
    row = "ü" * 1000
    body = ("email,name\n" + f"a@example.com,{row}\n" * 400).encode()
    assert taken(body).dialect.encoding == "utf-8"
    assert len(body) > 2 * SAMPLE


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n3,4\n", ","),
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";"),
        ("a\tb\n1\t2, and more\n", "\t"),
        ("a|b|c\n1|2|3\n", "|"),
        ('name,note\n"Ada","one; two; three"\n"Bo","x; y; z"\n', ","),
        ("email\nada@example.com\n", ","),
    ],
)
def test_delimiters(text, delimiter):
    assert taken(text.encode()).dialect.delimiter == delimiter


@pytest.mark.parametrize(
    ("text", "has_header"),
    [
        ("email,name\na@example.com,Ada\n", True),
        ("a@example.com,Ada\nb@example.com,Bo\n", False),
        ("Ada,030 123456\nBo,030 987654\n", False),
        ("name,name\nAda,Bo\n", False),
        ("email\na@example.com\n", True),
    ],
)
def test_headers(text, has_header):
    assert taken(text.encode()).dialect.has_header is has_header


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"\n \r\n\t\n", "empty"),
        (b",,,\n,,,\n", "empty"),
        (codecs.BOM_UTF8, "empty"),
        (b"\xd0\xcf\x11\xe0" + bytes(200), "old Excel"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x1f\x8b\x08" + bytes(50), "compressed"),
        (b"abc\x00\x00\x00\x00def\x01" * 50, "not a text file"),
        ("a,b\n".encode("utf-32"), "UTF-32"),
    ],
)
def test_what_is_no_csv_file_is_named(body, words):
    with pytest.raises(InvalidInput, match=words) as caught:
        taken(body)
    assert caught.value.field == "file"
    assert caught.value.fix or words == "empty"


def test_a_few_nul_bytes_are_a_matter_of_their_rows():
    body = b"email,name\n" + b"a@example.com,An\x00na\n" + b"b@example.com,Bob\n" * 50
    assert taken(body).dialect.encoding == "utf-8"


def test_a_file_beyond_the_limit_is_refused_while_it_comes():
    with pytest.raises(TooLarge, match="1 MiB"):
        receive(io.BytesIO(b"a,b\n" * 400_000), io.BytesIO(), limit=2**20)
