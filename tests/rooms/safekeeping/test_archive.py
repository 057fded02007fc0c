"""A backup holds everything but what must not come back, and a restored place is the same one, stopped."""

from __future__ import annotations

import json
import os
import signal
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select, text

from lux.gate import stop
from lux.identity import erasure
from lux.identity.models import Company
from lux.kit.db import ALL_COMPANIES, Base, Database
from lux.kit.errors import InvalidInput, WrongState
from lux.kit.settings import Settings
from lux.ledger import audit
from lux.ledger.audit import checkpoints, checks, rounds
from lux.net.storage import store_of
from lux.rooms.safekeeping.archive import restoring, scratch, shape, trying, writing
from lux.rooms.safekeeping.archive.shape import SUFFIX, Damaged
from lux.rooms.safekeeping.archive.writing import LEFT_OUT, Made
from lux.vault import verification
from tests.factories import Installation
from tests.full_company import filled
from tests.services.postgres import Postgres

# The restore itself adds to these: the stop, and a row of the audit chain.
# A stop, its row in the chain (where MariaDB takes turns by a row: that, too), its typed reason.
CHANGED = {"stop", "approval_audit_log", "audit_chain", "audit_words"}


def silent(_done: int, _total: int) -> None:
    """Say nothing."""


def made(lux: Installation, name: str = "one") -> Made:
    """Make a backup of an installation."""
    path = lux.settings.home / "backups" / f"{name}{SUFFIX}"
    return writing.write(lux.db, lux.settings, store_of(lux.settings), path, silent)


def rows(db: Database) -> dict[str, list[tuple[str, ...]]]:
    """Return every row of every table that comes along."""
    with db.read(ALL_COMPANIES) as session:
        return {
            table.name: sorted(tuple(map(str, row)) for row in session.execute(select(table)))
            for table in Base.metadata.sorted_tables
            if table.name not in LEFT_OUT
        }


@contextmanager
def restored(path: Path, home: Path, url: str = "") -> Iterator[tuple[Settings, Database, restoring.Restored]]:
    """Restore into another place."""
    settings = Settings(home=home, database_url=url)
    done = restoring.restore(settings, store_of(settings), path, silent)
    db = Database.of(settings)
    yield settings, db, done
    db.close()


def put_keys(lux: Installation, settings: Settings) -> None:
    """Copy the key files, as the operator does."""
    (settings.home / "keys").mkdir()
    for name in ("master.key", "app.key", "audit.key"):
        path = lux.settings.home / "keys" / name
        if path.exists():
            (settings.home / "keys" / name).write_bytes(path.read_bytes())


def same_place(lux: Installation, path: Path, home: Path, url: str = "") -> None:
    """Restore, and compare everything."""
    with restored(path, home, url) as (settings, db, done):
        assert done.faults == []
        before, after = rows(lux.db), rows(db)
        assert [name for name in before if name not in CHANGED and before[name] != after[name]] == []
        assert set(before["approval_audit_log"]) < set(after["approval_audit_log"])
        assert list(store_of(settings).list("")) == list(store_of(lux.settings).list(""))
        mails = {path.name: path.read_bytes() for path in (lux.settings.home / "mailbox").rglob("*.eml")}
        assert mails
        assert {path.name: path.read_bytes() for path in (home / "mailbox").rglob("*.eml")} == mails
        assert not (home / "keys").exists(), "no key is in a backup"
        assert sum("master.key" in note or "app.key" in note for note in done.notes) == 2
        put_keys(lux, settings)
        with db.read(ALL_COMPANIES) as session:
            (active,) = stop.active(session, None)
            assert (active.reason, active.includes_system) == ("restored from a backup", True)
            assert all(audit.verify(session, number)[1] is None for number in audit.chains(session))
            assert verification.verify(settings, session).is_whole
        with db.begin(ALL_COMPANIES) as session:  # numbers go on behind what was given
            company = Company(name="New", slug=f"new-{home.name}")
            session.add(company)
            session.flush()
            assert company.id > lux.firms[-1].id, "a removed company’s number is never given again"


