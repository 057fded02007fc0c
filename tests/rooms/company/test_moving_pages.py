"""The pages of moving: an owner asks for a file after typing the name, another installation makes a company of it."""

from __future__ import annotations

import io
import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from lux.identity.access import Role
from lux.kit import clock, jobs
from lux.kit.db import ALL_COMPANIES
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.ledger.models import ApprovalAuditLog
from lux.net.storage import store_of
from lux.rooms.company.forms import ArchiveForm
from lux.rooms.company.models import CompanyExport, CompanyImport
from lux.rooms.company.transfer import arriving, imports, leaving, uploads, writing
from lux.rooms.contacts.models import Contact
from lux.rooms.notifications.models import Notification
from tests.factories import Firm, Installation
from tests.rooms.company.moving import archive, asked, changed, company, files, house_of, rich


def actions(lux: Installation, company_id: int) -> list[str]:
    with lux.db.read(ALL_COMPANIES) as session:
        query = select(ApprovalAuditLog.action).where(ApprovalAuditLog.company_id == company_id)
        return list(session.scalars(query.order_by(ApprovalAuditLog.seq)))


def exported(lux: Installation, firm: Firm) -> CompanyExport:
    with lux.db.read(firm.id) as session:
        found = session.scalars(select(CompanyExport).order_by(CompanyExport.id.desc())).first()
        assert found is not None
        return found


def test_an_owner_exports_and_imports_in_the_browser(lux: Installation) -> None:
    """The name is asked for, a job makes the file, taking it is noted; the file makes a company, with a report."""
    firm = lux.firm("Tide & Co")
    lux.contacts(firm, 3)
    client = lux.client(firm)
    asked = client.post("/settings/export", data={"confirmation": "Tide"})
    assert asked.status_code == 422
    assert "Type Tide &amp; Co exactly" in asked.get_data(as_text=True)
    assert client.post("/settings/export", data={"confirmation": "Tide & Co"}).status_code == 303
    assert "Waiting" in client.get("/settings/export").get_data(as_text=True)
    lux.work()
    entry = exported(lux, firm)
    taken = client.get(f"/settings/export/{entry.public_id}/company.zip")
    assert taken.headers["Cache-Control"] == "no-store"
    assert "attachment" in taken.headers["Content-Disposition"]
    assert len(taken.data) == entry.file_size
    assert actions(lux, firm.id)[-3:] == [
        "company.export_requested", "company.exported", "company.export_downloaded"
    ]  # fmt: skip

    form = {"file": (io.BytesIO(taken.data), "tide.zip"), "name": "Tide again", "slug": ""}
    shown = client.post("/companies/import", data=form)
    assert shown.status_code == 303
    assert "Waiting" in client.get(shown.location).get_data(as_text=True)
    lux.work()
    page = client.get(shown.location).get_data(as_text=True)
    assert "The company is here." in page
    assert "Go to Tide again" in page
    assert "Invite these people" in page
    assert "company.import_requested" in actions(lux, 0)
    assert actions(lux, 0)[-1] == "company.imported"
    assert [key for key in files(lux) if key.startswith("company-imports/")] == []
    bell = client.get("/notifications/").get_data(as_text=True)
    assert "The file with the whole company is ready" in bell
    assert "“Tide again” has arrived" in bell


def test_an_import_that_fails_is_told_too_and_once_however_often_its_job_runs(lux_sqlite: Installation) -> None:
    """What is wrong stands in the notice; nobody is told in a company that they have left."""
    lux, firm = lux_sqlite, lux_sqlite.firm()
    client = lux.client(firm)
    body = changed(archive(lux, firm.id), {"tables/contact.jsonl": lambda text: text + b"{}"})
    client.post("/companies/import", data={"file": (io.BytesIO(body), "broken.zip"), "name": "", "slug": ""})
    lux.work()
    with store_of(lux.settings).open_write("company-imports/again.zip") as target:
        target.write(body)
    elsewhere, foreign = asked(lux, firm.user_id, file_key="company-imports/again.zip"), lux.firm().id
    with lux.db.begin(ALL_COMPANIES) as session:
        entry = session.scalars(select(CompanyImport).order_by(CompanyImport.id)).first()
        assert entry is not None
        jobs.enqueue(session, "company.import", {"import_id": entry.id, "asked_in": firm.id})
        jobs.enqueue(session, "company.import", {"import_id": elsewhere, "asked_in": foreign})
    lux.work()
    with lux.db.read(ALL_COMPANIES) as session:
        told = session.scalars(select(Notification)).all()
    assert [(one.company_id, one.title, one.times) for one in told] == [
        (firm.id, "The import of “broken.zip” has failed", 1)
    ]
    assert told[0].body == entry.error != ""


def test_what_is_no_archive_is_said_at_once_and_nothing_typed_is_lost(lux_sqlite: Installation) -> None:
    """Before a job is made: the field, the reason, the name that was entered."""
    lux, firm = lux_sqlite, lux_sqlite.firm()
    client = lux.client(firm)
    for data, words in (
        ({"name": "My name"}, "Choose a file."),
        ({"name": "My name", "file": (io.BytesIO(b"email\n"), "x.csv")}, "no ZIP archive"),
        ({"name": "My name", "slug": "No Slug", "file": (io.BytesIO(b"x"), "x.zip")}, "can’t be a short name"),
    ):
        answer = client.post("/companies/import", data=data)
        page = answer.get_data(as_text=True).replace("&#39;", "’").replace("can't", "can’t")
        assert answer.status_code == 422
        assert words in page
        assert "My name" in page
    assert files(lux) == []


