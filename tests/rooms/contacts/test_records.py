"""CSV records from bytes: what csv writes is read back, and reading can go on after any record."""

from __future__ import annotations

import csv
import io

from hypothesis import example, given, settings
from hypothesis import strategies as st

from lux.rooms.contacts.importing import records as module
from lux.rooms.contacts.importing.dialect import Dialect
from lux.rooms.contacts.importing.records import records

ENCODINGS = st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "cp1252"])
SIGNS = st.one_of(
    st.sampled_from("\",;\t\n|' äßé=+"), st.characters(codec="cp1252", exclude_categories=["Cc", "Cs"]), st.just("੅")
)
CELLS = st.text(SIGNS, max_size=12)
TABLES = st.lists(st.lists(CELLS, min_size=1, max_size=5), max_size=12)


def written(table, dialect, end="\r\n"):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=dialect.delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows(table)
    return text.getvalue().encode(dialect.encoding, errors="replace")


def cells_of(body, dialect, **place):
    return [record.cells for record in records(io.BytesIO(body), dialect, **place)]


def expected(table, dialect):
    as_stored = [[cell.encode(dialect.encoding, "replace").decode(dialect.encoding) for cell in row] for row in table]
    return [row for row in as_stored if any(row)]


@given(TABLES, ENCODINGS, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["\n", "\r\n"]))
@example([["a", "੅Ā"], ["b", ""]], "utf-16-le", ",", "\n")
@settings(max_examples=300, deadline=None)
def test_what_csv_writes_is_read_back(table, encoding, delimiter, end):
    dialect = Dialect(encoding=encoding, delimiter=delimiter, has_header=False)
    assert cells_of(written(table, dialect, end), dialect) == expected(table, dialect)


@given(TABLES, ENCODINGS, st.integers(min_value=1, max_value=9))
@settings(max_examples=200, deadline=None)
def test_reading_goes_on_after_any_record(table, encoding, block):
    dialect = Dialect(encoding=encoding, has_header=False)
    body = written(table, dialect)
    whole = list(records(io.BytesIO(body), dialect))
    for number, record in enumerate(whole):
        rest = list(records(io.BytesIO(body), dialect, offset=record.end, line=record.next_line))
        assert rest == whole[number + 1 :]
    assert not whole or whole[-1].end <= len(body)


@given(st.binary(max_size=400), ENCODINGS)
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_to_their_end_without_an_error(body, encoding):
    dialect = Dialect(encoding=encoding, has_header=False)
    found = list(records(io.BytesIO(body), dialect))
    ends = [record.end for record in found]
    assert ends == sorted(set(ends))
    assert not ends or ends[-1] <= len(body)


def test_blocks_cut_nothing(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 7)
    table = [["äöü" * 5, 'say "hi"\nand go'], ["੅Ā", "x"]] * 20
    for encoding in ("utf-8", "utf-16-le"):
        dialect = Dialect(encoding=encoding, has_header=False)
        assert cells_of(written(table, dialect), dialect) == table


def test_lines_are_counted_as_an_editor_counts_them():
    body = b'a,b\n"two\nlines",1\n\nlast,2\n'
    found = list(records(io.BytesIO(body), Dialect(has_header=False)))
    assert [(record.line, record.next_line) for record in found] == [(1, 2), (2, 4), (5, 6)]


def test_an_old_macs_line_ends():
    found = cells_of(b'a,b\rc,"d\re"\rf,g', Dialect(newline="\r", has_header=False))
    assert found == [["a", "b"], ["c", "d\ne"], ["f", "g"]]


def test_a_quotation_mark_that_is_never_closed_costs_its_own_row_alone():
    body = b"ada,1\n" + b'"grace,2\n' + b"".join(b"user%d,3\n" % number for number in range(5000))
    found = list(records(io.BytesIO(body), Dialect(has_header=False)))
    assert [record.line for record in found if record.problem] == [2]
    assert "never closed" in found[1].problem
    assert found[1].cells == ['"grace,2']
    assert len(found) == 5002
    assert found[-1].end == len(body)


def test_an_open_quotation_mark_near_the_end_is_seen_too():
    found = list(records(io.BytesIO(b'a,1\n"b,2\nc,3'), Dialect(has_header=False)))
    assert [(record.cells, bool(record.problem)) for record in found] == [
        (["a", "1"], False),
        (['"b,2'], True),
        (["c", "3"], False),
    ]


def test_an_endless_line_is_skipped_in_little_memory(monkeypatch):
    monkeypatch.setattr(module, "LONGEST_LINE", 1000)
    monkeypatch.setattr(module, "BLOCK", 300)
    body = b"a,1\n" + b"x" * 5000 + b"\nb,2\n" + b"y" * 3000
    found = list(records(io.BytesIO(body), Dialect(has_header=False)))
    assert [bool(record.problem) for record in found] == [False, True, False, True]
    assert "longer than" in found[1].problem
    assert (found[2].cells, found[2].line) == (["b", "2"], 3)
    assert found[3].end == len(body)


def test_a_line_break_outside_quotation_marks_is_named():
    found = list(records(io.BytesIO(b"a,b\rc,d\ne,f\n"), Dialect(has_header=False)))
    assert "line break" in found[0].problem
    assert found[1].cells == ["e", "f"]
