"""An import survives the death of its worker, and takes little memory however long the file is."""

from __future__ import annotations

import random
import subprocess
import sys
import time

import pytest
from sqlalchemy import select

from lux.gate.parties import Consent
from lux.ledger.models import Fact
from lux.rooms.contacts.models import (
    Contact,
    ContactTag,
    ContactWord,
    ImportedContact,
    ImportRejection,
    Tag,
)
from tests.house.sources import ROOT
from tests.rooms.contacts.desk import DECLARED, Desk

ROWS = 2400
KILLS = 4


def long_file(rows: int) -> str:
    """Return a file with repeats, refused rows, quoted line breaks and tags."""
    lines = ["email,first name,last name,tags,note"]
    for number in range(rows):
        address = f"user{number}@example.com" if number % 29 else "broken"
        if number % 31 == 0 and number:
            address = f"USER{number - 30}@example.com"
        note = '"two\nlines, and ""quoted"""' if number % 7 == 0 else "plain"
        lines.append(f"{address},First{number},Last{number % 50},tag{number % 5},{note}")
    return "\n".join(lines) + "\n"


def kept(desk: Desk) -> dict[str, object]:
    """Return all that an import writes, without ids, moments and names of the import itself."""
    with desk.lux.db.read(desk.firm.id) as session:
        keys = dict(session.execute(select(Contact.id, Contact.email_key)).all())
        columns = (Contact.email_key, Contact.first_name, Contact.last_name, Contact.attrs, Contact.version)
        rows = session.execute(select(*columns))
        named = {
            "words": select(ContactWord.contact_id, ContactWord.word),
            "tags": select(ContactTag.contact_id, Tag.name).join(Tag, Tag.id == ContactTag.tag_id),
            "consents": select(Consent.contact_id, Consent.state),
            "met": select(ImportedContact.contact_id, ImportedContact.line),
            "facts": select(Fact.contact_id, Fact.kind),
        }
        found: dict[str, object] = {
            name: sorted((keys.get(row[0]), str(row[1])) for row in session.execute(query))
            for name, query in named.items()
        }
        found["contacts"] = sorted(map(str, rows))
        found["report"] = sorted(
            (row.line, row.reason) for row in session.execute(select(ImportRejection.line, ImportRejection.reason))
        )
    return found


def start_worker(desk: Desk, rows: int) -> subprocess.Popen[bytes]:
    settings = desk.lux.settings
    command = [sys.executable, "-m", "tests.rooms.contacts.child", desk.lux.db.url, str(settings.home), str(rows)]
    return subprocess.Popen(command, cwd=ROOT)


def wait(condition, seconds=120.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.005)


@pytest.mark.faults
def test_a_worker_killed_in_the_middle_costs_nothing_and_doubles_nobody(lux):
    calm, shaken = Desk(lux, lux.firm("Calm")), Desk(lux, lux.firm("Shaken"))
    body = long_file(ROWS)
    expected = calm.import_(body, **DECLARED)
    public_id = shaken.start(body, **DECLARED)
    chance, size = random.Random(), shaken.entry(public_id).file_size
    stops = sorted(chance.sample(range(size // 20, size * 9 // 10), KILLS))
    seen = []
    for stop in stops:
        worker = start_worker(shaken, rows=40)
        wait(lambda stop=stop: shaken.entry(public_id).offset >= stop)
        time.sleep(chance.uniform(0, 0.03))  # inside a transaction as often as between two
        worker.kill()
        worker.wait()
        seen.append(shaken.entry(public_id).offset)
    assert seen == sorted(seen)
    assert seen[0] < size, "it was killed before its end"
    worker = start_worker(shaken, rows=40)
    wait(lambda: shaken.entry(public_id).state not in {"queued", "running"})
    worker.kill()
    worker.wait()
    entry = shaken.entry(public_id)
    assert (entry.state, entry.error) == ("done", "")
    assert entry.counts == expected.counts
    assert kept(shaken) == kept(calm)


MEASURED = """
import resource, sys, tracemalloc
from pathlib import Path
from lux.kit.db import Database
from lux.kit.jobs import Kinds
from lux.kit.jobs.keeper import Keeper
from lux.kit.jobs.run import Workshop
from lux.kit.settings import Settings
from lux.rooms.contacts import jobs
settings = Settings(home=Path(sys.argv[2]), database_url=sys.argv[1])
db = Database.of(settings)
keeper = Keeper(db, "measured", threads=1)
keeper.start()
workshop = Workshop(db, settings, Kinds(jobs.KINDS), keeper)
[claim] = workshop.claim({"import": 1})
tracemalloc.start()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
workshop.execute(claim)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(tracemalloc.get_traced_memory()[1] // 1024, after - before)
keeper.stop()
"""


def peak(desk: Desk, rows: int) -> int:
    """Import a file of so many rows in a fresh process; returns the most KiB that Python held for it."""
    lines = ["email,first name,last name,note"]
    lines += [f"user{number}@example.com,First{number},Last,{'n' * 200}" for number in range(rows)]
    public_id = desk.start("\n".join(lines) + "\n", **DECLARED)
    command = [sys.executable, "-c", MEASURED, desk.lux.db.url, str(desk.lux.settings.home)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert desk.entry(public_id).counts["created"] == rows
    return int(done.stdout.split()[-2])


def test_memory_does_not_grow_with_the_file(lux_sqlite):
    short = peak(Desk(lux_sqlite, lux_sqlite.firm()), 4_000)
    long = peak(Desk(lux_sqlite, lux_sqlite.firm()), 24_000)
    assert long < short * 1.5, f"{short} KiB for 4,000 rows, {long} KiB for 24,000"
    assert long < 64 * 1024
