"""Watching what was connected: the keys of sending domains can vanish from DNS without anybody telling LUX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lux.gate import domains
from lux.identity import companies
from lux.identity.access import Right
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.kit.jobs import JobKind, Schedule
from lux.rooms.notifications.service import notify

if TYPE_CHECKING:
    import uuid

    from lux.kit.jobs import JobContext


def watch_domains(context: JobContext, _args: dict[str, Any]) -> None:
    """Look up again the DKIM keys that were there, and tell those who manage a company when one is gone."""
    with context.db.read(ALL_COMPANIES) as session:
        every = companies.all_ids(session)
    for company_id in every:
        with context.db.read(company_id) as session:
            proven = [(row.public_id, row.domain) for row in domains.listing(session) if _has_key(row.checks)]
        for public_id, name in proven:
            context.check_cancelled()
            _look(context, company_id, public_id, name)


def _look(context: JobContext, company_id: int, public_id: uuid.UUID, name: str) -> None:
    try:
        checks = domains.check(context.db, context.settings, company_id, public_id)
    except NotFound:
        return  # removed meanwhile
    if checks["dkim"]["ok"] is not False:
        return  # it is there, or the name servers did not answer
    with context.db.begin(company_id) as session:
        notify(
            session,
            Right.MANAGE,
            kind="domain.trouble",
            title=lambda: _("The DKIM key of %(domain)s is gone from DNS", domain=name),
            body=lambda: _("Mails from this domain may be taken for forged. Copy the record and look it up again."),
            url=f"/settings/domains/{public_id}",
            level="bad",
        )


def _has_key(checks: dict[str, Any]) -> bool:
    return (checks.get("dkim") or {}).get("ok") is True


KINDS = (JobKind(name="integrations.watch_domains", handler=watch_domains, title=lambda: _("Look up sending domains")),)
SCHEDULES = (Schedule(name="integrations.watch_domains", rule="40 5 * * *", kind="integrations.watch_domains"),)
