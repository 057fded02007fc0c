"""What the pages over the gate show: items in plain words, what changed since."""

from __future__ import annotations

import difflib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from lux.gate import reads
from lux.gate.reads import ItemState, ItemView, OutboundView
from lux.kit import clock
from lux.kit.i18n import gettext as _
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
        Change(label=label, lines=_lines(_text(before, key), _text(item.body, key)))
        for key, label in _labels().items()
        if _text(before, key) != _text(item.body, key)
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
    return {"email_campaign": _("E-mail campaign"), "test_email": _("Test mail"), "system_email": _("System mail")}.get(
        kind, kind
    )


def _labels() -> dict[str, str]:
    return {
        "subject": _("Subject"),
        "preview_text": _("Preview text"),
        "from_name": _("Sender name"),
        "from_email": _("Sender address"),
        "reply_to": _("Reply to"),
        "postal_address": _("Postal address"),
        "audience": _("Audience"),
        "send_at": _("Time asked for"),
        "links": _("Tracked links"),
        "track_opens": _("Opens counted"),
        "track_clicks": _("Clicks counted"),
        "account": _("Transport"),
        "constants": _("Company and brand"),
        "text": _("Plain text"),
        "html": _("HTML"),
    }


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    if key == "audience" and isinstance(value, dict):
        rule = value.get("rule")
        size = (body.get("snapshot") or {}).get("count")
        written = "\n" + json.dumps(rule, indent=1, sort_keys=True) if rule else ""
        return f"{value.get('label')} ({size}){written}"
    if isinstance(value, list | tuple):
        return "\n".join(str(part) for part in value)
    return "" if value is None else str(value)


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
