"""What the approvals room adds elsewhere: navigation, the first tile of the dashboard, word to approvers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.gate import reads, stop
from lux.kit.i18n import gettext as _
from lux.ports.contributions import Contributions, NavItem, Tile
from lux.ports.finding import PaletteAction, SearchHit
from lux.rooms.approvals import queries
from lux.rooms.approvals.alarm import TellOfStops
from lux.rooms.approvals.guest_telling import TellGuests
from lux.rooms.approvals.log.watching import AuditHealth
from lux.rooms.approvals.observers import TellApprovers, TellAuthors
from lux.rooms.approvals.switch_health import SwitchHealth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session

SHOWN = 5  # items on the dashboard


class WaitingTile:
    """What waits for my yes."""

    key = "waiting"

    def tile(self, session: Session, _company_id: int, role: str) -> Tile | None:
        """Return the tile; it stands first on the dashboard."""
        number, oldest = reads.waiting(session)
        items = reads.items(session, states=queries.WAITING, limit=SHOWN)
        return Tile(
            key=self.key,
            section="waits",
            title=_("Waiting for a yes"),
            template="approvals/_tile.html",
            state="ready" if number else "empty",
            context={
                "items": items,
                "number": number,
                "oldest": oldest,
                "may_decide": role in {"owner", "admin"},
                "flush": bool(number),
                "icon_name": "check-circle",
                "next": (_("All approvals"), "/approvals/"),
                "text": _("Nothing waits for a decision."),
                "action": (_("Write a campaign"), "/campaigns/new"),
                "example": _("what a campaign would send, to whom and when, stands here before it leaves."),
            },
            order=10,
        )


class StopTile:
    """Says what is stopped."""

    key = "stop"

    def tile(self, session: Session, company_id: int, _role: str) -> Tile | None:
        """Return the tile only while something is stopped."""
        found = [one for one in stop.active(session, company_id) if one.scope != stop.ScopeKind.DRILL.value]
        if not found:
            return None
        return Tile(
            key=self.key,
            section="broken",
            title=_("Emergency stop"),
            template="approvals/_stop_tile.html",
            context={"stops": found, "icon_name": "octagon", "next": (_("Look and resume"), "/approvals/stop")},
            order=5,
        )


class FindItems:
    """Finds what waits for a yes, or had one, by its title."""

    key, icon, minimum_role, order = "approvals", "check-circle", "viewer", 70

    def heading(self) -> str:
        """Return what stands over them."""
        return _("Approvals")

    def search(self, session: Session, _company_id: int, text: str, limit: int) -> Sequence[SearchHit]:
        """Return at most `limit` items, the latest first."""
        return [
            SearchHit(
                label=item.title,
                kind=_("Approval"),
                url=f"/approvals/{item.public_id}",
                detail=item.author_name,
                state=item.state.value,
                state_label=queries.state_word(item.state),
            )
            for item in reads.items(session, text=text, limit=limit)
        ]


def _page(endpoint: str, icon: str, label: Callable[[], str], role: str, order: int) -> PaletteAction:
    """Return a page that stands under Approvals, for the palette."""
    return PaletteAction(endpoint=endpoint, icon=icon, label=label, words=lambda: _("Approvals"), is_page=True,
                         minimum_role=role, order=order)  # fmt: skip


CONTRIBUTIONS = Contributions(
    nav=(
        NavItem(
            endpoint="approvals.index",
            icon="check-circle",
            label=lambda: _("Approvals"),
            section="govern",
            key="a",
            order=10,
            badge=queries.waiting_count,
        ),
        NavItem(
            endpoint="approvals.toggles_page",
            icon="toggle-right",
            label=lambda: _("Switches"),
            section="govern",
            key="w",
            order=20,
        ),
        NavItem(
            endpoint="approvals.stop_page",
            icon="octagon",
            label=lambda: _("Emergency stop"),
            section="govern",
            order=30,
        ),
        NavItem(
            endpoint="approvals.audit",
            icon="shield",
            label=lambda: _("Audit log"),
            section="govern",
            order=40,
            minimum_role="admin",
        ),
    ),
    health=(SwitchHealth(), AuditHealth()),
    search=(FindItems(),),
    actions=(
        PaletteAction(
            endpoint="approvals.stop_page",
            icon="octagon",
            label=lambda: _("Stop everything…"),
            words=lambda: _("emergency halt pause sending"),
            minimum_role="marketer",
            order=60,
        ),
        _page("approvals.policy_page", "sliders", lambda: _("Approval policy"), "viewer", 30),
        _page("approvals.rules", "book-open", lambda: _("Review rules"), "admin", 31),
        _page("approvals.budgets", "credit-card", lambda: _("Budgets"), "admin", 32),
        _page("approvals.guests", "user-check", lambda: _("Guest reviewers"), "admin", 33),
    ),
    tiles=(WaitingTile(), StopTile()),
    observers=(TellApprovers(), TellAuthors(), TellGuests(), TellOfStops()),
)
