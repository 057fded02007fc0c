"""Makes a whole small installation for a test: settings, schema, companies, people, signed-in browsers, contacts."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jinja2 import FileSystemBytecodeCache

from lux import house
from lux.gate import consent
from lux.gate.consent import ConsentEntry
from lux.gate.models import FeatureToggle
from lux.gate.parties import Sender
from lux.gate.states import ConsentState
from lux.identity import companies, members, sessions, users
from lux.identity.access import Person, Role
from lux.kit import clock, crypto
from lux.kit.addresses import email_key
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.jobs import QUEUES, Claim, Kinds, RetryLater
from lux.kit.jobs.keeper import Keeper
from lux.kit.jobs.run import Workshop
from lux.kit.settings import Settings
from lux.rooms.contacts.models import Contact
from tests.services import run

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

PASSWORD = "mauve otter sings 9"
_numbers = itertools.count(1)


@dataclass
class Firm:
    """A company with the person who looks at it."""

    id: int
    person: Person
    token: str
    user_id: int


@dataclass
class Installation:
    """One installation on one database."""

    settings: Settings
    db: Database
    firms: list[Firm] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)  # what job handlers raised

    @cached_property
    def app(self) -> Flask:
        """Return the web application; CSRF is checked only where a test asks for it."""
        from lux.app import create_app

        app = create_app(self.settings, db=self.db)
        app.config.update(TESTING=True, WTF_CSRF_ENABLED=False, PROPAGATE_EXCEPTIONS=False)
        # Each test has an application of its own: what the first of a run compiled, the others read.
        app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(run.shared_folder("templates")))
        return app

    def firm(self, name: str = "", role: Role = Role.OWNER) -> Firm:
        """Make a company and a signed-in person with a role in it (an owner stands beside any lesser role)."""
        number = next(_numbers)
        name = name or f"Company {number}"
        with self.db.begin(ALL_COMPANIES) as session:
            owner = users.create(session, name=f"Owner {number}", email=f"owner{number}@example.com", password=PASSWORD)
            company = companies.create(session, name=name, owner_id=owner.id, timezone="Europe/Berlin")
            company.unsend_seconds = 0  # as the settings page offers; tests/rooms/email/test_unsend.py waits
            company.postal_address = f"{name}\nMain Street {number}\n12345 Town"
            company_id, user_id = company.id, owner.id
        made = self.member(company_id, role) if role is not Role.OWNER else self.sign_in(user_id, company_id)
        self.firms.append(made)
        return made

    def member(self, company_id: int, role: Role) -> Firm:
        """Make another person in a company and sign them in."""
        number = next(_numbers)
        with self.db.begin(ALL_COMPANIES) as session:
            user = users.create(
                session, name=f"Person {number}", email=f"person{number}@example.com", password=PASSWORD
            )
            members.add(session, company_id, user.id, role)
            user_id = user.id
        return self.sign_in(user_id, company_id)

    def sign_in(self, user_id: int, company_id: int) -> Firm:
        """Return a person with a fresh web session."""
        with self.db.begin(ALL_COMPANIES) as session:
            token = sessions.start(session, users.by_id(session, user_id), self.settings, company_id=company_id)
        person = sessions.person_for(self.db, token, self.settings)
        assert person is not None
        return Firm(id=company_id, person=person, token=token, user_id=user_id)

    def client(self, firm: Firm | None = None) -> FlaskClient:
        """Return a browser without scripts, signed in when a firm is given."""
        client = self.app.test_client()
        if firm is not None:
            with client.session_transaction() as cookie:
                cookie["sid"] = firm.token
        return client

    def contacts(self, firm: Firm, count: int = 1, *, with_consent: bool = True, **values: Any) -> list[int]:
        """Make contacts with e-mail addresses; returns their ids."""
        rows = [self._contact(values if number == 0 else {**values, "email": ""}) for number in range(count)]
        with self.db.begin(firm.id) as session:
            session.add_all(rows)
            session.flush()
            entries = [
                ConsentEntry(
                    channel="email",
                    address_key=str(row.email_key),
                    contact_id=row.id,
                    state=ConsentState.GIVEN,
                    basis="declared",
                    source="test",
                )
                for row in rows
            ]
            consent.record_many(session, entries if with_consent else [])
            return [row.id for row in rows]

    @staticmethod
    def _contact(values: dict[str, Any]) -> Contact:
        number = next(_numbers)
        address = str(values.get("email") or f"contact{number}@example.com")
        return Contact(
            **{
                "first_name": f"First{number}",
                "last_name": f"Last{number}",
                **values,
                "email": address,
                "email_key": email_key(address),
            }
        )

    def sender(self, firm: Firm, email: str = "news@example.com", name: str = "News") -> int:
        """Make a verified sender; returns its id."""
        with self.db.begin(firm.id) as session:
            row = Sender(
                name=name, email=email, email_key=email_key(email), verified_at=clock.now(), verified_by="code"
            )
            session.add(row)
            session.flush()
            return row.id

    def mail_server(self, firm: Firm, port: int, **values: str) -> str:
        """Connect a mail server on this machine and make it the default; returns the account's public id."""
        from lux.gate import intake
        from lux.ledger.audit import Actor
        from lux.vault import accounts
        from lux.vault.secrets import Vault

        wanted = {"host": "127.0.0.1", "port": str(port), "security": "none", **values}
        with self.db.begin(firm.id) as session:
            account = accounts.add(
                session,
                Vault(self.settings),
                intake.schemas(self.settings)["smtp"],
                label="Mail server",
                values=wanted,
                actor=Actor(type="person", id=firm.user_id),
            )
            return str(account.public_id)

    def work(self, *, rounds: int = 100) -> int:
        """Run due jobs in this thread until none is due; returns how many ran."""
        keeper = Keeper(self.db, f"test-{next(_numbers)}", threads=1)
        workshop = Workshop(self.db, self.settings, Kinds(house.job_kinds()), keeper, on_error=self._note)
        keeper.start()
        ran = 0
        try:
            for _ in range(rounds):
                claimed = workshop.claim(dict.fromkeys(QUEUES, 1))
                for claim in claimed:
                    workshop.execute(claim)
                ran += len(claimed)
                if not claimed:
                    break
        finally:
            keeper.stop()
        if self.errors:
            raise self.errors.pop()
        return ran

    def _note(self, _db: Database, _claim: Claim, error: Exception, _is_final: bool) -> None:
        if not isinstance(error, RetryLater):
            self.errors.append(error)

    def switch_on(self, firm: Firm, key: str = "channel_email") -> None:
        """Turn a toggle on."""
        with self.db.begin(firm.id) as session:
            session.add(FeatureToggle(key=key, is_on=True, reason="test"))


def migrate(url: str) -> None:
    """Bring an empty database to the present schema."""
    from lux.kit.db import schema

    db = Database(url)
    schema.upgrade(db.engine)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if db.dialect == "sqlite":
            connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
    db.close()


def installation(url: str, home: Path, *, is_migrated: bool = False, **values: Any) -> Installation:
    """Return an installation on a fresh database, with keys, schema and the house's contributions."""
    from lux.kit.db import schema
    from lux.vault import keys

    settings = Settings(home=home, database_url=url, **values)
    home.mkdir(parents=True, exist_ok=True)
    crypto.make_app_key(settings)
    db = Database.of(settings)
    if not is_migrated:
        schema.upgrade(db.engine)
    keys.prepare_keys(settings, db)
    house.install()
    return Installation(settings=settings, db=db)
