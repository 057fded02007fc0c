"""What diagnostics adds elsewhere: navigation, a dashboard tile while something is broken, checks of health."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lux.kit.i18n import gettext as _
from lux.ports.contributions import Contributions, NavItem, Tile
from lux.rooms.diagnostics import queries, words
from lux.rooms.diagnostics.engine_health import EngineHealth
from lux.rooms.diagnostics.health import ClockHealth, DiskHealth, JobsHealth, QueueHealth, WorkersHealth
from lux.rooms.diagnostics.models import GroupState
from lux.rooms.diagnostics.scope import Scope
from lux.rooms.diagnostics.storage_health import DatabaseHealth, DatabaseSizeHealth, FilesHealth

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SHOWN: Final = 4  # errors in the tile
_MAY_SEE: Final = frozenset({"owner", "admin"})


class BrokenTile:
    """What went wrong in this company and is still open."""

    key = "errors"

    def tile(self, session: Session, company_id: int, role: str) -> Tile | None:
        """Return the tile only while something is open or has failed, for those who can do something about it."""
        if role not in _MAY_SEE:
            return None
        scope = Scope(company_id)
        open_count = queries.group_counts(session, scope)[GroupState.OPEN]
        failed = queries.job_counts(session, scope)["failed"]
        if not open_count and not failed:
            return None
        return Tile(
            key=self.key,
            section="broken",
            title=_("Went wrong"),
            template="diagnostics/_tile.html",
            context={
                "groups": queries.groups(session, scope, GroupState.OPEN, limit=SHOWN),
                "open_count": open_count,
                "failed": failed,
                "words": words,
                "flush": True,
                "icon_name": "alert-triangle",
                "next": (_("All errors"), "/diagnostics/errors"),
            },
            order=40,
        )


CONTRIBUTIONS = Contributions(
    nav=(
        NavItem(
            endpoint="diagnostics.jobs",
            icon="activity",
            label=lambda: _("Background work"),
            section="operate",
            key="b",
            order=50,
        ),
        NavItem(
            endpoint="diagnostics.errors",
            icon="alert-triangle",
            label=lambda: _("Errors"),
            section="operate",
            key="e",
            order=60,
            badge=queries.open_count,
            minimum_role="admin",
        ),
        NavItem(
            endpoint="diagnostics.health",
            icon="heart",
            label=lambda: _("Health"),
            section="operate",
            order=70,
            minimum_role="admin",
        ),
        NavItem(
            endpoint="operate.health",
            icon="server",
            label=lambda: _("Installation"),
            section="operate",
            order=80,
            operator_only=True,
        ),
    ),
    health=(
        DatabaseHealth(),
        DatabaseSizeHealth(),
        EngineHealth(),
        WorkersHealth(),
        ClockHealth(),
        QueueHealth(),
        JobsHealth(),
        DiskHealth(),
        FilesHealth(),
    ),
    tiles=(BrokenTile(),),
)
