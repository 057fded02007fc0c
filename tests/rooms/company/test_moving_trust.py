"""An archive is read as if a stranger had made it: what is not whole and right is refused, and nothing is left."""

from __future__ import annotations

import hashlib
import io
import json
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import InvalidInput
from lux.rooms.company.models import CompanyImport
from lux.rooms.company.transfer import imports
from tests.factories import Firm, Installation
from tests.rooms.company.moving import archive, asked, brought_in, changed, company, counts, files, house_of, rich

Body = Callable[[bytes], bytes]


class Forger:
    """Changes an archive and makes its sums right again, as somebody would who means harm."""

    def __init__(self, body: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(body)) as opened:
            self.members = {name: opened.read(name) for name in opened.namelist()}
        self.manifest: dict[str, Any] = json.loads(self.members["manifest.json"])

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.members[f"tables/{table}.jsonl"].splitlines()]

    def write(self, table: str, rows: list[dict[str, Any]]) -> Forger:
        return self.text(f"tables/{table}.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode())

    def text(self, name: str, text: bytes) -> Forger:
        self.members[name] = text
        for part in self.manifest["parts"]:
            if part["name"] == name:
                part.update(rows=text.count(b"\n"), size=len(text), sha256=hashlib.sha256(text).hexdigest())
        return self

    def first(self, table: str, **values: Any) -> Forger:
        rows = self.rows(table)
        rows[0].update(values)
        return self.write(table, rows)

    def say(self, **values: Any) -> Forger:
        self.manifest.update(values)
        return self

    def done(self) -> bytes:
        target = io.BytesIO()
        self.members["manifest.json"] = json.dumps(self.manifest).encode()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
            for name, text in self.members.items():
                new.writestr(name, text)
        return target.getvalue()


def _without_company_name(f: Forger) -> Forger:
    f.manifest["company"]["name"] = " "
    return f


def _twice(f: Forger) -> Forger:
    rows = f.rows("contact")
    return f.write("contact", [*rows, rows[0]])


def _same_address(f: Forger) -> Forger:
    rows = f.rows("contact")
    rows[1]["email_key"] = rows[0]["email_key"]
    return f.write("contact", rows)


def _system_mail(f: Forger) -> Forger:
    return f.first("approval_queue", kind="system_email")


def _brand(f: Forger) -> Forger:
    f.manifest["company"]["brand"] = {"primary_color": "red;background:url(//evil.example)"}
    return f


FORGED: dict[str, tuple[Callable[[Forger], Forger], str]] = {
    "a newer format": (lambda f: f.say(format=2), "format 2"),
    "a format that is none": (lambda f: f.say(format=True), "format"),
    "a newer schema": (lambda f: f.say(schema="9999", lux="77.0"), "newer LUX"),
    "a manifest of another shape": (lambda f: f.say(parts=[{"name": 7}]), "manifest"),
    "a manifest with more in it": (lambda f: f.say(evil="yes"), "manifest"),
    "no JSON": (lambda f: f.text("tables/tag.jsonl", b"{\n"), "Line 1 of tables/tag"),
    "deep JSON": (lambda f: f.text("tables/tag.jsonl", b"[" * 100_000 + b"\n"), "Line 1 of tables/tag"),
    "no object": (lambda f: f.text("tables/tag.jsonl", b"[1]\n"), "Line 1 of tables/tag"),
    "an unknown column": (lambda f: f.first("tag", evil=1), "Line 1 of tables/tag"),
    "another company's number": (lambda f: f.first("tag", company_id=1), "Line 1 of tables/tag"),
    "a number that is text": (lambda f: f.first("tag", id="1"), "Line 1 of tables/tag"),
    "a number past the end": (lambda f: f.first("contact", id=2**63), "Line 1 of tables/contact"),
    "no value where one must be": (lambda f: f.first("contact", created_at=None), "Line 1 of tables/contact"),
    "a text too long": (lambda f: f.first("tag", name="x" * 65), "Line 1 of tables/tag"),
    "half a letter": (lambda f: f.first("tag", name="\ud800"), "Line 1 of tables/tag"),
    "an unknown word": (lambda f: f.first("contact", lifecycle="emperor"), "Line 1 of tables/contact"),
    "a moment without zone": (lambda f: f.first("tag", created_at="2026-01-01T00:00:00"), "Line 1 of tables/tag"),
    "no public id": (lambda f: f.first("tag", public_id="7"), "Line 1 of tables/tag"),
    "a row that points nowhere": (lambda f: f.first("contact_tag", contact_id=99_999), "contradict"),
    "a number twice": (_twice, "contradict"),
    "an address twice": (_same_address, "contradict"),
    "a system mail": (_system_mail, "never leaves"),
    "a webhook": (lambda f: f.first("outbound", kind="webhook"), "never leaves"),
    "a picture with a path for a name": (
        lambda f: f.first("media", files=[{"name": "../../lux.db", "sha256": "0", "size": 1}]), "never leaves",
    ),
    "a picture that is something else": (
        lambda f: f.text(next(name for name in f.members if name.startswith("files/")), b"<script>") and _sized(f),
        "checksum is another",
    ),
    "a company without a name": (_without_company_name, "name"),
    "a brand that is none": (_brand, "own record"),
}  # fmt: skip


def _sized(f: Forger) -> Forger:
    """Let the row say the size that the exchanged file has, but the sum it had."""
    name = next(name for name in f.members if name.startswith("files/"))
    rows = f.rows("media")
    for row in rows:
        for file in row["files"]:
            if name.endswith(file["name"]):
                file["size"] = len(f.members[name])
    return f.write("media", rows)


def _bomb(body: bytes) -> bytes:
    return changed(body, {"tables/tag.jsonl": lambda _text: b" " * 30_000_000})


def _deflated_bomb_in_manifest(body: bytes) -> bytes:
    return changed(body, {"manifest.json": lambda text: text + b" " * 30_000_000})


def _encrypted(body: bytes) -> bytes:
    """Set the flag of encryption on the first member, in its header and in the directory."""
    changed_body = bytearray(body)
    changed_body[6] |= 1
    changed_body[body.index(b"PK\x01\x02") + 8] |= 1
    return bytes(changed_body)


BROKEN: dict[str, tuple[Body, str]] = {
    "nothing": (lambda _body: b"", "no ZIP"),
    "another file": (lambda _body: b"email\nada@example.com\n", "no ZIP"),
    "cut in half": (lambda body: body[: len(body) // 2], "no ZIP"),
    "cut by one byte": (lambda body: body[:-1], "no ZIP"),
    "another ZIP": (lambda body: changed(body, dict.fromkeys(["manifest.json"])), "no manifest"),
    "a part is missing": (lambda body: changed(body, {"tables/consent.jsonl": None}), "not what its manifest"),
    "a part is more": (lambda body: changed(body, {}, more={"tables/more.jsonl": b""}), "not what its manifest"),
    "a path": (lambda body: changed(body, {}, more={"../../etc/passwd": b"x"}), "not what its manifest"),
    "an absolute path": (lambda body: changed(body, {}, more={"/etc/passwd": b"x"}), "not what its manifest"),
    "a letter was changed": (
        lambda body: changed(body, {"tables/contact.jsonl": lambda text: text.replace(b"First", b"Worst", 1)}),
        "checksum",
    ),
    "a suppression was cut out": (lambda body: changed(body, {"tables/suppression.jsonl": lambda _t: b""}), "checksum"),
    "a bomb": (_bomb, "unpack to far more"),
    "a bomb of a manifest": (_deflated_bomb_in_manifest, "more"),
    "encrypted": (_encrypted, "not made by LUX"),
}


@pytest.fixture
def full(lux_sqlite: Installation) -> tuple[Installation, Firm, bytes]:
    """Return an installation, its rich company, and that company's archive."""
    firm = rich(lux_sqlite)
    return lux_sqlite, firm, archive(lux_sqlite, firm.id)


def test_what_is_broken_or_forged_is_refused_and_leaves_nothing(full: tuple[Installation, Firm, bytes]) -> None:
    """Each fault is named; every table and every file is as it was before; the import says that it failed, and why."""
    lux, firm, body = full
    before, kept, told = counts(lux), files(lux), {}
    forged = {name: (lambda text, how=how: how(Forger(text)).done(), words) for name, (how, words) in FORGED.items()}
    for name, (how, words) in {**BROKEN, **forged}.items():
        try:
            brought_in(lux, how(body), firm.user_id)
            told[name] = "taken in"
        except InvalidInput as error:
            if words not in f"{error.message} {error.fix}" or (not error.fix and "name" not in words):
                told[name] = error.message
        with lux.db.read(ALL_COMPANIES) as session:
            last = session.query(CompanyImport).order_by(CompanyImport.id.desc()).first()
            assert last is not None
            assert (last.state, last.target_id, bool(last.error)) == ("failed", None, True), name
        assert counts(lux) == before, name
        assert files(lux) == kept, name
    assert told == {}


def test_any_byte_that_is_flipped_is_noticed_or_harmless(full: tuple[Installation, Firm, bytes]) -> None:
    """Over the whole file, in steps: it is refused, or every row that arrives is the one that left."""
    from lux.rooms.company.transfer import arriving
    from lux.rooms.company.transfer.archive import Reader

    lux, _firm, body = full
    import tempfile
    from pathlib import Path

    whole = Forger(body).members
    refused = 0
    for place in range(0, len(body), max(len(body) // 40, 1)):
        flipped = bytearray(body)
        flipped[place] ^= 0x55
        with tempfile.TemporaryDirectory() as folder:
            try:
                reader = Reader(io.BytesIO(bytes(flipped)))
                found = arriving.look(lux.db, reader, Path(folder), lambda _done, _total: None)
            except InvalidInput:
                refused += 1
                continue
            found.numbers.close()
        parts = {part.name: b"".join(reader.lines(part)) for part in reader.manifest.parts}
        assert parts == {name: text for name, text in whole.items() if name in parts}, place
    assert refused > 20


def test_a_short_name_that_is_taken_is_refused_before_anything_is_read(full: tuple[Installation, Firm, bytes]) -> None:
    """It names the field."""
    lux, firm, body = full
    taken = company(lux, firm.id).slug
    for slug in (taken, "Not A Slug", "-x", "x" * 49):
        with pytest.raises(InvalidInput) as caught:
            brought_in(lux, body, firm.user_id, slug=slug)
        assert caught.value.field == "slug"


def test_what_a_killed_import_left_is_cleared_away(
    full: tuple[Installation, Firm, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed takes nothing back itself; a quarter of an hour later somebody else does."""
    lux, firm, body = full
    before, kept = counts(lux), files(lux)

    def die(done: int, total: int) -> None:
        if done >= total - 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(imports, "_take_back", lambda *_args, **_values: None)
        with pytest.raises(KeyboardInterrupt):
            brought_in(lux, body, firm.user_id, die)
    assert counts(lux) != before
    assert imports.clear_abandoned(house_of(lux)) == 0, "it might still be at work"
    with lux.db.begin(ALL_COMPANIES) as session:
        for one in session.query(CompanyImport):
            one.seen_at = clock.now() - imports.ABANDONED_AFTER * 2
    assert imports.clear_abandoned(house_of(lux)) == 1
    assert counts(lux) == before
    assert files(lux) == kept


def test_an_import_that_is_begun_again_begins_anew(
    full: tuple[Installation, Firm, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that lost its worker is run again: there is one company, not one and a half."""
    from contextlib import contextmanager

    lux, firm, body = full
    before = counts(lux)["company"]
    number = asked(lux, firm.user_id)

    @contextmanager
    def source():
        yield io.BytesIO(body)

    def die(done: int, total: int) -> None:
        if done >= total - 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(imports, "_take_back", lambda *_args, **_values: None)
        with pytest.raises(KeyboardInterrupt):
            imports.run(house_of(lux), number, source, die)
    done = imports.run(house_of(lux), number, source, lambda _done, _total: None)
    assert done is not None
    assert done.state == "done"
    assert counts(lux)["company"] == before + 1
    assert imports.run(house_of(lux), number, source, lambda _done, _total: None) is None, "it has ended"


def test_a_nul_from_sqlite_does_not_stop_postgresql(lux: Installation) -> None:
    """SQLite stores it, PostgreSQL can't: it becomes the sign for an unreadable letter."""
    firm = rich(lux)
    body = Forger(archive(lux, firm.id)).first("tag", name="a\0b").first("contact", attrs={"x": "\0"}).done()
    done = brought_in(lux, body, firm.user_id)
    from tests.rooms.company.moving import rows

    found = rows(lux, done.target_id or 0)
    assert found["tag"][0]["name"] == "a\ufffdb"
    assert found["contact"][0]["attrs"] == {"x": "\ufffd"}
    assert uuid.UUID(str(found["tag"][0]["public_id"]))


def test_who_threw_something_away_there_is_nobody_here(full: tuple[Installation, Firm, bytes]) -> None:
    """Numbers of people are those of others on another installation: a file must not ask for their names."""
    lux, firm, body = full
    stranger = lux.firm()
    thrown = {"trashed_at": clock.now().isoformat(), "trashed_by": f"person:{stranger.user_id}"}
    done = brought_in(lux, Forger(body).first("template", **thrown).done(), firm.user_id)
    from tests.rooms.company.moving import rows

    found = rows(lux, done.target_id or 0)
    marks = {row["trashed_by"] for each in found.values() for row in each if row.get("trashed_by")}
    assert marks == {"person"}
    client = lux.client(lux.sign_in(firm.user_id, done.target_id or 0))
    page = client.get("/trash/templates").text
    assert stranger.person.name not in page
    assert "not known" in page


def test_a_chain_that_was_damaged_behind_its_first_fault_is_refused(full: tuple[Installation, Firm, bytes]) -> None:
    """The fault alone is told in the report; bytes that are not those of the manifest are refused as everywhere."""
    lux, firm, body = full
    forged = Forger(body)
    rows = [json.loads(line) for line in forged.members["audit.jsonl"].splitlines()]
    rows[0]["action"] = "forged"
    forged.text("audit.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode())
    assert brought_in(lux, forged.done(), firm.user_id).state == "done"
    forged.members["audit.jsonl"] = forged.members["audit.jsonl"].replace(b'"action"', b'"ac_ion"')
    with pytest.raises(InvalidInput):
        brought_in(lux, forged.done(), firm.user_id)
    forged.members["audit.jsonl"] = b"".join(json.dumps(row).encode() + b"\n" for row in rows[:-1])
    with pytest.raises(InvalidInput):
        brought_in(lux, forged.done(), firm.user_id)
