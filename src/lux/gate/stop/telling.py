"""The numbers behind an automatic stop, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.gate.stop.triggers import Cause, Trigger, shown
from lux.kit.i18n import gettext as _

if TYPE_CHECKING:
    from lux.ledger.audit import ChainFault


def about_rate(cause: Cause, count: int, total: int, trigger: Trigger) -> str:
    """Return why a rate is too high."""
    values = {
        "count": count,
        "total": total,
        "share": f"{100 * count / total:.2g}",
        "bound": shown(trigger.spec, "threshold", trigger.threshold),
    }
    if cause is Cause.COMPLAINTS:
        return _("%(count)s of %(total)s called it spam: %(share)s %%, the bound is %(bound)s %%.", **values)
    return _("%(count)s of %(total)s addresses do not exist: %(share)s %%, the bound is %(bound)s %%.", **values)


def about_storm(cause: Cause, count: int, trigger: Trigger) -> str:
    """Return what failed again and again."""
    values = {"count": count, "minutes": trigger.minutes, "bound": trigger.threshold}
    if cause is Cause.DENIED:
        return _(
            "The mail server did not let us in %(count)s times within %(minutes)s minutes; the bound is %(bound)s.",
            **values,
        )
    return _("%(count)s messages failed within %(minutes)s minutes; the bound is %(bound)s.", **values)


def about_chain(fault: ChainFault) -> str:
    """Return which row of the audit chain does not hold."""
    return _("The audit log does not hold: row %(seq)s, %(reason)s.", seq=fault.seq, reason=fault.reason)
