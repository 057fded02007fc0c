"""What an author says about an item beside its content: why, by which sources, how sure, until when."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.gate.deciding import policies
from lux.gate.models import ApprovalQueue
from lux.gate.states import ItemState
from lux.identity.access import Person
from lux.identity.agents import Agent
from lux.kit import clock
from lux.kit.errors import InvalidInput, NotFound, WrongState
from lux.kit.i18n import gettext as _
from lux.ports.acts import UNLISTED

CERTAIN: Final = 100  # hundredths
MOST_SOURCES: Final = 20
REVISABLE: Final = frozenset({ItemState.REJECTED, ItemState.EXPIRED, ItemState.CANCELLED})


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What stands beside the content of an item."""

    sources: tuple[str, ...] = ()
    confidence: int | None = None  # 0 to 100 hundredths; of an agent
    offer_ends_at: datetime | None = None  # UTC; nobody says yes to it any more from then on
    revises: uuid.UUID | None = None  # public id of the rejected, expired or cancelled item it comes after


NOTHING: Final = Proposal()


def describe(session: Session, item: ApprovalQueue, about: Proposal, *, author: Person) -> None:
    """Write on a new item what its author says about it, who asked for it, and when it expires."""
    check(about)
    item.revises_id = _predecessor(session, about.revises)
    for name, value in _said(about).items():
        setattr(item, name, value)
    for name, value in _prompter(author).items():
        setattr(item, name, value)
    item.expires_at = expires_at(session, item)


def revised(
    session: Session, item: ApprovalQueue, about: Proposal | None, *, editor: Person, send_at: datetime | None
) -> dict[str, Any]:
    """Return what changes on an item with its new version; None = its author says the same as before."""
    said: dict[str, Any] = {"offer_ends_at": item.offer_ends_at}
    if about is not None:
        check(about)
        said = _said(about)
    return {
        **said,
        **_prompter(editor),
        "expires_at": policies.rules_of(session).expires_at(
            clock.now(), send_at=send_at, offer_ends_at=said["offer_ends_at"]
        ),
    }


def expires_at(session: Session, item: ApprovalQueue) -> datetime:
    """Return when an item that waits from now on expires."""
    rules = policies.rules_of(session)
    return rules.expires_at(clock.now(), send_at=item.send_at, offer_ends_at=item.offer_ends_at)


def check(about: Proposal) -> None:
    """Raise InvalidInput naming what can't be kept."""
    if about.confidence is not None and not 0 <= about.confidence <= CERTAIN:
        raise InvalidInput(
            field="confidence", message=_("Confidence is 0 to 100 hundredths."), fix=_("Leave it out when unknown.")
        )
    if len(about.sources) > MOST_SOURCES:
        raise InvalidInput(
            field="sources",
            message=_("These are too many sources."),
            fix=_("Name at most %(n)s.", n=MOST_SOURCES),
        )
    if about.offer_ends_at is not None and about.offer_ends_at <= clock.now():
        raise InvalidInput(
            field="offer_ends_at", message=_("This offer is over."), fix=_("Change what is offered, or its end.")
        )


def _said(about: Proposal) -> dict[str, Any]:
    return {
        "sources": list(about.sources),
        "confidence": about.confidence,
        "offer_ends_at": about.offer_ends_at,
    }


def _prompter(author: Person) -> dict[str, Any]:
    """Return who asked, when it was an agent; a person's edit leaves it as it was."""
    if not isinstance(author, Agent):
        return {}
    return {"prompted_by": author.user_id, "prompted_by_name": author.prompter[:200]}


def _predecessor(session: Session, public_id: uuid.UUID | None) -> int | None:
    if public_id is None:
        return None
    row = session.scalar(
        select(ApprovalQueue).where(ApprovalQueue.public_id == public_id, ApprovalQueue.kind.not_in(UNLISTED))
    )
    if row is None:
        raise NotFound
    if row.state not in REVISABLE:
        raise WrongState(
            _("This is %(state)s; only what was rejected, has expired or was taken back has a successor.",
              state=row.state.value)
        )  # fmt: skip
    return row.id
