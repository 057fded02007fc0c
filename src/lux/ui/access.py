"""Access rules: every view says who may call it, and a view that says nothing is closed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from lux.identity.access import Right
from lux.identity.api_keys import Scope

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Who may call a view."""

    right: Right | None  # None = anybody
    reason: str = ""  # why a view is public
    scope: Scope | None = None  # of the API key that it takes; then no cookie is read
    needs_company: bool = True  # False: a signed-in person without a company may call it too
    checks_csrf: bool = True  # False only where another proof stands in its place; `reason` names it
    prolongs: bool = True  # False: a page asks this by itself, and that keeps nobody signed in
    reads_session: bool = True  # False: who asks makes no difference, so caches may share the answer


def access(right: Right, *, needs_company: bool = True, prolongs: bool = True) -> Callable[[View], View]:
    """Let only people with a right call the view."""
    needs = needs_company and right is not Right.OPERATE
    return _mark(Rule(right=right, needs_company=needs, prolongs=prolongs))


def signed_in() -> Callable[[View], View]:
    """Let every signed-in person call the view, with or without a company."""
    return _mark(Rule(right=Right.VIEW, needs_company=False, reason="every signed-in person"))


def public(reason: str, *, checks_csrf: bool = True, reads_session: bool = True) -> Callable[[View], View]:
    """Let anybody call the view; the reason is required and is read by a test."""
    return _mark(
        Rule(right=None, reason=reason, needs_company=False, checks_csrf=checks_csrf, reads_session=reads_session)
    )


def rule_of(view: object) -> Rule | None:
    """Return a view's rule, or None when it has none."""
    found = getattr(view, "lux_rule", None)
    return found if isinstance(found, Rule) else None


def _mark(rule: Rule) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        view.lux_rule = rule  # type: ignore[attr-defined]
        return view

    return decorate
