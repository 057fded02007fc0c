"""Whatever stands in an address, the answer is a page or a clear refusal, never a fault."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select, update

from lux.gate.messages import token_key
from lux.gate.models import Delivery
from lux.identity.models import User
from lux.kit.db import ALL_COMPANIES
from lux.render import tokens
from tests.factories import Firm, Installation
from tests.full_company import filled
from tests.house.test_routes import identifiers, path_of, rules

HUGE = (str(2**63), str(10**30), "9" * 5000)
ODD: tuple[Any, ...] = ("abc", None, -1, True, float("inf"), float("nan"), 10**30, "\x00")
IN_ADDRESSES = ("-1", str(10**30), "9" * 5000)
NAIVE, AWARE = "2026-01-01T00:00:00", "2026-01-01T00:00:00+00:00"
EDGE = "0001-01-01T00:00:00+14:00"  # before the first year, in UTC
NUMBERS = ("before", "as", "after", "page", "limit", "contact", "number", "count")


def cursor(*values: Any) -> str:
    """Pack values as a cursor is packed."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def cursors() -> Iterator[str]:
    """Yield cursors that were tampered with, of every length and kind a page expects."""
    yield from ("x", "%%%", "e30", cursor([1]), cursor({}))
    for odd in ODD:
        for values in ((odd,), (AWARE, odd), (odd, 1), ("f", AWARE, odd), ("f", odd, 1), ("n", "1", AWARE, odd)):
            yield cursor(*values)
    for moment in (NAIVE, EDGE):
        yield from (cursor(moment, 1), cursor("b", moment, 1), cursor("p", "1", moment, 1))


def operators_firm(lux: Installation) -> Firm:
    """Make a company with something of everything, whose person is an operator."""
    firm = filled(lux)
    with lux.db.begin(ALL_COMPANIES) as session:
        session.execute(update(User).where(User.id == firm.user_id).values(is_operator=True))
    return firm


def test_a_number_no_row_can_have_is_a_page_that_is_not_there(lux: Installation) -> None:
    """Every route with a row number, by every method, also for a reader with a real token of a mail."""
    full = operators_firm(lux)
    client, ids = lux.client(full), identifiers(lux, full)
    with lux.db.read(full.id) as session:
        key, one = token_key(session), session.scalars(select(Delivery.id)).first()
    assert one is not None
    asked = 0
    for rule in rules(lux):
        if "<int:" not in rule.rule:
            continue
        for number in HUGE:
            path = path_of(rule, ids={"int": "424242", "uuid": ids["uuid"][0]}).replace("424242", number)
            path = path.replace("/none/", f"/{tokens.mint(key, tokens.CLICK, one)}/")
            for method in sorted((rule.methods or set()) & {"GET", "HEAD", "POST"}):
                answer = client.open(path, method=method)
                assert answer.status_code == 404, f"{method} {path[:80]} → {answer.status_code}"
                asked += 1
    assert asked >= 12


def test_the_largest_number_is_asked_for_and_not_found(lux: Installation) -> None:
    """What a database can hold is looked for."""
    client = lux.client(lux.firm())
    for path in ("/mailbox/9223372036854775807", f"/mailbox/{2**31}"):
        assert client.get(path).status_code == 404


def test_no_number_in_a_query_makes_a_fault(lux_sqlite: Installation) -> None:
    """Every page with every odd number under every name that pages read: as the first page, or refused."""
    lux, firm = lux_sqlite, operators_firm(lux_sqlite)
    client = lux.client(firm)
    for path in addresses(lux, firm):
        for odd in IN_ADDRESSES:
            answer = client.get(path, query_string=dict.fromkeys(NUMBERS, odd))
            assert answer.status_code < 500, f"{path} {odd[:20]} → {answer.status_code}"


def test_no_damaged_cursor_makes_a_fault(lux_sqlite: Installation) -> None:
    """Every page that walks by cursor refuses one that was tampered with, or begins anew."""
    lux, firm = lux_sqlite, operators_firm(lux_sqlite)
    client, walked = lux.client(firm), 0
    for path in addresses(lux, firm):
        if client.get(path, query_string={"cursor": "x"}).status_code == 200:
            continue  # it reads none
        walked += 1
        for damaged in cursors():
            answer = client.get(path, query_string={"cursor": damaged})
            assert answer.status_code < 500, f"{path}?cursor={damaged[:80]} → {answer.status_code}"
    assert walked >= 5


def addresses(lux: Installation, firm: Firm) -> Iterator[str]:
    """Yield an address of every page, with a record of the company that it answers for."""
    client, known = lux.client(firm), identifiers(lux, firm)["uuid"]
    for rule in rules(lux):
        if "GET" not in (rule.methods or set()) or rule.arguments - {"public_id"}:
            continue
        paths = [path_of(rule, ids={"uuid": value}) for value in (known if rule.arguments else [""])]
        found = next((path for path in paths if client.get(path).status_code == 200), None)
        if found is not None:
            yield found
