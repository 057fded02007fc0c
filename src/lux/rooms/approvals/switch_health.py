"""Says when a switch can't be read: it counts as off, and somebody should know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.gate import toggles
from lux.kit.i18n import gettext as _
from lux.ports.contributions import HealthFinding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


class SwitchHealth:
    """Every switch of the company can be read."""

    key = "switches"

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:
        """Read all of them."""
        if company_id is None:
            return ()
        broken = toggles.unreadable(session, company_id)
        if broken is None:
            message = _("The switches can't be read: all of them count as off, and nothing leaves.")
            return (HealthFinding(key=self.key, level="bad", message=message, fix=_("Look at the database.")),)
        if not broken:
            return (HealthFinding(key=self.key, level="ok", message=_("All switches can be read.")),)
        return [
            HealthFinding(
                key=self.key,
                level="bad",
                message=_("The switch “%(label)s” can't be read, so it counts as off.", label=spec.label()),
                fix=_("Set its limits anew, or turn it off and on again."),
                url=toggles.address(spec.key),
            )
            for spec in broken
        ]
