"""What templates and campaigns said before: every save is kept, named, compared, and can be brought back."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete

from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.rooms.content import queries
from lux.rooms.content.models import ContentVersion

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person

KEPT: Final = 50  # versions of a record, beside those that have a name or were submitted
TEXTS: Final = ("source", "text")  # compared line by line
CONTEXT_LINES: Final = 2
MAX_LABEL: Final = 100

Subject = tuple[str, int]  # ("template", 7)
Line = tuple[str, str]  # (in | out | same | gap, text), as the diff macro takes it


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field that differs."""

    field: str
    lines: Sequence[Line]


def keep(session: Session, subject: Subject, number: int, saved: Mapping[str, Any], *, editor: Person | None) -> None:
    """Keep what a record says now as its version `number`, unless it says what it said before."""
    latest = queries.latest_version(session, subject)
    if latest is not None and latest.saved == dict(saved):
        return
    session.add(
        ContentVersion(
            subject_type=subject[0],
            subject_id=subject[1],
            number=number,
            saved=dict(saved),
            editor_id=editor.user_id if editor else None,
            editor_name=(editor.name or editor.email) if editor else "",
        )
    )
    session.flush()
    for old in queries.versions_beyond(session, subject, KEPT):
        session.delete(old)
    session.flush()


def begin(session: Session, subject: Subject, number: int, saved: Mapping[str, Any]) -> None:
    """Keep what a record of before there were versions says, so that its first change can be seen."""
    if queries.latest_version(session, subject) is None:
        keep(session, subject, number, saved, editor=None)


def forget(session: Session, subject: Subject) -> None:
    """Remove all versions of a record that goes for good."""
    which = (ContentVersion.subject_type == subject[0], ContentVersion.subject_id == subject[1])
    session.execute(delete(ContentVersion).where(*which).execution_options(synchronize_session=False))


def mark(session: Session, subject: Subject, act_hash: str) -> None:
    """Note that the latest version was submitted, as an act with this hash."""
    latest = queries.latest_version(session, subject)
    if latest is not None:
        latest.act_hash = act_hash
        session.flush()


def name(session: Session, version: ContentVersion, label: str) -> None:
    """Give a version a name, which keeps it for good; an empty one takes it away."""
    version.label = " ".join(label.split())[:MAX_LABEL]
    session.flush()


def differences(older: Mapping[str, Any], newer: Mapping[str, Any]) -> list[Difference]:
    """Return what differs, field by field; long texts line by line."""
    fields = [*newer, *(field for field in older if field not in newer)]
    return [
        Difference(field=field, lines=list(_lines(field, older.get(field), newer.get(field))))
        for field in fields
        if older.get(field) != newer.get(field)
    ]


def changed_fields(versions: Sequence[ContentVersion]) -> dict[int, list[str]]:
    """Return per version number which fields differ from the version before it; `versions` are newest first."""
    return {new.number: [one.field for one in differences(old.saved, new.saved)] for new, old in pairwise(versions)}


def _lines(field: str, older: object, newer: object) -> Iterator[Line]:
    if field not in TEXTS:
        yield from (("out", str(older)),) if older not in {None, ""} else ()
        yield from (("in", str(newer)),) if newer not in {None, ""} else ()
        return
    yield from line_differences(str(older or ""), str(newer or ""))


def line_differences(older: str, newer: str) -> Iterator[Line]:
    """Yield what differs between two texts, with a little around it, as the diff macro takes it."""
    old, new = older.splitlines(), newer.splitlines()
    reached = 0
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT_LINES):
        if skipped := group[0][1] - reached:
            yield "gap", ngettext("one line without a change", "%(num)s lines without a change", skipped)
        for kind, start, end, new_start, new_end in group:
            if kind == "equal":
                yield from (("same", line) for line in old[start:end])
                continue
            yield from (("out", line) for line in old[start:end])
            yield from (("in", line) for line in new[new_start:new_end])
        reached = group[-1][2]


def field_label(field: str) -> str:
    """Return what people call a field."""
    return {
        "name": _("Name"),
        "subject": _("Subject"),
        "preview_text": _("Preview text"),
        "format": _("Written in"),
        "source": _("Content"),
        "text": _("Plain text part"),
        "sender_id": _("Sender"),
        "reply_to": _("Replies to"),
        "audience": _("Audience"),
        "track_opens": _("Opens are counted"),
        "track_clicks": _("Clicks are counted"),
    }.get(field, field)
