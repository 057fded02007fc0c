"""How many decisions the gate takes in a second, each with its checks, its rows, its audit row and its commit."""

from __future__ import annotations

import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lux import house
from lux.gate import reads, submit
from lux.gate.service import ApprovalService
from lux.identity import companies, sessions, users
from lux.kit.db import ALL_COMPANIES, Database, schema
from lux.kit.settings import Settings
from lux.ports.acts import ActKind, PublishPost

if TYPE_CHECKING:
    from lux.identity.access import Person

ITEMS: Final = 200
PASSWORD: Final = "correct horse bench staple"  # noqa: S105 - of a throw-away database


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Items per second."""

    submitted: float
    decided: float


def measure() -> Pace:
    """Submit and approve posts of an invented company, one transaction each, on SQLite with LUX's own settings."""
    house.install()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder), database_url=f"sqlite:///{Path(folder) / 'lux.db'}")
        db = Database.of(settings)
        schema.upgrade(db.engine)
        person = _owner(db, settings)
        began = time.perf_counter()
        items = [_submit(db, person, number) for number in range(1, ITEMS + 1)]
        submitted = ITEMS / (time.perf_counter() - began)
        began = time.perf_counter()
        for public_id, shown_hash in items:
            with db.begin(person.company_id or 0) as session:
                ApprovalService(session).approve(person, public_id, shown_hash=shown_hash)
        decided = ITEMS / (time.perf_counter() - began)
        db.close()
        return Pace(submitted=submitted, decided=decided)


def _owner(db: Database, settings: Settings) -> Person:
    with db.begin(ALL_COMPANIES) as session:
        owner = users.create(session, name="Bench", email="bench@example.com", password=PASSWORD)
        company = companies.create(session, name="Bench", owner_id=owner.id)
        token = sessions.start(session, owner, settings, company_id=company.id)
    found = sessions.person_for(db, token, settings)
    if found is None:
        raise RuntimeError("the session that was just begun is not there")
    return found


def _submit(db: Database, person: Person, number: int) -> tuple[uuid.UUID, str]:
    company_id = person.company_id or 0
    post = PublishPost(
        kind=ActKind.SOCIAL_POST, company_id=company_id, channel="instagram", account="", target="@bench",
        text=f"Lamps, number {number}", first_comment="",
    )  # fmt: skip
    with db.begin(company_id) as session:
        outbound = submit.submit_for_approval(session, post, author=person, title="Lamps", subject=("post", number))
        item = reads.outbound(session, outbound.id).item
        return item.public_id, item.content_hash
