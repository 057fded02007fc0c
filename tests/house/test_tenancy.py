"""Nothing a company has written stands on any page of another one, and no id of its rows can be put to use there."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest
from flask.testing import FlaskClient
from sqlalchemy import String, Table, Text, literal, select, update

from lux.identity.erasure import KEPT
from lux.identity.models import Company, Membership, User
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Base
from lux.rooms.diagnostics.models import ErrorGroup
from lux.ui.access import rule_of
from lux.ui.paging import encode_cursor
from tests.factories import Firm, Installation
from tests.full_company import filled
from tests.house import sources
from tests.house.test_routes import dump, identifiers, path_of, rules

MARK: Final = "zqxmark"
# What a list may be asked by, besides what the code of its own room reads from the address.
EVERYWHERE: Final = {"cursor", "tag", "q", "before", "contact", "segment"}
COMPOSED: Final = {"audience": "segment", "start": "template"}  # an id behind a word
ALLOWANCE: Final = {
    "hosts": "hooks.example", "kinds": ["tag.added"], "most": 1, "reason": "mine",
    "until": (clock.now() + timedelta(days=30)).date().isoformat(),
    "confirmation": "Secret program",
}  # fmt: skip
GUEST: Final = {
    "name": "Mine", "email": "guest@client.example", "may_comment": "1", "reach": "item",
    "until": (clock.now() + timedelta(days=3)).date().isoformat(),
}  # fmt: skip
_READ: Final = re.compile(r"request\.(?:args|values)(?:\.get|\.getlist)?[\[(]\s*\"(\w+)\"|\bread\(\"(\w+)\"\)")


@dataclass
class Pair:
    """A full company whose every text is marked, and somebody of another company that is full too."""

    lux: Installation
    full: Firm
    other: Firm
    foreign: dict[str, list[str]]
    own: dict[str, list[str]]


@pytest.fixture
def pair(lux_sqlite: Installation) -> Pair:
    """Return two full companies, the first one marked."""
    full, other = filled(lux_sqlite), filled(lux_sqlite)
    foreign, own = identifiers(lux_sqlite, full), identifiers(lux_sqlite, other)
    mark(lux_sqlite, full)
    return Pair(lux_sqlite, full, other, foreign, own)


def mark(lux: Installation, firm: Firm) -> None:
    """Write the mark into every text column of every row of a company, and into its name and its people's."""
    marked = 0
    with lux.db.begin(ALL_COMPANIES) as session:
        for table in Base.metadata.sorted_tables:
            if "company_id" not in table.c or not isinstance(table, Table) or table.name in KEPT:
                continue
            texts = [one for one in table.c if type(one.type) in {String, Text} and not one.foreign_keys]
            if not texts:
                continue
            values = {one.name: literal(MARK) + one for one in texts}
            found = session.connection().execute(update(table).where(table.c.company_id == firm.id).values(values))
            marked += found.rowcount
        session.execute(update(Company).where(Company.id == firm.id).values(name=f"{MARK} Ltd", postal_address=MARK))
        people = select(Membership.user_id).where(Membership.company_id == firm.id)
        session.execute(update(User).where(User.id.in_(people)).values(name=MARK))
    assert marked > 30, "there is something to be seen"


def asked_by(view: Any) -> set[str]:
    """Return the names that the code of a page's room reads from addresses."""
    parts = view.__module__.split(".")
    if parts[:2] != ["lux", "rooms"]:
        return EVERYWHERE
    files = (sources.ROOMS / parts[2]).rglob("*.py")
    found = {
        name for file in files for pair in _READ.findall(file.read_text(encoding="utf-8")) for name in pair if name
    }
    return found | EVERYWHERE


def queries_of(pair: Pair, names: set[str]) -> Iterator[dict[str, str]]:
    """Yield addresses' queries: each name with the words, ids and cursors that lead to the marked rows."""
    yield {}
    yield {"cursor": encode_cursor("zzzz", 10**6)}
    yield {"cursor": encode_cursor("2999-01-01T00:00:00+00:00", 10**6)}
    # all names at once: a page that takes what is another company's for any of them shows it here
    plain = names - {"cursor", "before", "state", "sort", "view", "tab"}
    yield {"q": MARK[:3]}
    yield dict.fromkeys(plain - {"q"}, pair.foreign["int"][0])
    values = _named(pair.lux, pair.full)
    yield {name: values[name] for name in plain if name in values}
    for name in plain & set(COMPOSED):
        yield {name: f"{COMPOSED[name]}:{values[COMPOSED[name]]}"}
    some = list(values.values())
    for turn in range(0, len(some), 4):
        yield {name: some[(place + turn) % len(some)] for place, name in enumerate(sorted(plain - {"q"}))}


