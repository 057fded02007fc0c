"""The API of approvals: read what waits and what was decided. Deciding needs a person who is signed in."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from lux.gate import reads
from lux.gate.deciding import figures, history, policies, yeses
from lux.gate.reads import ItemState
from lux.identity.api_keys import Scope
from lux.rooms.approvals import queries
from lux.rooms.approvals.api.blueprint import TAG, approvals
from lux.ui import web
from lux.ui.api import Input, Output, PageOf, PageQuery, newest_first, operation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lux.gate.deciding.yeses import Progress
    from lux.gate.reads import ItemView


class RemarkOut(Output):
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
    findings: list[RemarkOut]
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
    rationale: Annotated[str, Field(description="why the author proposes it")]
    sources: Annotated[list[str], Field(description="what the author leans on")]
    confidence: Annotated[int | None, Field(description="of an agent, in hundredths; null = not said")]
    prompted_by: Annotated[str, Field(description="who asked the agent that wrote it")]
    offer_ends_at: dt.datetime | None
    yeses: Annotated[int | None, Field(description="different people who said yes so far; null once it is decided")]
    yeses_needed: Annotated[int | None, Field(description="how many have to; null once it is decided")]
    comes_after: Annotated[uuid.UUID | None, Field(description="the rejected or expired approval it revises")]
    comes_before: Annotated[list[uuid.UUID], Field(description="approvals that revise this one")]


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
    return ApprovalPage(data=_shown(rows), next=following)


@operation(approvals, "GET /approvals/<uuid:public_id>", scope=Scope.APPROVALS_READ, tag=TAG, answer=ApprovalOut)
def read_approval(public_id: uuid.UUID) -> ApprovalOut:
    """Read one approval; to decide, a person opens it in LUX."""
    return _shown([reads.item(web.session(), public_id)])[0]


class EventOut(Output):
    """One thing that happened to an approval."""

    what: Annotated[
        str, Field(description="submitted, revised, returned, yes, solo, no, commented, cancelled, expired")
    ]
    at: dt.datetime
    version: int
    who: Annotated[str, Field(description="a name; empty = LUX itself, or not known any more")]
    who_type: Annotated[str, Field(description="person, guest, agent, api_key or system")]
    text: Annotated[str, Field(description="the reason, or what was said")]


class HistoryOut(Output):
    """All that happened to an approval, the oldest first."""

    data: list[EventOut]


class ShareOut(Output):
    """A number and of how many."""

    count: int
    whole: Annotated[int, Field(description="0 = there was nothing to count, and the share is not known")]


class DecidingFiguresOut(Output):
    """How deciding goes, over the last days."""

    days: int
    waiting: int
    oldest: Annotated[dt.datetime | None, Field(description="since when the oldest waits; null = nothing waits")]
    median_seconds: Annotated[int | None, Field(description="from submission to yes; null = no yes in this time")]
    yeses: int
    edited: ShareOut
    rejected: ShareOut
    expired: ShareOut


class DecidingQuery(Input):
    """Over how many days."""

    days: Annotated[int, Field(ge=1, le=366)] = 30


class PolicyOut(Output):
    """How the company decides."""

    is_chosen: Annotated[bool, Field(description="false = nobody chose, these are the defaults")]
    four_eyes: Annotated[bool, Field(description="nobody says yes to their own work; false = recorded as solo")]
    two_above: Annotated[int | None, Field(description="recipients above which two people say yes; null = never")]
    expires_days: int
    offer_hours: Annotated[int, Field(description="until an item with a date expires")]


@operation(approvals, "GET /approvals/<uuid:public_id>/history", scope=Scope.APPROVALS_READ, tag=TAG, answer=HistoryOut)
def read_history(public_id: uuid.UUID) -> HistoryOut:
    """Read versions, decisions and comments of one approval, the oldest first."""
    found = history.of_item(web.session(), reads.item(web.session(), public_id))
    return HistoryOut(
        data=[
            EventOut(what=one.what.value, at=one.at, version=one.version, who=one.who, who_type=one.who_type,
                     text=one.text)
            for one in found
        ]
    )  # fmt: skip


@operation(
    approvals,
    "GET /approvals/figures",
    scope=Scope.APPROVALS_READ,
    tag=TAG,
    query=DecidingQuery,
    answer=DecidingFiguresOut,
)
def read_deciding_figures(query: DecidingQuery) -> DecidingFiguresOut:
    """Read how deciding goes, counted from the decisions themselves."""
    return DecidingFiguresOut.model_validate(asdict(figures.over(web.session(), query.days)))


@operation(approvals, "GET /approvals/policy", scope=Scope.APPROVALS_READ, tag=TAG, answer=PolicyOut)
def read_policy() -> PolicyOut:
    """Read how the company decides; only its owner and admins change it, in LUX."""
    found = policies.policy_of(web.session())
    return PolicyOut.model_validate({"is_chosen": found.is_chosen, **policies.plain(found.rules)})


def _shown(items: Sequence[ItemView]) -> list[ApprovalOut]:
    progress = yeses.of_items(web.session(), items)
    related = history.kin_of(web.session(), items)
    return [_one(item, progress.get(item.id), *related[item.id]) for item in items]


def _one(item: ItemView, progress: Progress | None, before: ItemView | None, after: Sequence[ItemView]) -> ApprovalOut:
    campaign = queries.campaign_of(web.session(), item)
    findings = [RemarkOut(**{name: one.get(name, "") for name in RemarkOut.model_fields}) for one in item.findings]
    return ApprovalOut(
        id=item.public_id, kind=item.kind, channel=item.channel, state=item.state, title=item.title,
        version=item.version, campaign=campaign.public_id if campaign else None, author=item.author_name,
        author_type=item.author_type, audience=item.audience_label, audience_count=item.audience_count,
        findings=findings, risk_level=item.risk_level,
        risk_reasons=[ReasonOut(**one) for one in item.risk_reasons],
        cost_minor=item.cost.minor if item.cost else None, cost_currency=item.cost.currency if item.cost else "",
        send_at=item.send_at, submitted_at=item.submitted_at, expires_at=item.expires_at,
        decided_at=item.decided_at, decided_by=item.decided_by_name, reason=item.reason,
        rationale=item.rationale, sources=list(item.sources), confidence=item.confidence,
        prompted_by=item.prompted_by_name, offer_ends_at=item.offer_ends_at,
        yeses=len(progress.yeses) if progress else None, yeses_needed=progress.needed if progress else None,
        comes_after=before.public_id if before else None, comes_before=[one.public_id for one in after],
    )  # fmt: skip
