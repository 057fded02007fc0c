"""The API of approvals: read what waits and what was decided. Deciding needs a person who is signed in."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from lux.gate import reads, toggles
from lux.gate.reads import ItemState
from lux.identity.api_keys import Scope
from lux.rooms.approvals import queries
from lux.rooms.approvals.log import reading
from lux.ui import web
from lux.ui.api import Output, PageOf, PageQuery, newest_first, operation, room

if TYPE_CHECKING:
    from lux.gate.reads import ItemView
    from lux.gate.toggles import ToggleView

approvals = room("approvals")
blueprints = (approvals,)
TAG = "Approvals"


class FindingOut(Output):
    """What the checks say of an item."""

    severity: str
    code: str
    message: str
    fix: str


class ApprovalOut(Output):
    """Something that waits for a yes, or waited for one."""

    id: uuid.UUID
    kind: str
    channel: str
    state: ItemState
    title: str
    version: int
    campaign: Annotated[uuid.UUID | None, Field(description="the campaign it is about")]
    author: Annotated[str, Field(description="who submitted it")]
    author_type: Annotated[str, Field(description="person, api_key, agent or system")]
    audience: str
    audience_count: int
    findings: list[FindingOut]
    send_at: dt.datetime | None
    submitted_at: dt.datetime
    expires_at: dt.datetime | None
    decided_at: dt.datetime | None
    decided_by: str
    reason: str


class ApprovalPage(PageOf[ApprovalOut]):
    """One page of approvals."""


class ApprovalQuery(PageQuery):
    """Which approvals."""

    state: ItemState | None = None


@operation(approvals, "GET /approvals", scope=Scope.APPROVALS_READ, tag=TAG, query=ApprovalQuery, answer=ApprovalPage)
def list_approvals(query: ApprovalQuery) -> ApprovalPage:
    """List what waits for a decision and what was decided, the newest first."""
    states = [query.state] if query.state else []
    rows, following = newest_first(
        query, lambda before, limit: reads.items(web.session(), states=states, before_id=before, limit=limit)
    )
    return ApprovalPage(data=[_shown(row) for row in rows], next=following)


@operation(approvals, "GET /approvals/<uuid:public_id>", scope=Scope.APPROVALS_READ, tag=TAG, answer=ApprovalOut)
def read_approval(public_id: uuid.UUID) -> ApprovalOut:
    """Read one approval; to decide, a person opens it in LUX."""
    return _shown(reads.item(web.session(), public_id))


class ToggleOut(Output):
    """One of the company's switches; a person turns it on or off in LUX."""

    key: str
    group: Annotated[str, Field(description="channel, agent or automation")]
    label: str
    gates: Annotated[str, Field(description="what does not happen while it is off")]
    is_on: bool
    is_in_use: Annotated[bool, Field(description="false: what it is for does not exist yet")]
    is_readable: Annotated[bool, Field(description="false: its row is damaged, so it counts as off")]
    limits: Annotated[dict[str, Any], Field(description="what bounds it; a limit that is not named is not set")]
    is_on_for_all: Annotated[bool | None, Field(description="the installation's own row, where there is one")]
    reason: str
    changed_by: str
    changed_at: dt.datetime | None


class ToggleList(Output):
    """All switches of the company."""

    data: list[ToggleOut]


@operation(approvals, "GET /toggles", scope=Scope.APPROVALS_READ, tag=TAG, answer=ToggleList)
def list_toggles() -> ToggleList:
    """List the 27 switches with their limits, who changed them last, when and why."""
    return ToggleList(data=[_toggle(view) for view in toggles.listing(web.session())])


def _toggle(view: ToggleView) -> ToggleOut:
    return ToggleOut(
        key=view.spec.key, group=view.spec.group, label=view.spec.label(), gates=view.spec.gates(), is_on=view.is_on,
        is_in_use=view.is_in_use, is_readable=not view.is_unreadable,
        limits=view.limits.stored() if view.limits else {}, is_on_for_all=view.is_on_for_all, reason=view.reason,
        changed_by=view.changed_by, changed_at=view.changed_at,
    )  # fmt: skip


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


def _shown(item: ItemView) -> ApprovalOut:
    campaign = queries.campaign_of(web.session(), item)
    findings = [FindingOut(**{name: one.get(name, "") for name in FindingOut.model_fields}) for one in item.findings]
    return ApprovalOut(
        id=item.public_id, kind=item.kind, channel=item.channel, state=item.state, title=item.title,
        version=item.version, campaign=campaign.public_id if campaign else None, author=item.author_name,
        author_type=item.author_type, audience=item.audience_label, audience_count=item.audience_count,
        findings=findings, send_at=item.send_at, submitted_at=item.submitted_at, expires_at=item.expires_at,
        decided_at=item.decided_at, decided_by=item.decided_by_name, reason=item.reason,
    )  # fmt: skip
