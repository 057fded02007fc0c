"""Thirty planted secrets stand in no page, API answer, log, error, job, export, backup or database dump."""

from __future__ import annotations

import contextlib
import io
import logging
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, text
from werkzeug.test import TestResponse

from lux.gate import domains
from lux.gate.webhooks import reads as hooks
from lux.gate.webhooks import subscriptions
from lux.identity import api_keys, invitations, tokens
from lux.identity.access import Role
from lux.kit import jobs, logs
from lux.kit.db import ALL_COMPANIES, Base
from lux.kit.settings import Settings
from lux.ledger.audit import Actor
from lux.net.storage import store_of
from lux.rooms.company.models import CompanyExport
from lux.rooms.contacts.models import ContactExport
from lux.rooms.diagnostics import service as diagnostics
from lux.rooms.safekeeping.archive import writing
from lux.rooms.signin import pages as signin
from lux.vault import accounts, data_keys, keys, rotation
from lux.vault.secrets import Vault
from tests import canaries
from tests.factories import PASSWORD, Firm, Installation, installation
from tests.full_company import filled
from tests.house.test_api import call, operations
from tests.house.test_routes import identifiers, path_of, rules

Planted = dict[str, str]
MOST_IDS = 5  # of a route that takes an id; the tests of the API and of tenancy try all


def passwords(lux: Installation, firm: Firm) -> Planted:
    """Plant mail servers' passwords: in use, replaced, of a refused form, of an account that was removed."""
    found = {f"smtp {what}": f"canary-smtp-{what}-{number}f9c2" for number, what in enumerate(
        ("live", "earlier", "second", "third", "removed", "typed"))}  # fmt: skip
    lux.mail_server(firm, 25, username="ada", password=found["smtp earlier"])
    numbers = [lux.mail_server(firm, 26, username="ada", password=found[f"smtp {what}"])
               for what in ("second", "third", "removed")]  # fmt: skip
    actor = Actor(type="person", id=firm.user_id)
    with lux.db.begin(firm.id) as session:
        account = accounts.listing(session)[-4]
        Vault(lux.settings).store(
            session, integration=f"smtp:{account.public_id.hex}", name="password", value=found["smtp live"],
            actor=actor, account_id=account.id,
        )  # fmt: skip
        gone = next(one for one in accounts.listing(session) if str(one.public_id) == numbers[-1])
        accounts.remove(session, gone, actor=actor)
    return found | {"person": PASSWORD, "app password": "canary-form-77e1b0"}


def of_programs(lux: Installation, firm: Firm) -> Planted:
    """Plant API keys (live, rotated, revoked) and webhooks' signing secrets (live, earlier)."""
    found: Planted = {}
    with lux.db.begin(firm.id) as session:
        for what in ("live", "other", "revoked"):
            key, shown = api_keys.issue(session, name=f"Canary {what}", scopes=list(api_keys.Scope), by=firm.person)
            found[f"api {what}"] = shown.partition(".")[2] or shown
            if what == "other":
                found["api rotated"] = api_keys.rotate(session, key, by=firm.person)[1].partition(".")[2]
            if what == "revoked":
                api_keys.revoke(session, key, by=firm.person)
        for number in (1, 2, 3):
            hook, secret = subscriptions.create(
                session, firm.person, name=f"Canary {number}", target=f"https://secret.example/{number}",
                kinds=["contact.created"], confirmation="secret.example",
            )  # fmt: skip
            found[f"hook {number}"] = secret.removeprefix("whsec_")
        found["hook rotated"] = subscriptions.rotate(session, firm.person, hook.public_id)[1].removeprefix("whsec_")
        assert len(hooks.listing(session)) > 3
    return found


def of_people(lux: Installation, firm: Firm) -> Planted:
    """Plant sessions, reset links, an owner link, invitations."""
    found = {"session": firm.token, "session of another": lux.member(firm.id, Role.VIEWER).token}
    with lux.db.begin(ALL_COMPANIES) as session:
        found["owner link"] = tokens.issue(session, tokens.Purpose.OWNER_LINK)
        found["reset earlier"] = tokens.issue(session, tokens.Purpose.PASSWORD_RESET, user_id=firm.user_id)
        found["reset"] = tokens.issue(session, tokens.Purpose.PASSWORD_RESET, user_id=firm.user_id)
    with lux.db.begin(firm.id) as session:
        for number in (1, 2, 3):
            invited = invitations.invite(session, firm.person, email=f"canary{number}@example.com", role=Role.VIEWER)
            found[f"invitation {number}"] = invited[1]
    return found


