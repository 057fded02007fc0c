"""Whatever bytes come: the reader of files gives rows or a typed refusal, the same rows from any place on."""

from __future__ import annotations

import codecs
import csv
import io

from hypothesis import example, given, settings
from hypothesis import strategies as st

from lux.kit.errors import LuxError
from lux.rooms.contacts.importing import cards, convert, guess
from lux.rooms.contacts.importing.dialect import CARDS, Dialect, sample_records, sample_text
from lux.rooms.contacts.importing.plan import Options
from lux.rooms.contacts.importing.receive import receive
from lux.rooms.contacts.importing.records import records
from lux.rooms.contacts.importing.rows import Candidate, Rejection, RowReader

MARKS = {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
WORDS = st.text(st.sampled_from("abcdefghijklmnop äöüßéñ-'.\"\n"), min_size=1, max_size=14)
NAMES = st.lists(st.tuples(WORDS, WORDS), min_size=2, max_size=12)
# A comma or semicolon within a cell is quoted, and must not be taken for the delimiter.
DELIMITERS = st.sampled_from([",", ";", "\t", "|"])


def table(names, width):
    head = ["email", "first name", *(f"column {number}" for number in range(width))]
    return [head, *([f"user{n}@example.com", *pair, *[""] * (width - 1)][: len(head)] for n, pair in enumerate(names))]


def written(rows, encoding, delimiter, end, *, has_mark):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_MINIMAL).writerows(rows)
    mark = MARKS.get(encoding, b"") if has_mark else b""
    return mark + text.getvalue().encode(encoding, errors="replace")


@given(
    NAMES, st.integers(1, 40), st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "cp1252"]), DELIMITERS,
    st.sampled_from(["\n", "\r\n"]), st.booleans(),
)  # fmt: skip
@example([("a", "b"), ("\n", "\n")], 1, "utf-16-be", ";", "\n", False)
@settings(max_examples=200, deadline=None)
def test_a_table_comes_back_whatever_its_dialect(names, width, encoding, delimiter, end, has_mark):  # noqa: PLR0917 - drawn
    rows = table(names, width)
    body = written(rows, encoding, delimiter, end, has_mark=has_mark)
    dialect = receive(io.BytesIO(body), io.BytesIO(), limit=10**9).dialect
    assert (dialect.delimiter, dialect.has_header, dialect.columns) == (delimiter, True, len(rows[0]))
    assert [record.cells for record in records(io.BytesIO(body), dialect)] == rows


@given(st.one_of(st.binary(max_size=500), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))))
@example(b'"\r"')
@example(b"BEGIN:VCARD\nN:\\")
@settings(max_examples=400, deadline=None)
def test_any_bytes_become_rows_or_a_typed_refusal(body):
    try:
        dialect = receive(io.BytesIO(body), io.BytesIO(), limit=400).dialect
    except LuxError:
        return
    if dialect.format != "csv":
        found = list(cards.rows(io.BytesIO(body), dialect)) if dialect.format == CARDS else []
        assert all(len(card.cells) == len(cards.HEADINGS) for card in found)
        return
    sample = sample_records(sample_text(body[dialect.start :], dialect.encoding, dialect.newline, is_whole=True),
                            dialect.delimiter)  # fmt: skip
    columns = guess.columns_of(sample, has_header=dialect.has_header, fields=[])
    reader = RowReader([(one.number, one.target or "city") for one in columns], Options(), {}, dialect.columns)
    whole = list(records(io.BytesIO(body), dialect))
    for record in whole:
        assert isinstance(reader.read(record), Candidate | Rejection | None)
    for number, record in enumerate(whole):
        rest = list(records(io.BytesIO(body), dialect, offset=record.end, line=record.next_line))
        assert rest == whole[number + 1 :], "going on after any record gives the same rows"


CARD_VALUES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=60)


@example("", "\\", "3.0", 75)  # an escaped backslash before the sign that parts
@given(CARD_VALUES, CARD_VALUES, st.sampled_from(["3.0", "4.0"]), st.integers(5, 75))
@settings(max_examples=150, deadline=None)
def test_a_folded_and_escaped_card_is_read_back(first, last, version, width):
    def escaped(text):
        return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")

    line = f"N:{escaped(last)};{escaped(first)};;;"
    folded = "\r\n ".join(line[at : at + width] for at in range(0, len(line), width))
    body = f"BEGIN:VCARD\r\nVERSION:{version}\r\n{folded}\r\nEMAIL:ada@example.com\r\nEND:VCARD\r\n".encode()
    [card] = cards.rows(io.BytesIO(body), Dialect(format=CARDS))
    assert [card.cells[1].strip(), card.cells[2].strip()] == [first.strip(), last.strip()]
    assert card.cells[3] == "ada@example.com"


@example([["\r"], ["a\rb", ""]])
@given(st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=5), max_size=8))
@settings(max_examples=100, deadline=None)
def test_what_is_converted_keeps_every_cell(rows):
    target = io.BytesIO()
    dialect = Dialect(format="cells", columns=1)
    given_rows = [convert.Row(number + 3, row, "a note") for number, row in enumerate(rows)]
    real, convert.rows = convert.rows, lambda *_given, **_named: iter(given_rows)
    try:
        plain = convert.convert(io.BytesIO(), target, dialect, decimal=".", tick=lambda: None)
    finally:
        convert.rows = real
    found = [convert.unnumbered(record) for record in records(io.BytesIO(target.getvalue()), plain)]
    assert [(one.line, one.cells, one.note) for one in found] == [
        (row.line, [cell.encode("utf-8", "replace").decode() for cell in row.cells], row.note) for row in given_rows
    ]
