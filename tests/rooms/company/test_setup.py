"""The set-up path says how far a company really is."""

from __future__ import annotations

import re

from lux.identity import companies
from lux.identity.access import Role
from tests.factories import Firm, Installation


def states(page: str) -> dict[str, str]:
    """Return the state of each step by its title."""
    found = re.findall(r'class="step step-(\w+)".*?class="step-title">\s*(.*?)\s*<', page, re.DOTALL)
    return {title: state for state, title in found}


def show(lux: Installation, firm: Firm) -> dict[str, str]:
    return states(lux.client(firm).get("/setup").text)


def test_steps_are_looked_at_when_the_page_is_opened(lux: Installation):
    firm = lux.firm()
    assert show(lux, firm)["Complete your company’s details"] == "done"
    assert show(lux, firm)["Verify a sender"] == "now", "the first open step comes next"
    lux.sender(firm)
    after = show(lux, firm)
    assert after["Verify a sender"] == "done"
    assert after["Connect your mail server"] != "done"
    assert list(after.values()).count("now") == 1
    with lux.db.begin(firm.id) as session:
        companies.current(session).postal_address = ""
    assert show(lux, firm)["Complete your company’s details"] == "now", "a step that is undone opens again"


def test_one_company_does_not_finish_the_steps_of_another(lux_sqlite: Installation):
    firm, other = lux_sqlite.firm(), lux_sqlite.firm()
    lux_sqlite.sender(other)
    assert show(lux_sqlite, firm)["Verify a sender"] == "now"


def test_the_path_can_be_hidden_and_shown_by_each_person(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    colleague = lux_sqlite.member(firm.id, Role.VIEWER)
    client = lux_sqlite.client(firm)
    assert client.post("/setup/hide").location == "/"
    assert "Show it on the dashboard" in client.get("/setup").text
    assert "Hide it from the dashboard" in lux_sqlite.client(colleague).get("/setup").text
    assert client.post("/setup/hide", data={"show": "1"}).location == "/setup"
    assert "Hide it from the dashboard" in client.get("/setup").text


def test_a_hidden_path_leaves_the_dashboard(lux_sqlite: Installation):
    client = lux_sqlite.client(lux_sqlite.firm())
    assert "Verify a sender" in client.get("/").text
    client.post("/setup/hide")
    assert "Verify a sender" not in client.get("/").text
