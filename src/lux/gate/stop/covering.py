"""Which outbounds a stop holds back, as conditions for a query."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, false, or_, select

from lux.gate.models import ApprovalQueue, Outbound
from lux.gate.stop.scopes import AGENT, AGENTS, Scope, ScopeKind


def covers(scope: Scope) -> list[ColumnElement[bool]]:
    """Return the conditions over `Outbound`; whose rows a session sees is the session's matter."""
    found: list[ColumnElement[bool]] = []
    if scope.company_id is not None:
        found.append(Outbound.company_id == scope.company_id)
    if scope.kind is ScopeKind.CHANNEL:
        found.append(Outbound.channel == scope.value)
    elif scope.kind is ScopeKind.AGENT:
        found.append(Outbound.item_id.in_(_by_agent(scope.value)))
    elif scope.kind in {ScopeKind.CAMPAIGN, ScopeKind.DRILL}:
        is_number = scope.value.isdecimal()
        found.append(Outbound.subject_type == scope.kind.value)
        found.append(Outbound.subject_id == int(scope.value) if is_number else false())
    return found


def _by_agent(name: str) -> Select[int]:
    spelled = (name, f"agent_{name}")
    known = [one for agent in AGENTS for one in (agent, f"agent_{agent}")]
    is_its = or_(ApprovalQueue.author_name.in_(spelled), ApprovalQueue.author_name.not_in(known))
    return select(ApprovalQueue.id).where(ApprovalQueue.author_type == AGENT, is_its)
