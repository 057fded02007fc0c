"""Every question that rooms and gate answer is answered for the session's own company alone."""

from __future__ import annotations

import datetime as dt
import importlib
import inspect
import itertools
import pkgutil
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from types import ModuleType
from typing import Any, Final

import pytest
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

import lux.rooms
from lux.gate import reads
from lux.gate.models import Delivery
from lux.kit import clock
from lux.kit.crypto import token_hash
from lux.kit.db import Base
from lux.kit.errors import LuxError
from lux.rooms.contacts.models import Contact, ContactImport
from lux.rooms.contacts.queries.listing import ContactFilter
from lux.rooms.diagnostics import queries as diagnostics
from lux.rooms.diagnostics.models import GroupState
from lux.rooms.diagnostics.scope import Scope
from lux.rooms.email.models import Campaign
from lux.rooms.email.queries import CampaignState
from lux.rooms.segments.models import Segment
from tests.factories import Firm, Installation
from tests.full_company import filled

# What is the same for everybody, or belongs to the installation; each with the reason why that is right.
NOT_OF_A_COMPANY: Final = {
    **dict.fromkeys(
        [f"company.queries.{name}" for name in ("imports", "import_by_public_id", "abandoned_imports")],
        "an import belongs to the person who asked for it, before there is a company",
    ),
    **dict.fromkeys(
        [f"company.queries.{name}" for name in ("has_live_job", "progress_of", "names_of_files")],
        "jobs and files by a number or a key in a row at hand, which came from one of the questions here",
    ),
    "contacts.queries.people.merge_names": "the standard fields; custom ones are asked for in the contacts' own tests",
    "contacts.queries.listing.where": "conditions, not rows: `page` and `count` run them and are asked here",
    "contacts.queries.tables.state_of": "reads the state of a row at hand, which came from one of the questions here",
    "email.queries.row_of": "completes a row at hand, which came from one of the questions here",
    "email.queries.rows_of": "completes rows at hand, which came from one of the questions here",
    "diagnostics.queries.open_count": "groups of all companies stand in one table; the shell names its own",
    "diagnostics.queries.companies_with_errors": "names for the operators' choice; a company's own pages never ask it",
    "diagnostics.queries.company_names": "names of the companies in rows that were read within a scope",
    "diagnostics.queries.user_name": "people belong to the installation; the id comes from a row within a scope",
    "diagnostics.queries.key_name": "of the company that is named; the id comes from a row within a scope",
    "diagnostics.queries.waiting": "the installation's queue as a number and an age, shown to operators",
    "diagnostics.queries.workers": "the installation's workers, shown to operators",
    "diagnostics.queries.leader": "the installation's leader, shown to operators",
    **dict.fromkeys(
        [f"safekeeping.queries.{name}" for name in ("backups", "backup", "unfinished", "kept", "last", "progress_of")],
        "backups of the installation, shown to operators",
    ),
    **dict.fromkeys(
        [f"safekeeping.queries.{name}" for name in ("rings", "company_by_public_id", "master_keys")],
        "keys of the installation and numbers of secrets by company, shown to operators",
    ),
    "site.queries.setup_by_key": "the public key in a snippet says whose it is; what follows is the company's own",
    "segments.queries.zone": "a time zone, read by the id of the session's own company",
}

# What answers nothing even to its own company here, and why.
SILENT: Final = {
    "contacts.queries.tables.field_count": "no field has a value there; see test_tags_and_fields.py",
    "newsletter.queries.times_asked": "nobody was asked by a mail there; tests/rooms/newsletter/test_reminding.py asks",
    "company.queries.unended_exports": "its exports have ended; tests/rooms/company/test_moving_pages.py leaves one",
    "approvals.queries.changes": "what it compares, `last_approved` and `previous_version`, is asked by itself",
    "contacts.queries.people.is_large": "it has three contacts",
    "contacts.queries.undo.plan": "the import there was written by hand, without what it did",
    "approvals.queries.leaving": "no campaign waits for its minute",
    "gate.reads.overdue": "no campaign waits for its hour",
    "gate.reads.proven": "nobody has opened anything",
}


@dataclass
class World:
    """Ids and words of the full company, and whose answers are wanted."""

    full: Firm
    asker: Firm
    uuids: list[uuid.UUID]
    numbers: list[int]
    campaigns: list[Campaign]
    entry: ContactImport
    names: dict[str, list[str]]


