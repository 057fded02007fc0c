"""What the dashboard offers to the frame: its place in the navigation."""

from __future__ import annotations

from lux.kit.i18n import gettext as _
from lux.ports.contributions import Contributions, NavItem

CONTRIBUTIONS = Contributions(
    nav=(NavItem(endpoint="home.index", icon="home", label=lambda: _("Home"), section="", key="h", order=0),),
)
