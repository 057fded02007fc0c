"""What a campaign said before: kept at every save, compared in words, brought back, and marked when approved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lux.gate import reads
from lux.kit.i18n import gettext as _
from lux.rooms.content import queries as content_queries
from lux.rooms.content.service import Content
from lux.rooms.content.service import versions as kept
from lux.rooms.email import audience, composing, launch, queries, service
from lux.rooms.email.service import Changes
from lux.rooms.email.states import is_waiting

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person
    from lux.rooms.content.models import ContentVersion
    from lux.rooms.email.models import Campaign


def bring_back(session: Session, campaign: Campaign, number: int, *, editor: Person) -> bool:
    """Make what a campaign said at a version its newest; says whether it waits for a new yes because of it."""
    saved = content_queries.version(session, service.subject_of(campaign), number).saved
    was_waiting = is_waiting(queries.outbound_of(session, campaign))
    service.save(session, campaign, _changes(campaign, saved), editor=editor)
    if was_waiting:
        launch.revise(session, campaign, editor=editor)
    return was_waiting


def approved(session: Session, campaign: Campaign) -> dict[str, str]:
    """Return hash as submitted → hash as approved; they differ where the audience was frozen anew in between."""
    subject = service.subject_of(campaign)
    submitted = {row.act_hash for row in content_queries.versions(session, subject) if row.act_hash}
    found: dict[str, str] = {}
    present = ""
    for act_hash, was_approved in reads.hashes_of_subject(session, (queries.SUBJECT, campaign.id)):
        present = act_hash if act_hash in submitted else present
        if was_approved and present:
            found[present] = act_hash
    return found


def in_words(session: Session, version: ContentVersion | None) -> dict[str, Any]:
    """Return what a version holds as people say it."""
    if version is None:
        return {}
    saved: dict[str, Any] = dict(version.saved)
    senders = {one.id: f"{one.name} <{one.email}>" for one in composing.sender_choices(session)}
    sender = saved.get("sender_id")
    saved["sender_id"] = senders.get(sender, _("one that is gone")) if sender is not None else ""
    chosen = dict(audience.choices(session))
    value = f"{saved.pop('audience_source', '')}:{saved.pop('audience_key', '')}".rstrip(":")
    saved["audience"] = chosen.get(value, value)
    yes_no = {True: _("yes"), False: _("no")}
    return saved | {name: yes_no[bool(saved.get(name))] for name in ("track_opens", "track_clicks")}


def fields(changed: Mapping[int, list[str]]) -> dict[int, list[str]]:
    """Return the changed fields under the names that people know."""
    same = {"audience_source": "audience", "audience_key": "audience"}
    return {number: list(dict.fromkeys(same.get(one, one) for one in names)) for number, names in changed.items()}


def differences(session: Session, older: ContentVersion | None, newer: ContentVersion) -> list[kept.Difference]:
    """Return what differs between two versions."""
    return kept.differences(in_words(session, older), in_words(session, newer))


def _changes(campaign: Campaign, saved: Mapping[str, Any]) -> Changes:
    values = dict(saved)
    content = Content(**{name: values.pop(name) for name in asdict(Content())})
    return Changes(version=campaign.version, content=content, **values)