def test_no_page_shows_what_another_company_has_written(pair: Pair) -> None:
    """Every GET page, also with ids, words and cursors of the full company in its address."""
    client, seen = pair.lux.client(pair.other), 0
    faults: list[str] = []
    for rule in rules(pair.lux):
        found = rule_of(pair.lux.app.view_functions[rule.endpoint])
        if "GET" not in (rule.methods or set()) or found is None or "token" in rule.arguments:
            continue
        queries = list(queries_of(pair, asked_by(pair.lux.app.view_functions[rule.endpoint])))
        paths = {path_of(rule, ids={"uuid": one, "int": pair.own["int"][0]}) for one in pair.own["uuid"]}
        path = next((path for path in sorted(paths) if client.get(path).status_code == 200), None)
        if path is not None:
            for query in queries:
                answer = client.get(path, query_string=query, headers={"HX-Request": "true"} if query else {})
                seen += 1
                if MARK in answer.get_data(as_text=True).casefold() or answer.status_code >= 500:
                    faults.append(f"{path} {query} → {answer.status_code}")
    assert seen > 300
    assert faults == []


def forms(pair: Pair) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (address, form) of everything that takes a record by its id in a field, with each foreign id."""
    own = _named(pair.lux, pair.other)
    contact, segment, campaign = own["contact"], own["segment"], own["campaign"]
    mail = {"version": 1, "name": "Mine", "subject": "Hello", "format": "html", "source": "<p>x</p>"}
    for one in pair.foreign["uuid"]:
        for action in ("tag", "untag", "trash", "restore"):
            yield "/contacts/selection", {"ids": [one], "action": action, "tag": "vip"}
        yield "/contacts/selection", {"ids": [contact], "action": "tag", "tag": one}
        yield "/contacts/selection", {"ids": [contact], "action": "untag", "tag": one}
        yield f"/contacts?tag={one}", {}
        yield f"/contacts/exports?tag={one}", {"ids": [one]}
        yield "/contacts/exports", {"ids": [one]}
        yield "/companies/switch", {"company": one}
        yield "/segments/add-selected", {"ids": [one], "segment": segment}
        yield "/segments/add-selected", {"ids": [contact], "segment": one}
        yield "/segments/choose", {"ids": [one]}
        yield f"/segments/{segment}/members/remove", {"ids": [one]}
        for verb in ("join", "leave"):
            yield f"/segments/{verb}", {"contact": one, "segment": segment}
            yield f"/segments/{verb}", {"contact": contact, "segment": one}
        yield "/campaigns/new", {"name": "Mine", "start": f"template:{one}"}
        yield f"/campaigns/{campaign}/edit", mail | {"sender": one}
        yield f"/campaigns/{campaign}/edit", mail | {"audience": f"segment:{one}"}
        yield "/approvals/guests", GUEST | {"item": one}
        yield f"/campaigns/{campaign}/test", {"version": 1, "members": [one]}
        yield "/templates/preview", {"name": "x", "source": "<mjml></mjml>", "preview_contact": one}
        yield "/settings/integrations/use", {"account": one}
        yield "/settings/integrations/webhooks/programs/", {"key_id": one} | ALLOWANCE
        yield "/settings/subscribe-form/", {"is_on": "on", "version": 1, "list_id": one}
        for kind in ("contacts", "campaigns", "segments", "templates", "media", "blocks"):
            yield f"/trash/{kind}/restore", {"ids": one}
            yield f"/trash/{kind}/ask", {"ids": one}
            yield f"/trash/{kind}/remove", {"ids": one, "confirmation": "1"}
    with pair.lux.db.read(ALL_COMPANIES) as session:  # errors stand outside of the companies' own tables
        errors = session.scalars(select(ErrorGroup.public_id).where(ErrorGroup.company_id == pair.full.id)).all()
    for error in errors:
        for state in ("resolved", "ignored", "open"):
            yield "/diagnostics/errors", {"ids": [str(error)], "state": state}


def _named(lux: Installation, firm: Firm) -> dict[str, str]:
    """Return a public id per table name of a company."""
    found: dict[str, str] = {}
    with lux.db.read(firm.id) as session:
        for mapper in Base.registry.mappers:
            model: Any = mapper.class_
            if "company_id" in model.__table__.c and hasattr(model, "public_id"):
                row = session.scalars(select(model).where(model.company_id == firm.id).limit(1)).first()
                if row is not None:
                    found[model.__tablename__] = str(row.public_id)
    return found


def test_no_form_takes_a_record_of_another_company_by_its_id(pair: Pair) -> None:
    """Whatever it answers: no row of the full company changes, none of the other's points there, nothing is shown."""
    before, client = dump(pair.lux, pair.full), pair.lux.client(pair.other)
    with pair.lux.db.read(ALL_COMPANIES) as session:
        company = str(session.get_one(Company, pair.full.id).public_id)
    assert client.post("/companies/switch", data={"company": company}).status_code == 404
    asked = 0
    for path, form in forms(pair):
        answer = client.post(path, data=form)
        asked += 1
        assert answer.status_code < 500, (path, form)
        assert MARK not in answer.get_data(as_text=True).casefold(), (path, form)
    pair.lux.work()
    assert asked > 100
    assert dump(pair.lux, pair.full) == before
    foreign = {uuid.UUID(one).hex for one in pair.foreign["uuid"]} | set(pair.foreign["uuid"])
    pointing = [
        (table, column)
        for table, rows in dump(pair.lux, pair.other).items()
        for row in rows
        for column in row
        if table not in {"error_log", "error_group", "job"} and any(one in column for one in foreign)
    ]
    assert pointing == []


