"""Whatever people call a list of contacts: it comes in as it was meant, or is refused in words that say what it is."""

from __future__ import annotations

import contextlib
import html
import io

import pytest
from sqlalchemy import update

from lux.kit import clock
from lux.kit.errors import InvalidInput
from lux.kit.jobs import Job
from lux.net.storage import store_of
from lux.rooms.contacts.importing import cards, convert, run, workbook
from lux.rooms.contacts.importing.dialect import CARDS, WORKBOOK, Dialect
from lux.rooms.contacts.importing.receive import receive
from lux.rooms.contacts.importing.records import records
from tests.rooms.contacts import odd_files
from tests.rooms.contacts.desk import Desk, chosen, id_in
from tests.rooms.contacts.odd_files import ALL, Odd, card, sheet


def outcome(desk: Desk, odd: Odd) -> dict[str, object]:
    """Bring a file in by the pages, with the guesses, and return what became of it."""
    answer = desk.upload(odd.body, odd.name)
    if answer.status_code != 303:
        assert desk.files == [], "a refused file is not kept"
        return {"refused": html.unescape(answer.text), "status": answer.status_code}
    public_id = id_in(answer.headers["Location"])
    page = desk.client.get(f"/contacts/imports/{public_id}/map")
    assert page.status_code == 200, page.text
    started = desk.client.post(
        f"/contacts/imports/{public_id}/map", data={"columns": chosen(page.text), "region": "DE"}
    )
    assert started.status_code == 303, started.text
    desk.lux.work()
    entry = desk.entry(public_id)
    assert (entry.state, entry.error) == ("done", "")
    people = desk.contacts()
    found: dict[str, object] = {"people": tuple(sorted(one.email_key or "" for one in people))}
    for name in ("rejected", "duplicates", "gaps"):
        found[name] = entry.counts.get(name, 0)
    first = min(people, key=lambda one: one.email_key or "")
    found["where"] = {name: getattr(first, name) for name in odd.where or {}}
    return found


def expected(odd: Odd) -> dict[str, object]:
    return {
        "people": odd.people, "rejected": odd.rejected, "duplicates": odd.duplicates, "gaps": odd.gaps,
        "where": odd.where or {},
    }  # fmt: skip


