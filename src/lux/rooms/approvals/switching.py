"""What a person does with one switch, and what its page tells beforehand: needs, what waits, who changed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lux.gate import toggles
from lux.gate.toggles import dependencies
from lux.gate.toggles.words import described, limit_label
from lux.identity import companies, members
from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.rooms.approvals.limits_form import limits_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.toggles import ToggleView
    from lux.gate.toggles.figures import Change
    from lux.identity.access import Person
    from lux.rooms.approvals.limits_form import LimitsForm


@dataclass(frozen=True, kw_only=True)
class NeedShown:
    """One thing that a switch needs beside itself."""

    words: str
    is_met: bool
    refuses: bool


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """What turning a switch on or off leads to, told before anybody does."""

    toggle: ToggleView
    needs: Sequence[NeedShown]
    waiting: int  # approved items that would be held
    alone: Sequence[str]  # labels of switches that would miss this one

    @property
    def held(self) -> str:
        """Return how many approved items turning off holds back."""
        if not self.waiting:
            return _("Nothing with a yes waits for it just now.")
        return ngettext(
            "One item that has its yes will be paused until somebody resumes it.",
            "%(num)s items that have their yes will be paused until somebody resumes them.",
            self.waiting,
        )


def consequences(session: Session, shown: Sequence[ToggleView]) -> list[Consequence]:
    """Return what each switch would lead to, in order."""
    on = toggles.on(session)
    return [consequence(session, one, on) for one in shown]


def consequence(session: Session, toggle: ToggleView, on: frozenset[str]) -> Consequence:
    """Return what turning one switch on or off would lead to."""
    key = toggle.spec.key
    unmet = dependencies.unmet(key, on)
    needs = [
        NeedShown(
            words=dependencies.words(need),
            is_met=need not in unmet,
            refuses=need.strength is dependencies.Strength.REFUSE,
        )
        for need in dependencies.DEPENDENCIES.get(key, ())
    ]
    alone = [toggles.BY_KEY[other].label() for other in dependencies.left_alone(key, on)] if toggle.is_on else []
    waiting = toggles.waiting_behind(session, key) if toggle.is_on else 0
    return Consequence(toggle=toggle, needs=needs, waiting=waiting, alone=alone)


def bound(session: Session, person: Person, key: str, form: LimitsForm) -> None:
    """Set the limits of a switch from what was entered."""
    person.require(Right.MANAGE)
    shown = toggles.one(session, key)
    limits = limits_of(form, shown.spec, companies.current(session).currency)
    toggles.set_limits(session, person, key, limits, reason=form.reason)


def history(session: Session, key: str) -> list[dict[str, Any]]:
    """Return the changes of one switch for a timeline, the latest first."""
    names = {member.user_id: member.name or member.email for member in members.listing(session)}
    return [_line(change, names) for change in toggles.history(session, key)]


def _line(change: Change, names: dict[int, str]) -> dict[str, Any]:
    who = names.get(change.actor_id or 0) or _("somebody who left")
    words = {
        "toggle.on": (_("Turned on by %(name)s", name=who), "toggle-right", "ok"),
        "toggle.off": (_("Turned off by %(name)s", name=who), "slash", ""),
        "toggle.limits": (_("Limits changed by %(name)s", name=who), "edit-2", "act"),
    }
    text, icon, kind = words[change.action]
    return {"text": text, "icon": icon, "kind": kind, "at": change.at, "detail": _detail(change)}


def _detail(change: Change) -> str:
    parts = [change.reason] if change.reason else []
    before, after = change.before.get("limits"), change.after.get("limits")
    if before == "unreadable":
        parts.append(_("The limits before could not be read."))
    elif before != after:
        parts.append(_("Before: %(limits)s.", limits=_written(before)))
        parts.append(_("After: %(limits)s.", limits=_written(after)))
    return " ".join(parts)


def _written(stored: object) -> str:
    if not isinstance(stored, dict) or not stored:
        return _("no limits")
    limits = toggles.Limits.model_validate(stored)
    return "; ".join(described(limits)) or ", ".join(limit_label(name) for name in stored)
