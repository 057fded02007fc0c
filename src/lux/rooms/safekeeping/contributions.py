"""What safekeeping adds elsewhere: navigation for operators and checks of health."""

from __future__ import annotations

from lux.kit.i18n import gettext as _
from lux.ports.contributions import Contributions, NavItem
from lux.rooms.safekeeping.health import BackupHealth, VaultKeysHealth
from lux.rooms.safekeeping.unused import UnusedSecrets

CONTRIBUTIONS = Contributions(
    nav=(
        NavItem(
            endpoint="safekeeping.backups",
            icon="archive",
            label=lambda: _("Backups"),
            section="operate",
            order=82,
            operator_only=True,
        ),
        NavItem(
            endpoint="safekeeping.vault",
            icon="lock",
            label=lambda: _("Vault"),
            section="operate",
            order=84,
            operator_only=True,
        ),
    ),
    health=(BackupHealth(), VaultKeysHealth(), UnusedSecrets()),
)