ID_FORMS: Final = frozenset(
    (
        "SwitchForm",
        "EditorForm",
        "TestForm",
        "UseForm",
        "SelectedForm",
        "MembersForm",
        "PanelForm",
        "SelectionForm",
        "AllowanceForm",
        "ChosenForm",
        "RemoveForm",
        "BulkForm",
        "GuestForm",
    )
)


def test_every_form_with_an_id_in_it_is_tried() -> None:
    """A new form that takes a record by its id has to stand in `forms` above."""
    import importlib
    import pkgutil

    import lux.rooms
    from lux.ui.parsing import FormModel

    for info in pkgutil.walk_packages(lux.rooms.__path__, "lux.rooms."):
        if "forms" in info.name.split("."):
            importlib.import_module(info.name)
    pending, found = [FormModel], set[str]()
    while pending:
        model = pending.pop()
        pending.extend(model.__subclasses__())
        if any(
            "UUID" in str(one.annotation) or "public id" in (one.description or "")
            for one in model.model_fields.values()
        ):
            found.add(model.__name__)
    assert found <= ID_FORMS, found - ID_FORMS


def test_a_link_without_csrf_acts_on_its_own_token_alone(lux_sqlite: Installation) -> None:
    """Every route that checks no CSRF, with a token that is wrong, cut, or made for something else: nothing happens."""
    firm = filled(lux_sqlite)
    before, client, asked = dump(lux_sqlite, firm), lux_sqlite.client(), 0
    for rule in rules(lux_sqlite):
        found = rule_of(lux_sqlite.app.view_functions[rule.endpoint])
        if found is None or found.checks_csrf or found.scope is not None:  # a key's own: tests/house/test_api.py
            continue
        if "token" not in rule.arguments and "a key of the company" in found.reason:
            asked += _asked_with_wrong_keys(client, rule.rule)
            continue
        assert "token" in rule.arguments, f"{rule.rule}: what stands in the place of CSRF?"
        for token in ("none", "x" * 60, *_strange_tokens(lux_sqlite)):
            answer = client.post(rule.build({"token": token})[1], data={"List-Unsubscribe": "One-Click"})  # type: ignore[index]
            assert 400 <= answer.status_code < 500, f"{rule.rule} {token} → {answer.status_code}"
            asked += 1
    assert asked >= 6
    assert dump(lux_sqlite, firm) == before


def _asked_with_wrong_keys(client: FlaskClient, path: str) -> int:
    """Post without a key and with keys of nobody; returns how often."""
    tried: list[dict[str, str]] = [{}, {"X-API-Key": "x"}, {"Authorization": f"Bearer {uuid.uuid4()}.secret"}]
    for headers in tried:
        assert client.post(path, json={"email": "a@example.com"}, headers=headers).status_code == 401
    return len(tried)


def _strange_tokens(lux: Installation) -> list[str]:
    """Return real tokens of another purpose, and a right one with a letter changed."""
    from lux.gate.models import Delivery
    from lux.render import tokens
    from tests.rooms.email.test_tracking import token

    with lux.db.read(ALL_COMPANIES) as session:
        number = session.scalars(select(Delivery.id).limit(1)).one()
    right = token(lux, tokens.UNSUBSCRIBE, number)
    changed = ("A" if right[5] != "A" else "B").join((right[:5], right[6:]))
    return [token(lux, tokens.VIEW, number), token(lux, tokens.OPEN, number), changed, right[:-2]]
