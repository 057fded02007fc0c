"""The audit log, to read."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from lux.identity.api_keys import Scope
from lux.rooms.approvals.log import reading
from lux.ui import web
from lux.ui.api import Output, PageOf, PageQuery, newest_first, operation

if TYPE_CHECKING:
    pass


from lux.rooms.approvals.api.blueprint import approvals


class AuditRowOut(Output):
    """One row of the audit log."""

    id: Annotated[int, Field(description="its number in the company's chain")]
    at: dt.datetime
    action: str
    category: str
    sentence: Annotated[str, Field(description="what happened, in the words of the page")]
    actor: Annotated[str, Field(description='who acted: "person:7", "api_key:3", "system", "operator"')]
    object_type: str
    object_id: str
    content_hash: str
    hash: Annotated[str, Field(description="SHA-256 over the hash before and all else in the row, hex")]
    prev_hash: str


class AuditPage(PageOf[AuditRowOut]):
    """One page of the audit log."""


class AuditQuery(PageQuery):
    """Which rows."""

    action: Annotated[str, Field(max_length=64, description='for example "approval.approved"')] = ""
    category: Annotated[str, Field(max_length=32, description="for example approvals, access, security")] = ""
    about: Annotated[str, Field(max_length=64, description="type or id of what it is about")] = ""
    since: Annotated[dt.date | None, Field(description="first day, UTC")] = None
    until: Annotated[dt.date | None, Field(description="last day, UTC")] = None


@operation(approvals, "GET /audit", scope=Scope.AUDIT_READ, tag="Audit log", query=AuditQuery, answer=AuditPage)
def list_audit(query: AuditQuery) -> AuditPage:
    """List what was done in the company and who did it, the newest first."""
    asked = query.model_dump(include={"action", "category", "about", "since", "until"})
    rows, following = newest_first(
        query,
        lambda before, limit: reading.search(
            web.session(), web.company_id(), reading.Wanted(**asked), before=before, limit=limit
        ),
    )
    fields = AuditRowOut.model_fields
    data = [AuditRowOut(**{name: value for name, value in vars(row).items() if name in fields}) for row in rows]
    return AuditPage(data=data, next=following)
