"""The audit log, to read."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from lux.identity.api_keys import Scope
from lux.rooms.approvals.api.blueprint import approvals
from lux.rooms.approvals.log import reading
from lux.rooms.approvals.log.searching import MOST_TEXT, Wanted
from lux.ui import web
from lux.ui.api import Output, PageOf, PageQuery, newest_first, operation


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
    via: Annotated[
        dict[str, str], Field(description='by which door: {"door": "browser", "session": "…"}; {} in older rows')
    ]
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
    q: Annotated[str, Field(max_length=MOST_TEXT, description="words of what happened, to what, by whom, and why")] = ""
    via: Annotated[
        Literal["", "browser", "api", "guest", "public", "job", "cli"], Field(description="by which door it came in")
    ] = ""
    since: Annotated[dt.date | None, Field(description="first day, UTC")] = None
    until: Annotated[dt.date | None, Field(description="last day, UTC")] = None


@operation(approvals, "GET /audit", scope=Scope.AUDIT_READ, tag="Audit log", query=AuditQuery, answer=AuditPage)
def list_audit(query: AuditQuery) -> AuditPage:
    """List what was done in the company and who did it, the newest first."""
    asked = query.model_dump(include={"action", "category", "about", "since", "until"})
    asked |= {"text": query.q, "door": query.via}
    rows, following = newest_first(
        query,
        lambda before, limit: reading.search(
            web.session(), web.company_id(), Wanted(**asked), before=before, limit=limit
        ),
    )
    fields = AuditRowOut.model_fields
    data = [AuditRowOut(**{name: value for name, value in vars(row).items() if name in fields}) for row in rows]
    return AuditPage(data=data, next=following)