def of_the_house(lux: Installation, firm: Firm) -> Planted:
    """Plant the installation's own keys: master (present, earlier), signing, a company's data key, DKIM."""
    found = {"master earlier": keys.key_file(lux.settings).read_text().strip().partition(":")[2]}
    rotation.rotate_master(lux.settings, lux.db)
    found["master"] = keys.key_file(lux.settings).read_text().strip().partition(":")[2]
    found["signing key"] = (lux.settings.home / "keys" / "app.key").read_text().strip()
    with lux.db.begin(firm.id) as session:
        master = keys.fitting_keys(lux.settings, session)
        row = data_keys.living(session, firm.id)[-1]
        found["data key"] = data_keys.unwrap(master, row).hex()
        for name in ("canary.example", "canary-two.example"):
            domains.add(session, firm.person, name)
            pem = Vault(lux.settings).open(
                session, integration=domains.integration_of(name), name="private_key", purpose="test"
            )
            found[f"dkim {name}"] = pem.splitlines()[5]
    return found


def said_by(answer: TestResponse) -> bytes:
    """Return all that an answer says: every header, Location among them, and the body.

    Not its own cookie: that is how a browser is handed its session.
    """
    told = [f"{name}: {value}" for name, value in answer.headers if name != "Set-Cookie"]
    return "\n".join([str(answer.status), *told, ""]).encode() + answer.get_data()


def prompts(lux: Installation, firm: Firm) -> Iterator[tuple[str, bytes]]:
    """Yield whatever is written for a model."""
    for writer in canaries.PROMPT_WRITERS:
        yield from writer(lux, firm)


