"""Every route has an access rule, checks CSRF or names what stands in its place, and knows one company only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Table, select, text, update
from werkzeug.routing import Rule

from lux.gate import reads, submit
from lux.identity.access import Role
from lux.identity.models import User
from lux.kit.db import ALL_COMPANIES, Base, Tenant
from lux.ui.access import rule_of
from tests.factories import Firm, Installation
from tests.full_company import filled

ANSWERS_OF_A_CLOSED_DOOR = {400, 403, 404, 405, 409, 413, 415, 422, 429}


def rules(lux: Installation) -> Iterator[Rule]:
    """Yield every route of the product but the static files."""
    yield from (rule for rule in lux.app.url_map.iter_rules() if rule.endpoint != "static")


def test_every_route_has_an_access_rule(lux_sqlite: Installation) -> None:
    """A view that says nothing is a defect; a public one says why."""
    for rule in rules(lux_sqlite):
        found = rule_of(lux_sqlite.app.view_functions[rule.endpoint])
        assert found is not None, f"{rule.endpoint} has no access rule"
        if found.right is None:
            assert len(found.reason) > 10, f"{rule.endpoint} is public without a reason"


def test_strangers_see_public_pages_only(lux_sqlite: Installation) -> None:
    """Without a session every other page leads to the sign-in, whatever its arguments."""
    client = lux_sqlite.client()
    for rule in rules(lux_sqlite):
        found = rule_of(lux_sqlite.app.view_functions[rule.endpoint])
        if found is None or found.right is None:
            continue
        for method in sorted((rule.methods or set()) & {"GET", "POST", "DELETE", "PUT", "PATCH"}):
            answer = client.open(path_of(rule, ids={}), method=method)
            is_closed = answer.status_code == 401 or "/sign-in" in answer.headers.get("Location", "")
            assert is_closed, f"{method} {rule.rule} → {answer.status_code}"


def test_every_change_needs_a_csrf_token(lux_sqlite: Installation) -> None:
    """A POST without the token is refused, or the route names the proof that stands in its place."""
    lux_sqlite.app.config["WTF_CSRF_ENABLED"] = True
    firm = lux_sqlite.firm()
    with lux_sqlite.db.begin(ALL_COMPANIES) as session:  # so that the operators' pages are asked too
        session.execute(update(User).where(User.id == firm.user_id).values(is_operator=True))
    client = lux_sqlite.client(firm)
    for rule in rules(lux_sqlite):
        if not (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}:
            continue
        found = rule_of(lux_sqlite.app.view_functions[rule.endpoint])
        assert found is not None
        if not found.checks_csrf:
            continue
        answer = client.post(path_of(rule, ids={}))
        assert answer.status_code == 400, f"{rule.rule} → {answer.status_code}"


@pytest.mark.parametrize("each", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("role", [Role.OWNER, Role.VIEWER])
def test_no_route_shows_or_changes_another_companys_records(lux_sqlite: Installation, role: Role, each: int) -> None:
    """Every route with ids of every table of a full company, asked by a person of another: closed, no row changed."""
    lux = lux_sqlite
    full, other = filled(lux), lux.firm(role=role)
    ids = identifiers(lux, full, each=each)
    assert len(ids["uuid"]) >= 10
    before = dump(lux, full)
    client = lux.client(other)
    for rule in rules(lux):
        if not rule.arguments or "token" in rule.arguments:
            continue
        access = rule_of(lux.app.view_functions[rule.endpoint])
        if access is not None and access.scope is not None:  # asked with a key in tests/house/test_api.py
            continue
        kind = "int" if "<int:" in rule.rule and "<uuid:" not in rule.rule else "uuid"
        for value in ids[kind]:
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                path = path_of(rule, ids={"uuid": value, "int": ids["int"][0]} if kind == "uuid" else {"int": value})
                answer = client.open(path, method=method, data={"confirmation": "x"} if method == "POST" else None)
                where = f"{method} {path} → {answer.status_code}"
                allowed = {404, 403} if method == "GET" else ANSWERS_OF_A_CLOSED_DOOR
                assert answer.status_code in allowed, where
    assert dump(lux, full) == before


def test_every_tenant_table_is_filtered(lux: Installation) -> None:
    """A session of one company sees, changes and deletes no row of another, table by table."""
    full, other = filled(lux), lux.firm()
    for mapper in Base.registry.mappers:
        model: Any = mapper.class_
        if not issubclass(model, Tenant):
            continue
        with lux.db.read(other.id) as session:
            foreign = [row for row in session.scalars(select(model)) if row.company_id != other.id]
        assert foreign == [], model.__name__
        with lux.db.read(full.id) as session:
            assert all(row.company_id == full.id for row in session.scalars(select(model))), model.__name__


def test_submitting_for_another_company_is_refused(lux_sqlite: Installation) -> None:
    """An act that names another company does not enter the gate."""
    from lux.kit.errors import Forbidden
    from tests.gate.conftest import act

    full, other = filled(lux_sqlite), lux_sqlite.firm()
    with pytest.raises(Forbidden), lux_sqlite.db.begin(other.id) as session:
        submit.submit_for_approval(session, act(full), author=other.person, title="x", subject=("campaign", 1))
    with lux_sqlite.db.read(other.id) as session:
        assert reads.items(session) == []


def path_of(rule: Rule, *, ids: dict[str, str]) -> str:
    """Fill a route's arguments: with the given ids, else with ones that do not exist."""
    values: dict[str, Any] = {}
    for name, converter in rule._converters.items():
        kind = type(converter).__name__
        if kind == "UUIDConverter":
            values[name] = ids.get("uuid", "00000000-0000-7000-8000-000000000000")
        elif kind == "RowNumberConverter":
            values[name] = int(ids.get("int", "999999"))
        else:
            values[name] = ids.get(name, "none")
    built = rule.build(values)
    assert built is not None
    return str(built[1])


def identifiers(lux: Installation, firm: Firm, *, each: int = 2) -> dict[str, list[str]]:
    """Return public ids and row numbers of a company: of the first rows of each table."""
    found: dict[str, list[str]] = {"uuid": [], "int": []}
    with lux.db.read(firm.id) as session:
        for mapper in Base.registry.mappers:
            model: Any = mapper.class_
            if not issubclass(model, Tenant):
                continue
            rows = session.scalars(select(model).limit(each)).all()
            if hasattr(model, "public_id"):
                found["uuid"].extend(str(row.public_id) for row in rows)
            elif hasattr(model, "id"):
                found["int"].extend(str(row.id) for row in rows)
    return found


def dump(lux: Installation, firm: Firm) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of a company, table by table."""
    with lux.db.read(ALL_COMPANIES) as session:
        found = {}
        for table in Base.metadata.sorted_tables:
            if "company_id" in table.c and isinstance(table, Table):
                order = ", ".join(column.name for column in table.primary_key)
                query = text(f"SELECT * FROM {table.name} WHERE company_id = :c ORDER BY {order}")
                found[table.name] = [tuple(map(str, row)) for row in session.execute(query, {"c": firm.id})]
        return found
