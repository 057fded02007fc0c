"""Word to those who manage a company that work of theirs has failed for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.kit.jobs import kinds
from lux.rooms.notifications.service import notify

if TYPE_CHECKING:
    from lux.kit.db import Database
    from lux.kit.jobs import Claim

TOLD_ELSEWHERE: Final = frozenset(
    {"contacts.import", "contacts.export", "segments.bulk", "segments.bulk_undo"}
)  # whoever started them hears how they ended


def tell_failed(db: Database, claim: Claim) -> None:
    """Leave a notice about a job of a company, unless its room tells whoever started it."""
    if claim.company_id is None or claim.kind in TOLD_ELSEWHERE:
        return
    with db.begin(claim.company_id) as session:
        notify(
            session,
            Right.MANAGE,
            kind="job.failed",
            title=lambda: _("Background work has failed: %(work)s", work=kinds.label_of(claim.kind)),
            body=lambda: _("It is not tried again by itself. Look at what happened, and try again from there."),
            url=f"/diagnostics/jobs/{claim.public_id}",
            level="bad",
        )
