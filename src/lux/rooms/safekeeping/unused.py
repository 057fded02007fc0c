"""Looks for stored secrets that nothing uses: each is one more that can get lost."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.ports.contributions import HealthFinding
from lux.rooms.safekeeping.secrets import name_of, secrets_of
from lux.vault.models import VaultSecret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

IDLE: Final = timedelta(days=90)


class UnusedSecrets:
    """No secret of a company lies about unused for a quarter of a year."""

    key = "unused_secrets"

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:
        """Look at when each was used last, or stored when it never was."""
        if company_id is None:
            return ()
        since = func.coalesce(VaultSecret.last_used_at, VaultSecret.created_at)
        condition = (VaultSecret.company_id == company_id, since < clock.now() - IDLE)
        count = session.scalar(select(func.count()).select_from(VaultSecret).where(*condition)) or 0
        if not count:
            return ()
        first = secrets_of(session, company_id, *condition, limit=1)[0]
        message = ngettext(
            "A stored secret was not used for %(days)s days: %(name)s",
            "%(num)s stored secrets were not used for %(days)s days, the first: %(name)s",
            count, days=IDLE.days, name=name_of(first),
        )  # fmt: skip
        fix = _("Remove the account, domain or webhook that nobody needs any more; its secret goes with it.")
        return (HealthFinding(key=self.key, level="warn", message=message, fix=fix, url="/settings/integrations/"),)
