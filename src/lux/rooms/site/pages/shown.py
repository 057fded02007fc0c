"""How figures and states of the website read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import url_for

from lux.kit.i18n import gettext as _
from lux.rooms.site.service.figures import PERIODS

if TYPE_CHECKING:
    from lux.rooms.site.service.figures import Figures


def period(text: str) -> int:
    """Return the days that were asked for; 30 for anything else."""
    return int(text) if text in {str(one) for one in PERIODS} else 30


def figures_context(found: Figures | None, days: int) -> dict[str, Any]:
    """Return what the page of figures shows beside them."""
    views = [(_("%(days)s days", days=one), url_for("site.index", days=one), one == days) for one in PERIODS]
    if found is None:
        return {"views": views, "chart_labels": [], "chart_series": [], "amounts": ""}
    labels = [day.isoformat() for day in found.by_day]
    series = [{"label": _("Visits"), "values": list(found.by_day.values())}]
    amounts = " · ".join(one.display() for one in found.revenue)
    return {"views": views, "chart_labels": labels, "chart_series": series, "amounts": amounts}


def state_words() -> dict[str, tuple[str, str]]:
    """Return state of a domain → (status for the chip, words)."""
    return {
        "seen": ("ok", _("Visitors are seen")),
        "checked": ("ok", _("The page answers")),
        "loaded": ("info", _("The script is loaded; nobody has said yes yet")),
        "quiet": ("warn", _("Nothing for a day")),
        "never": ("unknown", _("Not seen yet")),
    }
