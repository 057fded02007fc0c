"""The API of approvals: read what waits and what was decided. Deciding needs a person who is signed in."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from lux.gate import reads
from lux.gate.reads import ItemState
from lux.identity.api_keys import Scope
from lux.rooms.approvals import queries
from lux.ui import web
from lux.ui.api import Output, PageOf, PageQuery, newest_first, operation, room

if TYPE_CHECKING:
    from lux.gate.reads import ItemView

approvals = room("approvals")
blueprints = (approvals,)
TAG = "Approvals"


class FindingOut(Output):
    """What the checks say of an item."""

    severity: str
    code: str
    message: str
    fix: str
    place: Annotated[str, Field(description="where it stands, with what stands around it; empty when nowhere")]


class ReasonOut(Output):
    """One reason to look closely at an item."""

    code: str
    level: Annotated[str, Field(description="medium or high")]
    message: str


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
    risk_level: Annotated[str, Field(description="low, medium or high; empty = submitted before risk was looked at")]
    risk_reasons: list[ReasonOut]
    cost_minor: Annotated[int | None, Field(description="estimated, in minor units; null = no cost known to LUX")]
    cost_currency: Annotated[str, Field(description="ISO 4217; empty when no cost is known")]
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


def _shown(item: ItemView) -> ApprovalOut:
    campaign = queries.campaign_of(web.session(), item)
    findings = [FindingOut(**{name: one.get(name, "") for name in FindingOut.model_fields}) for one in item.findings]
    return ApprovalOut(
        id=item.public_id, kind=item.kind, channel=item.channel, state=item.state, title=item.title,
        version=item.version, campaign=campaign.public_id if campaign else None, author=item.author_name,
        author_type=item.author_type, audience=item.audience_label, audience_count=item.audience_count,
        findings=findings, risk_level=item.risk_level,
        risk_reasons=[ReasonOut(**one) for one in item.risk_reasons],
        cost_minor=item.cost.minor if item.cost else None, cost_currency=item.cost.currency if item.cost else "",
        send_at=item.send_at, submitted_at=item.submitted_at, expires_at=item.expires_at,
        decided_at=item.decided_at, decided_by=item.decided_by_name, reason=item.reason,
    )  # fmt: skip