def test_who_owns_nothing_and_runs_nothing_gets_neither_page(lux_sqlite: Installation) -> None:
    """An admin exports no company; a viewer makes none of a file; nobody sees another person's import."""
    lux, firm = lux_sqlite, lux_sqlite.firm()
    admin = lux.client(lux.member(firm.id, Role.ADMIN))
    assert admin.get("/settings/export").status_code == 403
    assert admin.post("/settings/export", data={"confirmation": company(lux, firm.id).name}).status_code == 403
    assert admin.get("/companies/import").status_code == 403
    form = {"file": (io.BytesIO(archive(lux, firm.id)), "x.zip")}
    assert admin.post("/companies/import", data=form).status_code == 403
    with lux.db.begin(ALL_COMPANIES) as session:
        entry = CompanyImport(created_by=firm.user_id)
        session.add(entry)
        session.flush()
        path = f"/companies/import/{entry.public_id}"
    assert lux.client(firm).get(path).status_code == 200
    assert lux.client(lux.firm()).get(path).status_code == 404


def test_files_have_their_time(lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """After three days the file is gone; one whose job was given up says so."""
    lux, firm = lux_sqlite, lux_sqlite.firm()
    client = lux.client(firm)
    client.post("/settings/export", data={"confirmation": company(lux, firm.id).name})
    lux.work()
    entry = exported(lux, firm)
    with lux.db.begin(firm.id) as session:
        session.get_one(CompanyExport, entry.id).expires_at = clock.now() - timedelta(seconds=1)
        session.add(CompanyExport(file_name="left.zip"))
    assert client.get(f"/settings/export/{entry.public_id}/company.zip").status_code == 404
    with lux.db.begin(ALL_COMPANIES) as session:
        jobs.enqueue(session, "company.tidy", {})
    lux.work()
    assert files(lux) == []
    with lux.db.read(firm.id) as session:
        assert set(session.scalars(select(CompanyExport.state))) == {"expired", "failed"}


def peak(lux: Installation, many: int, folder: Path) -> tuple[int, int]:
    """Return the peak of memory in bytes of an export and an import of that many contacts with three facts each."""
    firm = lux.firm()
    with lux.db.begin(firm.id) as session:
        session.add_all(
            Contact(email=f"c{n}@example.com", email_key=f"c{n}@example.com", first_name=f"First {n}", city="Kiel")
            for n in range(many)
        )
        session.flush()
        ids = session.scalars(select(Contact.id)).all()
        facts.record_many(
            session,
            [NewFact(kind=f"custom.k{n}", contact_id=one, properties={"n": one}) for n in range(3) for one in ids],
        )
    file, found = folder / f"{many}.zip", []
    house = house_of(lux)
    number = asked(lux, firm.user_id)

    def leave() -> None:
        with file.open("wb") as target:
            leaving.write(lux.db, firm.id, store_of(lux.settings), target, lambda _done, _total: None)

    def arrive() -> None:
        imports.run(house, number, lambda: file.open("rb"), lambda _done, _total: None)

    for act in (leave, arrive):
        tracemalloc.start()
        act()
        found.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return found[0], found[1]


def test_memory_does_not_grow_with_the_company(
    lux_sqlite: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With pages of fifty rows, four times as many contacts and facts need at most a quarter more memory."""
    monkeypatch.setattr(leaving, "_PAGE", 50)
    monkeypatch.setattr(writing, "CHUNK", 50)
    monkeypatch.setattr(arriving, "_IDS_AT_ONCE", 50)
    peak(lux_sqlite, 10, tmp_path)  # what is loaded once
    small, large = peak(lux_sqlite, 200, tmp_path), peak(lux_sqlite, 800, tmp_path)
    for few, many in zip(small, large, strict=True):
        assert many < few * 1.25


def test_a_company_that_is_removed_takes_its_files_along(lux_sqlite: Installation) -> None:
    """Also those with everything in them."""
    lux = lux_sqlite
    firm = rich(lux)
    client = lux.client(firm)
    name = company(lux, firm.id).name
    client.post("/settings/export", data={"confirmation": name})
    lux.work()
    assert [key for key in files(lux) if key.startswith("company-exports/")] != []
    client.post("/settings/remove", data={"confirmation": name})
    lux.work()
    assert [key for key in files(lux) if key.startswith("company-exports/")] == []


def test_others_can_write_while_an_archive_is_taken_in(lux_sqlite: Installation) -> None:
    """Files are large and disks are slow: nobody waits for them in a transaction, SQLite has one pen."""
    lux, firm = lux_sqlite, lux_sqlite.firm()
    body = io.BytesIO(archive(lux, firm.id))
    written = []

    class Slow(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            lux.contacts(firm, 1)
            written.append(size)
            return body.read(size)

    form = ArchiveForm(name="", slug="taken-in")
    entry = uploads.take(lux.db, store_of(lux.settings), Slow(), firm.person, form, file_name="x.zip", limit=2**30)  # type: ignore[arg-type]
    assert (entry.state, len(written) > 1) == ("queued", True)