def test_a_restored_place_is_the_same_one_but_stopped(
    lux: Installation, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """On the same kind of database, and on SQLite whatever it was made on."""
    filled(lux)
    gone = lux.firm()
    with lux.db.begin(ALL_COMPANIES) as session:
        erasure.erase_company(session, gone.id)
    backup = made(lux)
    assert backup.path.stat().st_mode & 0o777 == 0o600
    verdict = trying.attempt(backup.path, lux.settings, silent, live=backup.manifest.schema)
    assert verdict.is_good, verdict.words
    assert "are all there" in verdict.words
    same_place(lux, backup.path, tmp_path / "other")
    if lux.db.dialect == "postgresql":
        same_place(lux, backup.path, tmp_path / "third", request.getfixturevalue("pg_url"))
    with zipfile.ZipFile(backup.path) as archive:
        assert not {f"tables/{name}.jsonl" for name in LEFT_OUT} & set(archive.namelist())
        master = (lux.settings.home / "keys" / "master.key").read_bytes().strip().partition(b":")[2]
        assert not [name for name in archive.namelist() if master in archive.read(name)]


@pytest.mark.slow
@pytest.mark.mariadb
def test_a_backup_moves_to_mariadb_and_back(lux_sqlite: Installation, tmp_path: Path, mariadb_url: str) -> None:
    """The form of a backup belongs to no database."""
    filled(lux_sqlite)
    same_place(lux_sqlite, made(lux_sqlite).path, tmp_path / "maria", mariadb_url)
    settings = Settings(home=tmp_path / "maria", database_url=mariadb_url)
    db = Database.of(settings)
    again = writing.write(db, settings, store_of(settings), tmp_path / f"again{SUFFIX}", silent)
    assert trying.attempt(again.path, settings, silent).is_good
    db.close()


def changed(path: Path, target: Path, name: str, act) -> Path:  # type: ignore[no-untyped-def]
    """Copy a backup with one member changed (act returns its new bytes, None = leave it out)."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as copy:
        for member in source.namelist():
            body = act(source.read(member)) if member == name else source.read(member)
            if body is not None:
                copy.writestr(member, body)
    return target


def test_a_damaged_or_newer_backup_is_refused_and_changes_nothing(lux_sqlite: Installation, tmp_path: Path) -> None:
    """Every byte is looked at before the first one is written."""
    lux = lux_sqlite
    filled(lux)
    good = made(lux).path
    with zipfile.ZipFile(good) as archive:
        a_file = next(name for name in archive.namelist() if name.startswith("files/"))
    cut, place = tmp_path / "cut", Settings(home=tmp_path / "other")
    cut.write_bytes(good.read_bytes()[:-100])
    no_zip = tmp_path / "words"
    no_zip.write_text("not a backup")
    row = "tables/contact.jsonl"
    bad = {
        "cut": cut, "words": no_zip,
        "row": changed(good, tmp_path / "row", row, lambda body: body.replace(b"First", b"Fixst", 1)),
        "rows": changed(good, tmp_path / "rows", row, lambda body: body.split(b"\n", 1)[1]),
        "table": changed(good, tmp_path / "table", row, lambda _body: None),
        "file": changed(good, tmp_path / "file", a_file, lambda body: body + b"x"),
        "list": changed(good, tmp_path / "list", shape.FILES, lambda body: body.replace(b"files/", b"file5/")),
        "manifest": changed(good, tmp_path / "manifest", shape.MANIFEST, lambda body: body[:-3]),
    }  # fmt: skip
    for what, path in bad.items():
        with pytest.raises(Damaged):
            restoring.restore(place, store_of(place), path, silent)
        assert not trying.attempt(path, lux.settings, silent).is_good, what
    newer = changed(good, tmp_path / "f", shape.MANIFEST, lambda body: body.replace(b'"format": 1', b'"format": 2'))
    later = changed(good, tmp_path / "s", shape.MANIFEST, lambda body: body.replace(b'"schema": "', b'"schema": "9'))
    for path in (newer, later):
        with pytest.raises(InvalidInput, match="newer LUX"):
            restoring.restore(place, store_of(place), path, silent)
    assert not place.home.exists()
    assert [path.name for path in good.parent.iterdir()] == [good.name], "scratch places are removed"


def test_a_backup_never_writes_outside_its_place(tmp_path: Path) -> None:
    """Names in it are a stranger's words."""
    path, place = tmp_path / "evil", Settings(home=tmp_path / "other")
    for name in (
        "home/../../x",
        "home/keys/master.key",
        "home//etc/x",
        "files/../x",
        "elsewhere/x",
        "home/mailbox/../../x",
    ):
        with path.open("wb") as target, shape.Writer(target) as writer:
            writer.manifest.schema = "0014"
            writer.file(name, BytesIO(b"evil"))
            writer.finish()
        with pytest.raises(Damaged):
            restoring.restore(place, store_of(place), path, silent)
        path.unlink()
    assert not [*tmp_path.rglob("x"), *tmp_path.glob("other/keys/*")]


def test_a_place_that_is_in_use_is_replaced_only_by_its_name(lux: Installation) -> None:
    """And never while LUX runs there."""
    firm = lux.firm()
    backup = made(lux)
    lux.firm()
    name, store = restoring.name_of(lux.settings), store_of(lux.settings)
    for typed in ("", "other"):
        with pytest.raises(WrongState, match=name):
            restoring.restore(lux.settings, store, backup.path, silent, replace=typed)
    lux.db.close()
    restoring.restore(lux.settings, store, backup.path, silent, replace=name)
    with lux.db.read(ALL_COMPANIES) as session:
        assert session.scalars(select(Company.id)).all() == [firm.id]
        assert stop.active(session, None)


def test_tables_of_others_are_not_dropped_without_their_name(lux: Installation, tmp_path: Path, empty_url: str) -> None:
    """A database that holds something else is not empty, though nothing of LUX is in it."""
    lux.firm()
    backup = made(lux)
    settings = Settings(home=tmp_path / "other", database_url=empty_url)
    db = Database.of(settings)
    with db.engine.begin() as connection:
        connection.execute(text("CREATE TABLE orders (id INTEGER)"))
        connection.execute(text("INSERT INTO orders VALUES (7)"))
    with pytest.raises(WrongState, match="already"):
        restoring.restore(settings, store_of(settings), backup.path, silent)
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT id FROM orders")) == 7
    db.close()


@pytest.fixture
def empty_url(lux: Installation, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Return the address of an empty database of the same kind."""
    is_pg = lux.db.dialect == "postgresql"
    return request.getfixturevalue("pg_url") if is_pg else f"sqlite:///{tmp_path / 'empty.db'}"


def test_a_checkpoint_that_is_signed_meanwhile_does_not_belong_to_the_snapshot(
    lux_sqlite: Installation, tmp_path: Path
) -> None:
    """Or the restored chain would seem to have lost its end."""
    lux = lux_sqlite
    filled(lux)
    rounds.sign(lux.db, lux.settings)
    before = checkpoints.read_file(checkpoints.file_of(lux.settings, 0))
    wrote = list[int]()

    def signs(done: int, total: int) -> None:
        if done == total and not wrote:
            with lux.db.begin(ALL_COMPANIES) as session:
                audit.append(session, 0, actor=audit.SYSTEM, action="vault.master_rotated")
            wrote.extend(one.seq for one in rounds.sign(lux.db, lux.settings))

    path = lux.settings.home / "backups" / f"one{SUFFIX}"
    backup = writing.write(lux.db, lux.settings, store_of(lux.settings), path, signs)
    assert wrote
    verdict = trying.attempt(path, lux.settings, silent, live=backup.manifest.schema)
    assert verdict.is_good, verdict.words
    with restored(path, tmp_path / "other") as (settings, db, done):
        assert done.faults == []
        put_keys(lux, settings)
        found = checks.verify_all(db, settings, 0)
        assert (found.state, found.checkpoints) == (checks.HOLDS, len(before))


def test_a_rewritten_end_and_a_missing_picture_are_found_by_trying(lux_sqlite: Installation, tmp_path: Path) -> None:
    """Checkpoints are compared, and the library's pictures looked for."""
    lux = lux_sqlite
    filled(lux)
    rounds.sign(lux.db, lux.settings)
    good = made(lux)
    name = "home/checkpoints/0.jsonl"
    one = checkpoints.read_file(checkpoints.file_of(lux.settings, 0))[-1]
    later = replace(one, seq=one.seq + 9, hash=b"x" * 32).line.encode()
    with zipfile.ZipFile(good.path) as archive:
        picture = next(name for name in archive.namelist() if name.startswith("files/media/"))
    for number, (member, act, words) in enumerate(
        ((name, lambda body: body + later + b"\n", "does not hold"), (picture, lambda _body: None, "is missing"))
    ):
        path = rewritten(good.path, tmp_path / str(number), member, act)
        verdict = trying.attempt(path, lux.settings, silent, live=good.manifest.schema)
        assert (verdict.is_good, words in verdict.words) == (False, True), verdict.words


def rewritten(path: Path, target: Path, name: str, act) -> Path:  # type: ignore[no-untyped-def]
    """Copy a backup with a file changed and every sum made right: what was wrong before it was written."""
    with zipfile.ZipFile(path) as source, target.open("wb") as out, shape.Writer(out) as writer:
        with path.open("rb") as file:
            manifest = shape.Reader(file).manifest
        for part in manifest.tables:
            lines = BytesIO(source.read(part.name))
            writer.table(part.name.removeprefix("tables/").removesuffix(".jsonl"), part.columns, lines)
        for line in source.read(shape.FILES).splitlines():
            one = json.loads(line)[0]
            body = act(source.read(one)) if one == name else source.read(one)
            if body is not None:
                writer.file(one, BytesIO(body))
        tables, listed = writer.manifest.tables, writer.manifest.list_of_files
        writer.manifest = manifest
        writer.manifest.tables, writer.manifest.list_of_files = tables, listed
        writer.finish()
    return target


def test_it_is_tried_on_the_same_kind_of_server_where_that_is_allowed(postgres: Postgres, tmp_path: Path) -> None:
    """Else on SQLite, and the words say why; scratch databases are removed, also those of trials that were killed."""
    name, old = postgres.create(), "lux_scratch_2020010100_0123abcd"
    with psycopg.connect(postgres.admin_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE tight LOGIN")
        connection.execute(f"CREATE DATABASE {old} OWNER lux")

        def databases() -> list[str]:
            found = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'lux_scratch_%'").fetchall()
            return [row[0] for row in found]

        try:
            with scratch.place(Settings(home=tmp_path, database_url=postgres.url(name)), tmp_path) as place:
                assert (place.db.dialect, place.words) == ("postgresql", "a scratch database of PostgreSQL")
                assert [one for one in databases() if one != old] == [place.db.engine.url.database]
            assert databases() == []
            with scratch.place(Settings(home=tmp_path, database_url=postgres.url(name, "tight")), tmp_path) as place:
                assert (place.db.dialect, "permission denied" in place.words) == ("sqlite", True)
        finally:
            connection.execute(f"DROP DATABASE IF EXISTS {old}")
            connection.execute("DROP ROLE tight")
    postgres.drop(name)


def test_kill_9_leaves_nothing_that_is_called_a_backup(lux_sqlite: Installation) -> None:
    """The file takes its name when it is whole and on the disk."""
    lux, folder = lux_sqlite, lux_sqlite.settings.home / "backups"
    filled(lux)

    def dies(done: int, _total: int) -> None:
        if done > 20:
            os.kill(os.getpid(), signal.SIGKILL)

    lux.db.close()
    child = os.fork()
    if child == 0:
        writing.write(lux.db, lux.settings, store_of(lux.settings), folder / f"one{SUFFIX}", dies)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    (left,) = folder.iterdir()
    assert left.name.startswith(".one")
    assert left.suffix == ".part"
    assert left.stat().st_mode & 0o777 == 0o600
    assert made(lux).path.name == f"one{SUFFIX}"
    with pytest.raises(FileExistsError):
        made(lux)
