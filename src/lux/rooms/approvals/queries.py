"""What the pages over the gate show: items in plain words, what changed since."""

from __future__ import annotations

import difflib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from lux.gate import reads
from lux.gate.reads import ItemState, ItemView, OutboundView
from lux.gate.series import looking
from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.rooms.approvals.fields import labels, text_of
from lux.rooms.email import queries as campaigns
from lux.rooms.email.models import Campaign
from lux.rooms.email.watch import LAST_SECONDS

WAITING = (ItemState.PENDING,)
GOING = (ItemState.APPROVED, ItemState.SCHEDULED)
TABS: Mapping[str, Sequence[ItemState]] = {
    "waiting": WAITING,
    "going": GOING,
    "past": (ItemState.PUBLISHED, ItemState.REJECTED, ItemState.CANCELLED, ItemState.EXPIRED, ItemState.FAILED),
}
PAGE = 50
_CONTEXT_LINES = 2


@dataclass(frozen=True, kw_only=True)
class Change:
    """One part of an item that differs from the version before."""

    label: str
    lines: Sequence[tuple[str, str]]  # (in | out | same | gap, text), as the diff macro takes it


@dataclass(frozen=True, kw_only=True)
class Series:
    """The bounds of a series."""

    sentence: str
    lines: Sequence[tuple[str, str]]


def waiting_count(session: Session, _company_id: int) -> int:
    """Return how many items wait, for the navigation's badge."""
    return reads.waiting(session)[0]


def one(session: Session, public_id: uuid.UUID) -> tuple[ItemView, OutboundView]:
    """Return an item and its outbound; raises NotFound."""
    item = reads.item(session, public_id)
    return item, reads.item_outbound(session, item.id)


def leaving(session: Session) -> list[OutboundView]:
    """Return what has its yes and begins in a moment."""
    return reads.starting(session, clock.now() + timedelta(seconds=LAST_SECONDS))


def campaign_of(session: Session, item: ItemView) -> Campaign | None:
    """Return the campaign an item is about, to open and edit it; None for anything else."""
    kind, number = item.subject
    return campaigns.by_ids(session, [number]).get(number) if kind == "campaign" and number else None


def series_of(item: ItemView) -> Series | None:
    """Return what one yes over a series lets happen, in words; None for anything else."""
    lines = looking.lines_of(item)
    return Series(sentence=looking.sentence_of(item), lines=lines) if lines else None


def changes(session: Session, item: ItemView) -> tuple[str, list[Change]]:
    """Return what the item is compared with, and what differs; nothing for a first version."""
    before = reads.last_approved(session, item.id, before_version=item.version)
    basis = _("the version that was approved last")
    if before is None:
        before = reads.previous_version(session, item.id, before_version=item.version)
        basis = _("the version before")
    if before is None:
        return "", []
    found = [
        Change(label=label, lines=_lines(text_of(before, key), text_of(item.body, key)))
        for key, label in labels().items()
        if text_of(before, key) != text_of(item.body, key)
    ]
    return basis, found


def state_word(state: ItemState) -> str:
    """Return a state in the person's language."""
    words = {
        ItemState.PENDING: _("Waiting"),
        ItemState.APPROVED: _("Approved"),
        ItemState.SCHEDULED: _("Scheduled"),
        ItemState.REJECTED: _("Rejected"),
        ItemState.CANCELLED: _("Cancelled"),
        ItemState.EXPIRED: _("Expired"),
        ItemState.PUBLISHED: _("Published"),
        ItemState.FAILED: _("Failed"),
    }
    return words[state]


def kind_word(kind: str) -> str:
    """Return a kind of item in the person's language."""
    return {
        "email_campaign": _("E-mail campaign"),
        "sms_campaign": _("SMS campaign"),
        "social_post": _("Social post"),
        "social_comment": _("Social comment"),
        "direct_message": _("Direct message"),
        "automation": _("Automation"),
        "landing_page": _("Landing page"),
        "transactional_template": _("Transactional template"),
        "series": _("Series"),
        "test_email": _("Test mail"),
        "system_email": _("System mail"),
    }.get(kind, kind)


def _lines(before: str, after: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    old, new = before.splitlines(), after.splitlines()
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_CONTEXT_LINES):
        if found:
            found.append(("gap", "…"))
        for tag, a, b, c, d in group:
            if tag == "equal":
                found.extend(("same", line) for line in old[a:b])
                continue
            found.extend(("out", line) for line in old[a:b])
            found.extend(("in", line) for line in new[c:d])
    return found
