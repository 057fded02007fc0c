"""The one question: may this happen? Missing or unreadable is no, and the answer says why and where it is mended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Text, cast, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from lux.gate.models import FeatureToggle
from lux.gate.toggles import limits as limiting
from lux.gate.toggles.catalogue import BY_KEY, NOT_YET, ToggleSpec
from lux.gate.toggles.limits import Limits, LimitsUnreadable
from lux.gate.toggles.models import InstallationToggle
from lux.kit.db.session import savepoint
from lux.kit.errors import ToggleIsOff
from lux.kit.i18n import gettext as _

log = structlog.get_logger(__name__)
_BROKEN = (SQLAlchemyError, ValueError, TypeError, LookupError)  # what reading a damaged row or table may raise


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Whether something may happen, and if not, why and where that is mended."""

    key: str
    is_on: bool
    limits: Limits = limiting.NONE
    why: str = ""
    fix: str = ""
    url: str = ""

    def __bool__(self) -> bool:
        """Say whether it may."""
        return self.is_on


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A row as it stands, whatever its limits look like."""

    key: str
    is_on: bool = False
    limits: Limits | None = limiting.NONE  # None = can't be read
    reason: str = ""
    changed_by: str = ""
    changed_at: datetime | None = None


def allow(session: Session, company_id: int, key: str) -> Answer:
    """Answer whether what a toggle gates may happen now; its limits come with a yes."""
    spec = BY_KEY[key]
    if key in NOT_YET:
        return _no(spec, _("The switch “%(label)s” (%(key)s) is not in use yet.", label=spec.label(), key=key))
    try:
        with savepoint(session):
            row = _rows(session, company_id, key).get(key)
            is_on_for_all = not spec.is_for_all or _is_on_for_all(session, key)
    except _BROKEN as error:
        log.warning("toggle_unreadable", key=key, error=type(error).__name__)
        row, is_on_for_all = Stored(key=key, limits=None), True
    if row is not None and row.limits is None:
        words = _("The switch “%(label)s” (%(key)s) can't be read, so it counts as off.", label=spec.label(), key=key)
        return _no(spec, words, fix=_("An admin can set it anew under Switches."))
    if row is None or not row.is_on or row.limits is None:
        return _no(spec, _("The switch “%(label)s” (%(key)s) is off.", label=spec.label(), key=key))
    if not is_on_for_all:
        words = _("The switch “%(label)s” (%(key)s) is off for the whole installation.", label=spec.label(), key=key)
        return _no(spec, words, fix=_("An operator of the installation can turn it on."))
    return Answer(key=key, is_on=True, limits=row.limits)


def is_on(session: Session, company_id: int, key: str) -> bool:
    """Say whether a toggle is on; missing or unreadable is off."""
    return allow(session, company_id, key).is_on


def require(session: Session, company_id: int, key: str, *, field: str | None = None) -> Limits:
    """Return the limits of a toggle that is on; raises ToggleIsOff, naming it and where it is turned on.

    `field` = what the person entered that needs it.
    """
    answer = allow(session, company_id, key)
    if not answer:
        raise ToggleIsOff(answer.why, field=field, fix=answer.fix, url=answer.url)
    return answer.limits


def stored(session: Session, company_id: int) -> dict[str, Stored]:
    """Return the company's rows by key, also those whose limits can't be read; an unreadable table raises."""
    return _rows(session, company_id)


def address(key: str) -> str:
    """Return the page of one switch."""
    return f"/approvals/toggles/{key}"


def _no(spec: ToggleSpec, why: str, fix: str = "") -> Answer:
    fix = fix or _("An admin can turn it on under Switches, with a reason.")
    return Answer(key=spec.key, is_on=False, why=why, fix=fix, url=address(spec.key))


def _rows(session: Session, company_id: int, key: str = "") -> dict[str, Stored]:
    query = select(
        FeatureToggle.key,
        FeatureToggle.is_on,
        cast(FeatureToggle.limits, Text),  # as text: a row whose JSON is broken can be looked at all the same
        FeatureToggle.reason,
        FeatureToggle.changed_by_name,
        FeatureToggle.changed_at,
    ).where(FeatureToggle.company_id == company_id)
    found = {}
    for name, is_on_, text, reason, by, at in session.execute(query.where(FeatureToggle.key == key) if key else query):
        if name in BY_KEY:
            read = _limits(BY_KEY[name], text)
            found[name] = Stored(key=name, is_on=bool(is_on_), limits=read, reason=reason, changed_by=by, changed_at=at)
    return found


def _limits(spec: ToggleSpec, text: str | None) -> Limits | None:
    try:
        return limiting.read(spec, text)
    except LimitsUnreadable:
        log.warning("toggle_limits_unreadable", key=spec.key)
        return None


def _is_on_for_all(session: Session, key: str) -> bool:
    return bool(session.scalar(select(InstallationToggle.is_on).where(InstallationToggle.key == key)))
