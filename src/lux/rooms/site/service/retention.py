"""Forgets visitors who were not seen for as long as the company keeps them; counts per day stay."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.rooms.site import queries
from lux.rooms.site.models import SiteSetup
from lux.rooms.site.service import visitors

if TYPE_CHECKING:
    from lux.kit.jobs import JobContext

CHUNK: Final = 500


def clean_up(context: JobContext) -> None:
    """Remove visitors and visits of all companies that have had their time."""
    with context.db.read(ALL_COMPANIES) as session:
        kept = [(one.company_id, one.keep_days) for one in session.scalars(select(SiteSetup).order_by(SiteSetup.id))]
    for company_id, days in kept:
        before, is_more = clock.now() - timedelta(days=days), True
        while is_more:
            context.check_cancelled()
            with context.db.begin(company_id) as session:
                ids = queries.long_gone(session, before, CHUNK)
                if ids:
                    visitors.remove(session, ids)
            is_more = len(ids) == CHUNK
