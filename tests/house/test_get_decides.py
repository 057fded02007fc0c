"""Opening an address never decides anything: mail scanners, previews and browsers that load ahead do that too."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select, update
from werkzeug.routing import Rule
from werkzeug.test import Client

from lux.gate.models import ApprovalQueue
from lux.identity import api_keys
from lux.identity.models import User
from lux.kit.db import ALL_COMPANIES, Base
from lux.ledger.models import ApprovalAuditLog
from tests.factories import Firm, Installation
from tests.full_company import filled
from tests.gate import guests
from tests.house.test_routes import identifiers, path_of, rules

GOVERNANCE = (  # of these no column of any row may differ after the walk
    "approval_queue", "approval_decision", "approval_version", "approval_policy", "approval_comment", "outbound",
    "outbound_link", "delivery", "feature_toggle", "toggle_use", "stop", "stop_trigger", "stop_drill", "series_run",
    "guest", "review_rule", "channel_budget", "webhook_subscription", "hook_allowance", "consent", "suppression",
    "sender", "sending_domain", "membership", "invitation", "api_key", "installation_toggle",
)  # fmt: skip
# What opening leaves, and decides nothing: when somebody was last seen.
SEEN = {"guest": {"last_seen_at"}, "api_key": {"last_used_at"}}
DEEDS = ("approval.", "toggle.", "stop.", "series.", "guest.", "policy.", "outbound.", "webhook.", "budget.")
MUST_BE_FILLED = ("approval_queue", "approval_decision", "guest", "series_run", "stop_drill", "outbound")
API = "/api/v1/"
MOST_IDS = 1  # of a prefix, besides the queue's: there every one


def rows(lux: Installation) -> dict[str, list[dict[str, object]]]:
    """Return the governance tables of all companies as they stand."""
    found = {}
    with lux.db.read(ALL_COMPANIES) as session:
        for name in GOVERNANCE:
            table = Base.metadata.tables[name]
            columns = [one for one in table.columns if one.name not in SEEN.get(name, ())]
            found[name] = [dict(row._mapping) for row in session.execute(select(*columns).order_by(*table.primary_key))]
    return found


def deeds(lux: Installation) -> Counter[str]:
    """Return how often the audit log names each deed of governance."""
    with lux.db.read(ALL_COMPANIES) as session:
        return Counter(one for one in session.scalars(select(ApprovalAuditLog.action)) if one.startswith(DEEDS))


class Walk:
    """Opens every route with ids that exist: those that one page of a prefix knew are tried at the others of it."""

    def __init__(self, lux: Installation, firm: Firm, tokens: list[str]) -> None:
        """Know the company's ids and links."""
        self.lux, self.tokens, self.answered = lux, tokens, 0
        self.ids = identifiers(lux, firm, each=1)
        with lux.db.read(firm.id) as session:
            self.items = [str(one) for one in session.scalars(select(ApprovalQueue.public_id))]
        self.known: dict[str, list[str]] = {}

    def go(self, client: Client, start: str, **asked: Any) -> None:
        """Open every route below an address with one client."""
        for rule in sorted(rules(self.lux), key=lambda one: (len(one.rule), one.rule)):
            is_below = rule.rule.startswith(start) and rule.rule.startswith(API) == start.startswith(API)
            if "GET" in (rule.methods or set()) and is_below:
                self._rule(rule, client, asked)

    def _rule(self, rule: Rule, client: Client, asked: dict[str, Any]) -> None:
        if "token" in rule.arguments:
            paths = [path_of(rule, ids={"token": token, "uuid": self.items[0]}) for token in self.tokens]
        elif "<uuid:" not in rule.rule:
            paths = [path_of(rule, ids={"int": self.ids["int"][0]})]
        else:
            self._with_ids(rule, client, asked)
            return
        for path in paths:
            self._open(client, path, asked)

    def _with_ids(self, rule: Rule, client: Client, asked: dict[str, Any]) -> None:
        prefix = rule.rule.partition("<")[0]
        is_new = prefix not in self.known
        for one in dict.fromkeys([*self.items, *self.ids["uuid"]]) if is_new else self.known[prefix]:
            if self._open(client, path_of(rule, ids={"uuid": one, "int": self.ids["int"][0]}), asked) and is_new:
                self.known.setdefault(prefix, []).append(one)
                if len(self.known[prefix]) == MOST_IDS and prefix != "/approvals/":
                    return
        self.known.setdefault(prefix, [])

    def _open(self, client: Client, path: str, asked: dict[str, Any]) -> bool:
        """Open one address, and ask for its head where there is something; returns whether there is."""
        status = client.get(path, **asked).status_code
        assert status != 500, path
        if status >= 400:
            return False
        assert client.head(path, **asked).status_code < 400, path
        self.answered += 1
        return True


@pytest.fixture
def firm(lux_sqlite: Installation) -> Firm:
    """Make a company with something in every state; who looks may do everything, also as an operator."""
    made = filled(lux_sqlite)
    with lux_sqlite.db.begin(ALL_COMPANIES) as session:
        session.execute(update(User).where(User.id == made.user_id).values(is_operator=True))
    return made


def test_no_address_that_is_opened_decides_anything(lux_sqlite: Installation, firm: Firm) -> None:
    """Every route, as an owner and as a guest, by GET and HEAD: the tables of governance are what they were."""
    lux = lux_sqlite
    guests.allow(lux, firm)
    link = guests.invited(lux, firm)
    walk = Walk(lux, firm, [link, firm.token])
    with lux.db.begin(firm.id) as session:
        key = api_keys.issue(session, name="Walk", scopes=list(api_keys.Scope), by=firm.person)[1]
    before, done = rows(lux), deeds(lux)
    assert [name for name in MUST_BE_FILLED if not before[name]] == []
    walk.go(lux.client(firm), "/")
    walk.go(lux.client(), API, headers={"Authorization": f"Bearer {key}"})
    assert walk.answered > 150
    inside = lux.client()
    assert inside.post(f"/review/link/{link}").status_code == 303  # the one thing here that is no opening
    walk.known.clear()
    walk.go(inside, "/review/")
    after = rows(lux)
    assert {name: after[name] for name in GOVERNANCE if after[name] != before[name]} == {}
    assert deeds(lux) - done == Counter({"guest.entered": 1})
