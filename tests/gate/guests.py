"""Guests for tests: a company that allows them, and somebody in by their link."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from lux.gate.deciding import policies
from lux.gate.deciding.policies import Rules
from lux.gate.guests import doors, inviting
from lux.gate.guests.inviting import Wanted
from lux.gate.guests.reviewer import Reviewer
from lux.kit import clock
from tests.factories import Firm, Installation


def allow(lux: Installation, firm: Firm, **values: Any) -> None:
    """Choose a policy that lets guests comment and decide, unless something else is said."""
    wanted = Rules(**{"guests_comment": True, "guests_decide": True, **values})
    with lux.db.begin(firm.id) as session:
        version = policies.policy_of(session).version
        policies.choose(session, firm.person, wanted, version=version, reason="test")


def invited(lux: Installation, firm: Firm, **values: Any) -> str:
    """Invite a guest and return the link's token."""
    plain = {
        "name": "Cleo Client",
        "email": "cleo@client.example",
        "may_comment": True,
        "may_decide": True,
        "until": clock.now() + timedelta(days=30),
        "kinds": ["email_campaign"],
    }
    with lux.db.begin(firm.id) as session:
        return inviting.invite(session, firm.person, Wanted(**{**plain, **values})).token


def come(lux: Installation, firm: Firm, **values: Any) -> Reviewer:
    """Invite a guest, let them in, and return who they are."""
    found = doors.reviewer_for(lux.db, doors.enter(lux.db, invited(lux, firm, **values)))
    assert found is not None
    return found