def wrong(lux, files: dict[str, Odd]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, odd in files.items():
        came = outcome(Desk(lux, lux.firm(name)), odd)
        is_right = odd.refused in str(came.get("refused", "")) if odd.refused else came == expected(odd)
        if odd.refused and came.get("status") != 422:
            is_right = False
        if not is_right:
            found[name] = came if not odd.refused else came.get("status", came)
    return found


@pytest.mark.parametrize("kind", ["CSV", "REFUSED", "WORKBOOKS", "CARDS"])
def test_odd_files_come_in_as_meant_or_are_refused_in_plain_words(lux, kind):
    assert wrong(lux, getattr(odd_files, kind)) == {}


def test_the_corpus_is_large():
    assert len(ALL) >= 60


def test_a_file_beyond_the_limit_is_refused_with_the_limit_named(desk):
    desk.client.application.config["MAX_CONTENT_LENGTH"] = None  # the server's own, a little above
    limit = desk.lux.settings.max_upload_mb
    assert limit == 2048, "the default of the setting"
    object.__setattr__(desk.lux.settings, "max_upload_mb", 1)
    answer = desk.upload(b"email\n" + b"ada@example.com\n" * 80_000)
    object.__setattr__(desk.lux.settings, "max_upload_mb", limit)
    assert answer.status_code == 413
    assert "1 MiB" in answer.text
    assert desk.files == []
    desk.client.application.config["MAX_CONTENT_LENGTH"] = 100
    answer = desk.upload(b"email\n" + b"ada@example.com\n" * 80)
    assert (answer.status_code, "larger than 2 GiB" in answer.text) == (413, True)


def test_another_sheet_can_be_chosen_and_hidden_ones_are_told(desk):
    body = sheet(
        ["email"], ["ada@example.com"], Guests=[["mail"], ["bo@example.com"]], _Old=[["email"], ["c@example.com"]]
    )
    public_id = id_in(desk.upload(body, "people.xlsx").headers["Location"])
    page = desk.client.get(f"/contacts/imports/{public_id}/map").text
    assert "Old (hidden)" in page
    page = desk.client.get(f"/contacts/imports/{public_id}/map?sheet=Guests").text
    assert "bo@example.com" in page
    assert desk.client.get(f"/contacts/imports/{public_id}/map?sheet=Nope").status_code == 422
    form = {"columns": chosen(page), "sheet": "Guests"}
    assert desk.client.post(f"/contacts/imports/{public_id}/map", data=form).status_code == 303
    desk.lux.work()
    assert [one.email for one in desk.contacts()] == ["bo@example.com"]
    assert desk.files == [], "neither the workbook nor what was made of it is kept"


def test_the_report_of_a_workbook_names_its_own_rows(desk):
    body = sheet([], ["email", "city"], ["ada@example.com", "x"], [], ["broken", "y"])
    entry = desk.import_(body)
    assert [(line, field) for line, _kind, field, _reason in desk.report(entry)] == [(5, "E-mail")]


def test_other_addresses_of_a_card_are_told_with_its_line(desk):
    body = card("FN:Bo", "EMAIL:bo@example.com") + card("FN:Ada", "EMAIL:ada@example.com", "EMAIL:l@example.com")
    entry = desk.import_(body)
    [(line, kind, _field, reason)] = desk.report(entry)
    assert (line, kind) == (6, "gap")
    assert "l@example.com" in reason


def test_birthdays_are_left_out_unless_somebody_asks(desk):
    body = card("FN:Ada", "EMAIL:ada@example.com", "BDAY:1815-12-10")
    desk.import_(body)
    assert desk.contact("ada@example.com").attrs == {}
    columns = ["new" if one == "Birthday" else "email" if one == "E-mail" else "" for one in cards.HEADINGS]
    desk.import_(body, columns)
    assert desk.contact("ada@example.com").attrs == {"birthday": "1815-12-10"}


def test_a_workbook_goes_on_where_a_crash_left_it(desk, monkeypatch):
    monkeypatch.setattr("lux.rooms.contacts.importing.run.ROWS", {"sqlite": 10, "postgresql": 10, "mysql": 10})
    rows = [[f"user{number}@example.com", f"First {number}"] for number in range(45)]
    public_id = desk.start(sheet(["email", "first name"], *rows))
    wrote = []

    def fail_once(*given):
        wrote.append(1)
        if len(wrote) == 3:
            raise RuntimeError("the lights went out")
        return real(*given)

    real = run.write
    monkeypatch.setattr(run, "write", fail_once)
    with pytest.raises(RuntimeError, match="lights"):
        desk.lux.work()
    assert desk.entry(public_id).counts["created"] == 20
    with desk.lux.db.begin(desk.firm.id) as session:
        session.execute(update(Job).values(due_at=clock.now()))
    desk.lux.work()
    desk.lux.work()
    desk.lux.work()
    assert desk.entry(public_id).counts["created"] == 45
    assert len(desk.contacts()) == 45


def test_a_broken_workbook_raises_only_typed_refusals():
    for cut in range(0, len(odd_files.PLAIN), 97):
        body = bytearray(odd_files.PLAIN)
        body[cut] ^= 0xFF
        with contextlib.suppress(InvalidInput):
            for one in workbook.sheets(io.BytesIO(body)):
                list(convert.rows(io.BytesIO(body), Dialect(format=WORKBOOK, sheet=one.name)))


def test_what_is_converted_is_read_back():
    body = (card("FN:Ada", "EMAIL:ada@example.com", "NOTE:two\\nlines") * 3).encode()
    dialect = receive(io.BytesIO(body), io.BytesIO(), limit=10**6).dialect
    assert dialect.format == CARDS
    target = io.BytesIO()
    plain = convert.convert(io.BytesIO(body), target, dialect, decimal=".", tick=lambda: None)
    target.seek(0)
    found = [convert.unnumbered(one) for one in records(target, plain)]
    assert [one.line for one in found] == [0, 1, 7, 13]
    assert found[1].cells[-1] == "two\nlines"


def test_the_store_is_empty_after_refusals(desk):
    for odd in odd_files.REFUSED.values():
        desk.upload(odd.body, odd.name)
    assert list(store_of(desk.lux.settings).list("imports")) == []
