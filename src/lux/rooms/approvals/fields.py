"""The fields of an act in plain words, for the diff of two versions and for kinds without a preview of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from lux.kit.i18n import gettext as _

# Fields that are not read as content: they stand elsewhere on the page, or say what the page itself is.
_ELSEWHERE: Final = frozenset({"kind", "company_id", "channel", "snapshot", "recipients"})
PREVIEWED: Final = frozenset({"email_campaign", "test_email", "series"})  # shown as a real recipient gets them


def labels() -> dict[str, str]:
    """Return the fields of every kind of act, in the order in which they are read."""
    return {
        "name": _("Name"),
        "subject": _("Subject"),
        "preview_text": _("Preview text"),
        "from_name": _("Sender name"),
        "from_email": _("Sender address"),
        "sender": _("Sender"),
        "reply_to": _("Reply to"),
        "postal_address": _("Postal address"),
        "target": _("Account to publish on"),
        "recipient": _("Goes to"),
        "in_reply_to": _("Answer to"),
        "quoted": _("What is answered"),
        "address": _("Address of the page"),
        "audience": _("Audience"),
        "send_at": _("Time asked for"),
        "trigger": _("Started by"),
        "steps": _("Steps"),
        "rule": _("Runs"),
        "most": _("Runs at most"),
        "until": _("Ends"),
        "zone": _("Time zone of the runs"),
        "most_recipients": _("Recipients of one run at most"),
        "most_messages": _("Messages of all runs at most"),
        "drift_percent": _("The audience may change by (percent)"),
        "drift_least": _("A change that is never too much (people)"),
        "media": _("Pictures and files"),
        "links": _("Tracked links"),
        "track_opens": _("Opens counted"),
        "track_clicks": _("Clicks counted"),
        "account": _("Transport"),
        "constants": _("Company and brand"),
        "text": _("Plain text"),
        "first_comment": _("First comment"),
        "html": _("HTML"),
    }


def text_of(body: Mapping[str, Any], key: str) -> str:
    """Return one field of a stored act as text, line by line."""
    value = body.get(key)
    if key == "audience" and isinstance(value, dict):
        rule = value.get("rule")
        size = (body.get("snapshot") or {}).get("count")
        written = "\n" + json.dumps(rule, indent=1, sort_keys=True) if rule else ""
        return f"{value.get('label')} ({size}){written}"
    if key == "media":
        return "\n".join(f"{one['key'].rpartition('/')[2]} ({one['sha256'][:12]})" for one in value or ())
    if key == "steps":
        return "\n".join(": ".join(filter(None, (one["name"], one["action"], one["text"]))) for one in value or ())
    if isinstance(value, dict):
        return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return "\n".join(str(part) for part in value)
    return "" if value is None else str(value)


def shown(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return every field of an act that says something, with its label: nothing that is hashed is left out."""
    known = labels()
    return [(known[key], text_of(body, key)) for key in known if key in body and text_of(body, key).strip()]


def without_label(body: Mapping[str, Any]) -> set[str]:
    """Return the fields of an act that no page would show; there are none."""
    return set(body) - set(labels()) - _ELSEWHERE
