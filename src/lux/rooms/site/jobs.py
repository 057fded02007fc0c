"""The site's background work: visitors who have had their time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lux.kit.i18n import gettext as _
from lux.kit.jobs import JobKind, Schedule
from lux.rooms.site.service import retention

if TYPE_CHECKING:
    from lux.kit.jobs import JobContext


def clean_up(context: JobContext, _args: dict[str, Any]) -> None:
    """Forget visitors who have not come for as long as their company keeps them."""
    retention.clean_up(context)


KINDS = (JobKind(name="site.clean_up", handler=clean_up, title=lambda: _("Forget website visitors of long ago")),)
SCHEDULES = (Schedule(name="site.clean_up", rule="50 3 * * *", kind="site.clean_up"),)
