"""The trash's place in the navigation."""

from lux.kit.i18n import gettext as _
from lux.ports.contributions import Contributions, NavItem

CONTRIBUTIONS = Contributions(
    nav=(NavItem(endpoint="trash.index", icon="trash-2", label=lambda: _("Trash"), section="operate", order=80),),
)
