"""Whether the end of a stop needs another person than the one who pressed it."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

Policy = Callable[[Session], bool]


def _never(_session: Session) -> bool:
    return False


_policy: Policy = _never


def follow(policy: Policy) -> None:
    """Ask this from now on: does the session's company keep to four eyes? Called where policies are composed."""
    global _policy  # noqa: PLW0603 - the composition root sets it once per process
    _policy = policy


def needs_other_person(session: Session) -> bool:
    """Say whether the company of the session wants two people for what one could do; without a policy it does not."""
    return _policy(session)
