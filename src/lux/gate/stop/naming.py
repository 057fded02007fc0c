"""What a scope holds back, in words for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from lux.gate.models import ApprovalQueue
from lux.gate.stop.scopes import AGENTS, CHANNELS, Labels, Scope, ScopeKind
from lux.kit.i18n import gettext as _

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def of_file() -> str:
    """Return what the file STOP holds."""
    return _("The whole installation, by the file STOP")


def of_unreadable() -> str:
    """Return what is held while the stops can't be read."""
    return _("Everything, for the stops can't be read")


def of(session: Session, scope: Scope) -> str:
    """Return what a stop of this scope holds."""
    if scope.kind is ScopeKind.CHANNEL:
        return _channel(scope)
    if scope.kind is ScopeKind.AGENT:
        return _("What the agent “%(name)s” submitted", name=_label(AGENTS, scope.value))
    if scope.kind is ScopeKind.CAMPAIGN:
        return _("The campaign “%(title)s”", title=_title(session, scope))
    whole = {
        ScopeKind.FILE: of_file(),
        ScopeKind.INSTALLATION: _("The whole installation"),
        ScopeKind.COMPANY: _("This company"),
        ScopeKind.DRILL: _("A rehearsal of the stop"),
    }
    return whole[scope.kind]


def _channel(scope: Scope) -> str:
    label = _label(CHANNELS, scope.value)
    if scope.company_id is None:
        return _("%(channel)s, of all companies", channel=label)
    return _("%(channel)s, of this company", channel=label)


def _label(known: Labels, name: str) -> str:
    return known[name]() if name in known else name


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
