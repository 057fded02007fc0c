"""Telling who asked that a company's file is ready, or that a company has arrived; or why not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lux.kit.i18n import gettext as _
from lux.ports.contributions import installed
from lux.ports.news import News

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.rooms.company.models import CompanyExport, CompanyImport


def export_ended(session: Session, entry: CompanyExport, *, error: str) -> None:
    """Tell whoever asked for an export that it has ended (in the company's own session)."""
    news = News(
        kind="company.exported",
        title=lambda: _("Your export has failed") if error else _("The file with the whole company is ready"),
        body=lambda: error or _("%(name)s is kept for three days.", name=entry.file_name),
        url="/settings/export",
        level="bad" if error else "ok",
    )
    _tell(session, entry.created_by, news)


def import_ended(session: Session, entry: CompanyImport) -> None:
    """Tell whoever asked for an import that it has ended, in the company from which they asked."""
    name = entry.name or entry.file_name
    is_here = News(
        kind="company.imported",
        title=lambda: _("“%(name)s” has arrived", name=name),
        body=lambda: _("Its page says what is left to do."),
        url=f"/companies/import/{entry.public_id}",
        level="ok",
    )
    has_failed = replace(
        is_here, title=lambda: _("The import of “%(name)s” has failed", name=name), body=entry.error, level="bad"
    )
    _tell(session, entry.created_by, has_failed if entry.state == "failed" else is_here)


def _tell(session: Session, user_id: int | None, news: News) -> None:
    for teller in installed().tellers if user_id is not None else ():
        teller.tell(session, [int(user_id or 0)], news)