def questions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield (dotted name below `rooms` or `gate`, function) of every public function that takes a session."""
    for module in _modules():
        for name, found in vars(module).items():
            if name.startswith("_") or not inspect.isfunction(found) or found.__module__ != module.__name__:
                continue
            if any(str(one.annotation) == "Session" for one in inspect.signature(found).parameters.values()):
                yield f"{module.__name__.removeprefix('lux.rooms.').removeprefix('lux.')}.{name}", found


def _modules() -> Iterator[ModuleType]:
    yield reads
    for info in pkgutil.walk_packages(lux.rooms.__path__, "lux.rooms."):
        if "queries" in info.name.split("."):
            yield importlib.import_module(info.name)


QUESTIONS: Final = dict(questions())


def arguments(world: World, name: str, annotation: str, session: Session) -> list[Any]:  # noqa: PLR0911 - a table
    """Return the values a parameter is tried with; a new kind of parameter has to be taught here."""
    if "Select" in annotation:
        # what a room composes for its own company: here by the ids of the other one
        return [select(Contact.id).where(Contact.id.in_(world.numbers))]
    if "UUID" in annotation:
        return (
            [world.uuids] if any(word in annotation for word in ("Sequence", "Collection", "Iterable")) else world.uuids
        )
    if name in {"text", "name_key", "email_key", "phone", "address_prefix", "keys", "names"}:
        return _words(world, name, annotation)
    by_name: dict[str, list[Any]] = {
        "company_id": [world.full.id],
        "_company_id": [world.full.id],
        "user_id": [world.full.user_id],
        "owner": [0, world.full.user_id],
        "scope": [Scope(world.asker.id)],
        "campaign": list(world.campaigns),
        "campaigns": [world.campaigns],
        "entry": [world.entry],
        "wanted": [ContactFilter(), ContactFilter(text="first"), ContactFilter(consent="given")],
        "tab": list(diagnostics.JOB_TABS),
        "moment": [dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)],
        "since": [dt.datetime(2000, 1, 1, tzinfo=dt.UTC)],
        "limit": [50],
        "before": [None, 10_000],
        "before_version": [9],
        "fragment": ["mjml", "Secret", ""],
        "key": ["secret-block", "plan"],
        "starts": [[dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(2001, 1, 1, tzinfo=dt.UTC)]],
        "visitor_key": [token_hash("f" * 32)],
        "what": ["page"],
        "values": [["secret.example/secret"]],
        "name": ["source"],
        "day": [clock.in_zone(clock.now(), "Europe/Berlin").date()],
        "first": [dt.date(2000, 1, 1)],
        "last": [dt.date(2100, 1, 1)],
        "start": [dt.datetime(2000, 1, 1, tzinfo=dt.UTC)],
        "end": [dt.datetime(2100, 1, 1, tzinfo=dt.UTC)],
        "code": [f"secret-form-{world.full.id}"],
        "token_hash": [str(world.full.id).rjust(64, "0")],
        "kind": ["contacts.imported"],
        "url": ["/contacts/imports"],
        "user_ids": [[world.full.user_id]],
        "number": [1, 2],
        "kept": [0],
        "subject": [("campaign", one.id) for one in world.campaigns],
        "subject_type": ["campaign"],
        "item": reads.items(session) if session.info["company_id"] == world.full.id else _items(world),
    }
    if name in by_name:
        return by_name[name]
    if name in {"state", "states"}:
        kind = next(
            one
            for one in (GroupState, CampaignState, reads.ItemState, reads.OutboundState)
            if one.__name__ in annotation
        )
        return [list(kind)] if "Sequence" in annotation else list(kind)
    if name.endswith("_id") and "int" in annotation:
        return world.numbers
    if "int" in annotation and any(word in annotation for word in ("Sequence", "Collection")):
        return [world.numbers]
    raise AssertionError(f"no values for {name}: {annotation}; teach them to `arguments`")


def _words(world: World, name: str, annotation: str) -> list[Any]:
    found = world.names.get(name, world.names["text"])
    if "frozenset" in annotation:
        return [frozenset({"email", "first_name", "fields"})]
    return [found] if "str]" in annotation else list(found)


_kept_items: list[Any] = []


def _items(_world: World) -> list[Any]:
    return _kept_items


def calls(world: World, function: Callable[..., Any], session: Session) -> Iterator[Any]:
    """Yield what a function answers, for every combination of values; an error that says "not there" is no answer."""
    wanted: dict[str, list[Any]] = {}
    for one in inspect.signature(function).parameters.values():
        if str(one.annotation) == "Session":
            wanted[one.name] = [session]
        elif one.default is inspect.Parameter.empty:
            wanted[one.name] = arguments(world, one.name, str(one.annotation), session)
    for values in itertools.product(*wanted.values()):
        try:
            answer = function(**dict(zip(wanted, values, strict=True)))
        except LuxError:
            continue
        yield list(session.execute(answer)) if isinstance(answer, Select) else answer


def is_nothing(answer: Any) -> bool:
    """Say whether an answer holds no row, no count, no word."""
    if isinstance(answer, Iterator):
        return not list(answer)
    if isinstance(answer, Mapping):
        return all(is_nothing(value) for value in answer.values())
    if isinstance(answer, Collection) and not isinstance(answer, str):
        return all(is_nothing(value) for value in answer)
    if is_dataclass(answer):
        return all(is_nothing(getattr(answer, one.name)) for one in fields(answer))
    return not answer and not isinstance(answer, Enum)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, World]]:
    """Return an installation with a full company and somebody of another one, made once for all questions."""
    from tests.factories import installation

    home = tmp_path_factory.mktemp("world")
    lux = installation(f"sqlite:///{home / 'lux.db'}", home / "home")
    full, asker = filled(lux), lux.firm()
    with lux.db.begin(full.id) as session:  # what a company has on a busier day
        skipped = session.scalars(select(Delivery).limit(1)).one()
        skipped.state, skipped.error = reads.DeliveryState.SKIPPED, "no consent"
    uuids, numbers = set[uuid.UUID](), set[int]()
    with lux.db.read(full.id) as session:
        for mapper in Base.registry.mappers:
            model: Any = mapper.class_
            if "company_id" in model.__table__.c:
                for row in session.scalars(select(model).where(model.company_id == full.id).limit(4)):
                    uuids |= {row.public_id} if hasattr(row, "public_id") else set()
                    numbers |= {row.id} if hasattr(row, "id") else set()
        contact = session.scalars(select(Contact).where(Contact.email.is_not(None)).limit(1)).one()
        _kept_items[:] = reads.items(session)
        names = {
            "text": ["secret", "first", str(contact.email), ""],
            "name_key": [session.scalars(select(Segment.name_key).limit(1)).one(), "secret view"],
            "email_key": [str(contact.email_key)],
            "phone": [str(contact.phone)],
            "keys": [str(contact.email_key), "plan"],
        }
        made = World(
            full=full,
            asker=asker,
            uuids=sorted(uuids),
            numbers=sorted(numbers)[:40],
            campaigns=list(session.scalars(select(Campaign))),
            entry=session.scalars(select(ContactImport).limit(1)).one(),
            names=names,
        )
    yield lux, made
    lux.db.close()


@pytest.mark.parametrize("name", sorted(set(QUESTIONS) - set(NOT_OF_A_COMPANY)))
def test_a_question_about_another_company_finds_nothing(world: tuple[Installation, World], name: str) -> None:
    """Asked in the other company's session with the full company's ids, by every combination of them."""
    lux, made = world
    with lux.db.read(made.asker.id) as session:
        heard = [answer for answer in calls(made, QUESTIONS[name], session) if not is_nothing(answer)]
    assert heard == []


def test_the_questions_do_find_what_is_the_own(world: tuple[Installation, World]) -> None:
    """Asked by the full company itself nearly all of them find something: silence above means something."""
    lux, made = world
    own = World(**{**vars(made), "asker": made.full})
    silent = []
    for name in sorted(set(QUESTIONS) - set(NOT_OF_A_COMPANY)):
        with lux.db.read(made.full.id) as session:
            if all(is_nothing(answer) for answer in calls(own, QUESTIONS[name], session)):
                silent.append(name)
    assert sorted(set(silent) ^ set(SILENT)) == []


def test_what_is_excepted_exists() -> None:
    """An exception for a function that is gone would hide its successor."""
    assert set(NOT_OF_A_COMPANY) <= set(QUESTIONS)
