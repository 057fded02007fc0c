"""The agent behind a proposal: it writes and submits for whoever asked it, and never decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lux.identity.access import Person, Right
from lux.ledger.audit import Actor

_MAY: Final = frozenset({Right.VIEW, Right.EDIT})


@dataclass(frozen=True, kw_only=True)
class Agent(Person):
    """An agent at work for the person whose ids it carries; `name` is the agent's own.

    It has no session, and every right beyond seeing and editing stays a person's: it never approves, whatever the
    person may who asked.
    """

    agent_id: int
    prompter: str  # the person's name

    @property
    def actor(self) -> Actor:
        """Return how the audit chain names who acts."""
        return Actor(type="agent", id=self.agent_id)

    def has(self, right: Right) -> bool:
        """Say whether it may: see and edit, and nothing else."""
        return right in _MAY


def working_for(person: Person, *, agent_id: int, name: str) -> Agent:
    """Return an agent that works for a person in the company they are looking at."""
    return Agent(
        user_id=person.user_id,
        user_public_id=person.user_public_id,
        name=name,
        email=person.email,
        company_id=person.company_id,
        role=None,
        is_operator=False,
        session_id=None,
        locale=person.locale,
        timezone=person.timezone,
        agent_id=agent_id,
        prompter=person.name or person.email,
    )
