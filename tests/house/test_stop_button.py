"""One press stops everything from every page, also from those that say no, that nothing is there, that LUX failed.

Every page that answers is walked in test_translated.py, which asks the same of each.
"""

from __future__ import annotations

import pytest

from lux.gate import stop
from lux.gate.stop import standing
from lux.identity.access import Role
from lux.rooms.contacts import queries
from tests.factories import Installation
from tests.house import stop_button


def test_it_stands_on_pages_that_say_no_and_works_from_there(
    lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """403, 404, 405, 422 and 500; a viewer, who may not press it, and a stranger are offered none."""
    lux = lux_sqlite
    firm = lux.firm(role=Role.MARKETER)
    client = lux.client(firm)

    def fail(*_arguments: object, **_named: object) -> None:
        raise RuntimeError("broken on purpose")

    nobody = "/contacts/00000000-0000-7000-8000-000000000000"
    asked = [("GET", "/nowhere", 404), ("GET", nobody, 404), ("GET", "/approvals/policy/x", 404),
             ("GET", "/operate/", 404), ("POST", "/contacts", 405), ("GET", "/settings/integrations/new/smtp", 403),
             ("POST", "/approvals/stop/resume", 403)]  # fmt: skip
    for method, path, status in asked:
        answer = client.open(path, method=method)
        assert (answer.status_code, stop_button.stands_on(answer.text)) == (status, True), (path, answer.status_code)
    for somebody in (lux.client(lux.member(firm.id, Role.VIEWER)), lux.client()):
        assert not stop_button.stands_on(somebody.get("/nowhere").text)
    monkeypatch.setattr(standing, "active", fail)
    monkeypatch.setattr(stop, "active", fail)
    monkeypatch.setattr(queries, "listing", fail, raising=False)
    answer = client.get("/approvals/stop")
    assert (answer.status_code, stop_button.stands_on(answer.text)) == (500, True)
    monkeypatch.undo()
    assert client.post("/approvals/stop").status_code == 303
    with lux.db.read(firm.id) as session:
        assert [one.scope for one in stop.active(session, firm.id)] == ["company"]
