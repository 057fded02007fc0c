"""People change toggles: on with a reason, off at once, limits beside them; every change is in the audit chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from lux.gate.models import FeatureToggle
from lux.gate.toggles import asking, dependencies, figures
from lux.gate.toggles.catalogue import BY_KEY, NOT_YET, ToggleSpec
from lux.gate.toggles.dependencies import Strength
from lux.gate.toggles.limits import Limits
from lux.gate.toggles.models import InstallationToggle
from lux.identity.access import Person, Right
from lux.kit import clock
from lux.kit.db.session import company_of
from lux.kit.errors import InvalidInput, NotFound
from lux.kit.i18n import gettext as _
from lux.ledger import audit

_WITHOUT_LIMITS = (defer(FeatureToggle.limits),)


def set_toggle(session: Session, person: Person, key: str, *, is_on: bool, reason: str) -> None:
    """Turn a toggle on (with a reason) or off; needs the right to manage; audited."""
    person.require(Right.MANAGE)
    spec = _spec(key)
    if is_on:
        _may_be_on(spec, reason)
        _refuse_unmet(session, key)
    row, before = _locked(session, key)
    if before.get("limits") == "unreadable" and is_on:
        row.limits = {}  # nobody can say what they were; the page said so
    row.is_on = is_on
    _sign(row, person, reason)
    session.flush()
    _write_down(session, person, "toggle.on" if is_on else "toggle.off", key, before=before, reason=reason)


def set_limits(session: Session, person: Person, key: str, limits: Limits, *, reason: str) -> None:
    """Bound what a toggle lets happen, whether it is on or off; needs the right to manage and a reason; audited."""
    person.require(Right.MANAGE)
    spec = _spec(key)
    strange = {name for name in limits.stored() if name not in spec.limits}
    if strange:
        raise InvalidInput(field=min(strange), message=_("This switch has no such limit."), fix=_("Leave it empty."))
    _has_reason(reason, _("Say in a few words why the limits change."))
    row, before = _locked(session, key)
    row.limits = limits.stored()
    _sign(row, person, reason)
    session.flush()
    _write_down(session, person, "toggle.limits", key, before=before, reason=reason)


def set_for_all(session: Session, person: Person, key: str, *, is_on: bool, reason: str) -> None:
    """Turn the installation's own row of a toggle on or off; operators only; in the installation's chain."""
    person.require(Right.OPERATE)
    spec = _spec(key)
    if not spec.is_for_all:
        raise NotFound(_("This switch has no row for the whole installation."))
    if is_on:
        _may_be_on(spec, reason)
    row = session.scalar(select(InstallationToggle).where(InstallationToggle.key == key).with_for_update())
    before = {"is_on": bool(row and row.is_on)}
    if row is None:
        row = InstallationToggle(key=key)
        session.add(row)
    row.is_on = is_on
    _sign(row, person, reason)
    session.flush()
    audit.append(
        session,
        audit.INSTALLATION,
        actor=person.actor,
        action="toggle.on" if is_on else "toggle.off",
        object_type="toggle",
        object_id=key,
        detail={"reason": reason.strip(), "before": before, "after": {"is_on": is_on}},
    )


def _spec(key: str) -> ToggleSpec:
    if key not in BY_KEY:
        raise NotFound(_("There is no switch called “%(key)s”.", key=key))
    return BY_KEY[key]


def _may_be_on(spec: ToggleSpec, reason: str) -> None:
    if spec.key in NOT_YET:
        raise InvalidInput(field="key", message=_("This switch is not in use yet: nothing would happen."))
    _has_reason(reason, _("Say in a few words why this may run."))


def _has_reason(reason: str, fix: str) -> None:
    if not reason.strip():
        raise InvalidInput(field="reason", message=_("A reason is missing."), fix=fix)


def _refuse_unmet(session: Session, key: str) -> None:
    for need in dependencies.unmet(key, figures.on(session)):
        if need.strength is Strength.REFUSE:
            raise InvalidInput(
                field="key", message=dependencies.words(need), fix=_("Turn that on first: without it nothing happens.")
            )


def _locked(session: Session, key: str) -> tuple[FeatureToggle, Mapping[str, Any]]:
    """Return the row, locked, and what it said; a row whose limits are broken is taken without reading them."""
    company_id = company_of(session)
    mine = (FeatureToggle.company_id == company_id, FeatureToggle.key == key)
    number = session.scalar(select(FeatureToggle.id).where(*mine).with_for_update())
    if number is None:
        row = FeatureToggle(key=key, limits={})
        session.add(row)
        return row, {"is_on": False, "limits": {}}
    before = asking.stored(session, company_id)[key]
    written = "unreadable" if before.limits is None else before.limits.stored()
    row = session.scalars(select(FeatureToggle).options(*_WITHOUT_LIMITS).where(*mine)).one()
    return row, {"is_on": before.is_on, "limits": written}


def _sign(row: FeatureToggle | InstallationToggle, person: Person, reason: str) -> None:
    row.reason = reason.strip()
    row.changed_by = person.user_id
    row.changed_by_name = person.name or person.email
    row.changed_at = clock.now()


def _write_down(
    session: Session, person: Person, action: str, key: str, *, before: Mapping[str, Any], reason: str
) -> None:
    after = asking.stored(session, company_of(session))[key]
    limits = "unreadable" if after.limits is None else after.limits.stored()
    audit.append(
        session,
        company_of(session),
        actor=person.actor,
        action=action,
        object_type="toggle",
        object_id=key,
        detail={"reason": reason.strip(), "before": before, "after": {"is_on": after.is_on, "limits": limits}},
    )