def pages(lux: Installation, firm: Firm) -> Iterator[tuple[str, bytes]]:
    """Yield (address, body) of every page."""
    client, ids = lux.client(firm), identifiers(lux, firm)
    for rule in rules(lux):
        if "GET" not in (rule.methods or set()) or "token" in rule.arguments or rule.rule.startswith("/api/v1/"):
            continue
        for one in ids["uuid"][:: max(1, len(ids["uuid"]) // MOST_IDS)] if rule.arguments else [""]:
            path = path_of(rule, ids={"uuid": one, "int": ids["int"][0], "bin_key": "segments"} if one else {})
            yield path, said_by(client.get(path))
    typed = {"label": "x", "host": "", "port": "no", "username": "ada", "password": "canary-smtp-typed-5f9c2"}
    yield "form", said_by(client.post("/settings/integrations/new/smtp", data=typed))
    yield "sign in", said_by(lux.client().post("/sign-in", data={"email": "x", "password": "canary-form-77e1b0"}))


def answers(lux: Installation, firm: Firm, key: str) -> Iterator[tuple[str, bytes]]:
    """Yield (operation, body) of every operation of the API."""
    client, ids = lux.client(), identifiers(lux, firm)
    for rule, one in operations(lux):
        given = {"uuid": ids["uuid"][0], "int": ids["int"][0]}
        answer = call(client, rule, one, given, headers={"Authorization": f"Bearer {key}"})
        if one.name != "subscribe_hook":  # shows the secret of the hook it has just made, once
            yield one.name, said_by(answer)


def members(body: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield what is in an archive."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        for member in archive.namelist():
            yield f"{name}: {member}", archive.read(member)


def exports(lux: Installation, firm: Firm) -> Iterator[tuple[str, bytes]]:
    """Yield every file: a company's, contacts', the backup, and what else lies in the store and the mailbox."""
    with lux.db.begin(firm.id) as session:
        whole = CompanyExport(file_key="company-exports/canary.zip", file_name="c.zip", created_by=firm.user_id)
        some = ContactExport(state="queued", file_key="exports/canary.csv", file_name="c.csv")
        session.add_all([whole, some])
        session.flush()
        jobs.enqueue(session, "company.export", {"export_id": whole.id}, company_id=firm.id)
        jobs.enqueue(session, "contacts.export", {"export_id": some.id}, company_id=firm.id)
    lux.work()
    store = store_of(lux.settings)
    for key in store.list(""):
        with store.open_read(key) as file:
            body = file.read()
        yield from members(body, key) if key.endswith("canary.zip") else [(key, body)]
    path = lux.settings.home / "canary.lux-backup"
    writing.write(lux.db, lux.settings, store, path, lambda _done, _total: None)
    yield from members(path.read_bytes(), "backup")


def database(lux: Installation) -> Iterator[tuple[str, bytes]]:
    """Yield every table as text, and SQLite's own files with what was deleted."""
    dumped = MetaData()
    dumped.reflect(lux.db.engine)  # what is there, not what the models know
    assert set(dumped.tables) >= set(Base.metadata.tables)
    with lux.db.engine.connect() as connection:
        for table in dumped.tables.values():
            rows = connection.execute(text(f'SELECT * FROM "{table.name}"'))
            yield table.name, "\n".join(str(tuple(row)) for row in rows).encode()
    if lux.db.dialect != "sqlite":
        return
    for path in sorted(Path(str(lux.db.engine.url.database)).parent.glob("lux.db*")):
        yield path.name, path.read_bytes()


def fail_with(lux: Installation, firm: Firm, planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pages and jobs fail while they hold secrets, and with what the vault has opened in the error's own words."""

    def breaks(*_arguments: Any, **_named: Any) -> None:
        held = dict(planted)
        raise RuntimeError(f"it broke over {held['smtp live']} and password={held['person']}")

    monkeypatch.setattr(accounts, "listing", breaks)
    assert lux.client(firm).get("/settings/integrations/").status_code == 500
    monkeypatch.setattr(signin, "service", None, raising=False)
    with contextlib.suppress(Exception):
        lux.client().post("/sign-in", data={"email": "a@example.com", "password": planted["person"]})
    try:
        breaks()
    except RuntimeError as error:
        for source in ("job", "cli", "clock"):
            diagnostics.capture(lux.db, error, source=source, company_id=firm.id, endpoint="canary")
        logging.getLogger("canary").exception("canary failed", extra={"password": planted["smtp live"]})
    monkeypatch.undo()


def test_planted_secrets_are_found_nowhere(
    lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Walk through everything that LUX shows, says and keeps."""
    lux = lux_sqlite
    logs.configure(lux.settings)
    try:
        firm = filled(lux, locale="en")
        makers: tuple[Callable[[Installation, Firm], Planted], ...] = (passwords, of_programs, of_people, of_the_house)
        planted: Planted = {}
        for make in makers:
            planted |= make(lux, firm)
        assert len(planted) >= 30
        with lux.db.begin(firm.id) as session:
            key = api_keys.issue(session, name="Walk", scopes=list(api_keys.Scope), by=firm.person)[1]
        fail_with(lux, firm, planted, monkeypatch)
        leaks, looked = [], 0
        for part in (pages(lux, firm), answers(lux, firm, key), exports(lux, firm), prompts(lux, firm), database(lux)):
            for name, body in part:
                looked += 1
                leaks += leaking(name, body, planted)
        said = "".join(capsys.readouterr())
        leaks += leaking("log", said.encode(), planted)
    finally:
        logs.configure(Settings())
    assert leaks == []
    assert looked > 250
    assert said.count("it broke over [hidden]") >= 2


def test_planted_secrets_are_in_no_table_of_postgresql(
    pg_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same secrets, and errors, jobs and exports over them: every table of the database, as it is there."""
    lux = installation(pg_url, tmp_path / "home")
    firm, planted = filled(lux, locale="en"), {}
    for make in (passwords, of_programs, of_people, of_the_house):
        planted |= make(lux, firm)
    fail_with(lux, firm, planted, monkeypatch)
    with lux.db.begin(firm.id) as session:
        some = ContactExport(state="queued", file_key="exports/canary.csv", file_name="c.csv")
        session.add(some)
        session.flush()
        jobs.enqueue(session, "contacts.export", {"export_id": some.id}, company_id=firm.id)
    lux.work()
    tables = list(database(lux))
    lux.db.close()
    assert [leak for name, body in tables for leak in leaking(name, body, planted)] == []
    assert len(tables) > 60


def test_whoever_writes_for_a_model_is_looked_at() -> None:
    """A package that talks to models can't come without its writers being named in tests/canaries.py."""
    import lux

    has_models = (Path(str(lux.__file__)).parent / "ai").is_dir()
    assert bool(canaries.PROMPT_WRITERS) is has_models


def leaking(name: str, body: bytes, planted: Planted) -> list[str]:
    """Return what stands in a body, in any of its forms."""
    return [
        f"{what} in {name}" for what, value in planted.items()
        if any(form.encode() in body for form in canaries.forms(value))
    ]  # fmt: skip


def test_the_search_finds_what_stands_there() -> None:
    """A search that can't find anything proves nothing."""
    planted = {"a": "canary/1+2"}
    for said in ("x canary/1+2 y", "?t=canary%2F1%2B2", "Y2FuYXJ5LzErMg=="):
        assert leaking("page", said.encode(), planted) == ["a in page"], said
    assert leaking("page", b"canary", planted) == []
