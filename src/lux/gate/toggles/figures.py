"""What people see of the toggles: all 27, what waits behind one, and the history of one from the audit chain."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from lux.gate.models import ApprovalQueue, Outbound
from lux.gate.states import ItemState, OutboundState
from lux.gate.toggles import asking, quota, words
from lux.gate.toggles.catalogue import BY_KEY, NOT_YET, SCHEDULED, TOGGLES, ToggleSpec
from lux.gate.toggles.limits import Limits
from lux.gate.toggles.models import InstallationToggle
from lux.identity import companies
from lux.kit import clock
from lux.kit.db.session import company_of
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.ledger import audit
from lux.ledger.audit.words import pointer_of
from lux.ledger.models import ApprovalAuditLog
from lux.ports.acts import ActKind

_ON_THE_WAY = (OutboundState.READY, OutboundState.WORKING)


@dataclass(frozen=True, kw_only=True)
class ToggleView:
    """A toggle as people see it."""

    spec: ToggleSpec
    is_on: bool  # what it says; `is_unreadable` counts as off all the same
    is_in_use: bool
    limits: Limits | None = None
    is_unreadable: bool = False
    reason: str = ""
    changed_by: str = ""
    changed_at: dt.datetime | None = None
    is_on_for_all: bool | None = None  # None = it has no row of the installation

    @property
    def described(self) -> list[str]:
        """Return its limits in words."""
        return words.described(self.limits) if self.limits else []


@dataclass(frozen=True, kw_only=True)
class Change:
    """One row of a toggle's history."""

    at: dt.datetime
    actor_type: str
    actor_id: int | None
    action: str  # toggle.on | toggle.off | toggle.limits
    reason: str
    before: Mapping[str, object] = field(default_factory=dict)
    after: Mapping[str, object] = field(default_factory=dict)


def listing(session: Session) -> list[ToggleView]:
    """Return all 27 toggles of the session's company."""
    company_id = company_of(session)
    rows = asking.stored(session, company_id)
    for_all = set(session.scalars(select(InstallationToggle.key).where(InstallationToggle.is_on.is_(True))))
    return [_view(spec, rows.get(spec.key), for_all) for spec in TOGGLES]


def one(session: Session, key: str) -> ToggleView:
    """Return one toggle of the session's company; raises NotFound."""
    found = next((view for view in listing(session) if view.spec.key == key), None)
    if found is None:
        raise NotFound(_("There is no switch called “%(key)s”.", key=key))
    return found


def on(session: Session) -> frozenset[str]:
    """Return the keys of the company's toggles that are on, and can be read."""
    return frozenset(view.spec.key for view in listing(session) if view.is_on)


def waiting_behind(session: Session, key: str) -> int:
    """Return how many approved items of the session's company would be held if a toggle were turned off."""
    query = (
        select(func.count())
        .select_from(Outbound)
        .join(ApprovalQueue, ApprovalQueue.id == Outbound.item_id)
        .where(Outbound.state.in_(_ON_THE_WAY), Outbound.is_paused.is_(False), Outbound.kind != ActKind.SYSTEM_EMAIL)
    )
    if key == SCHEDULED:
        query = query.where(ApprovalQueue.state == ItemState.SCHEDULED)
    elif BY_KEY[key].group == "channel":
        query = query.where(Outbound.channel == key.removeprefix("channel_"))
    else:
        return 0  # nothing of the kind exists yet
    return session.scalar(query) or 0


def used_today(session: Session, key: str) -> int:
    """Return how many messages left under a toggle today, in the company's zone."""
    company = companies.current(session)
    return quota.Quota(company_id=company.id, keys=(key,), zone=company.timezone).used_today(session, key)


def history(session: Session, key: str, *, limit: int = 50) -> Sequence[Change]:
    """Return the changes of one toggle of the session's company, the latest first."""
    query = (
        select(ApprovalAuditLog)
        .where(
            ApprovalAuditLog.company_id == company_of(session),
            ApprovalAuditLog.object_type == "toggle",
            ApprovalAuditLog.object_id == key,
        )
        .order_by(ApprovalAuditLog.seq.desc())
        .limit(limit)
    )
    found = [(row, json.loads(row.detail)) for row in session.scalars(query)]
    typed = audit.words_of(session, company_of(session), [detail for _row, detail in found])
    return [_change(row, detail, typed) for row, detail in found]


def paused_by_switches(session: Session) -> int:
    """Return how many items of the session's company a switch has paused: turned on, they wait for a person."""
    query = select(func.count()).select_from(Outbound)
    query = query.where(Outbound.state.in_(_ON_THE_WAY), Outbound.is_paused, Outbound.check_failed == "toggle")
    return session.scalar(query) or 0


def unreadable(session: Session, company_id: int) -> list[ToggleSpec] | None:
    """Return the toggles whose rows can't be read; None = the whole table can't."""
    try:
        rows = asking.stored(session, company_id)
    except (SQLAlchemyError, ValueError, TypeError, LookupError):
        session.rollback()
        return None
    return [BY_KEY[row.key] for row in rows.values() if row.limits is None]


def today(session: Session) -> dt.date:
    """Return the day of the session's company."""
    return clock.in_zone(clock.now(), companies.current(session).timezone).date()


def _view(spec: ToggleSpec, row: asking.Stored | None, for_all: set[str]) -> ToggleView:
    row = row or asking.Stored(key=spec.key)
    return ToggleView(
        spec=spec,
        is_on=row.is_on and row.limits is not None and spec.key not in NOT_YET,
        is_in_use=spec.key not in NOT_YET,
        limits=row.limits,
        is_unreadable=row.limits is None,
        reason=row.reason,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        is_on_for_all=spec.key in for_all if spec.is_for_all else None,
    )


def _change(row: ApprovalAuditLog, detail: Mapping[str, Any], typed: Mapping[str, str]) -> Change:
    pointer = pointer_of(detail.get("reason"))
    return Change(
        at=row.at,
        actor_type=row.actor_type,
        actor_id=row.actor_id,
        action=row.action,
        reason=typed.get(pointer[1], "") if pointer else str(detail.get("reason", "")),
        before=detail.get("before") or {},
        after=detail.get("after") or {},
    )
