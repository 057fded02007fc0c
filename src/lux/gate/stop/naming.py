"""What a scope holds back, in words for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from lux.gate.models import ApprovalQueue
from lux.gate.stop.scopes import AGENTS, CHANNELS, Scope, ScopeKind
from lux.kit.i18n import gettext as _

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def of_file() -> str:
    """Return what the file STOP holds."""
    return _("The whole installation, by the file STOP")


def of(session: Session, scope: Scope) -> str:
    """Return what a stop of this scope holds."""
    if scope.kind is ScopeKind.INSTALLATION:
        return _("The whole installation")
    if scope.kind is ScopeKind.COMPANY:
        return _("This company")
    if scope.kind is ScopeKind.CHANNEL:
        label = CHANNELS[scope.value]() if scope.value in CHANNELS else scope.value
        if scope.company_id is None:
            return _("%(channel)s, of all companies", channel=label)
        return _("%(channel)s, of this company", channel=label)
    if scope.kind is ScopeKind.AGENT:
        label = AGENTS[scope.value]() if scope.value in AGENTS else scope.value
        return _("What the agent “%(name)s” submitted", name=label)
    if scope.kind is ScopeKind.DRILL:
        return _("A rehearsal of the stop")
    return _("The campaign “%(title)s”", title=_title(session, scope))


def _title(session: Session, scope: Scope) -> str:
    if not scope.value.isdecimal():
        return scope.value
    query = (
        select(ApprovalQueue.title)
        .where(
            ApprovalQueue.company_id == scope.company_id,
            ApprovalQueue.subject_type == ScopeKind.CAMPAIGN.value,
            ApprovalQueue.subject_id == int(scope.value),
        )
        .order_by(ApprovalQueue.id.desc())
        .limit(1)
    )
    return session.scalar(query) or scope.value
