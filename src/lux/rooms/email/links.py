"""Where things are mended: addresses of pages of this and other rooms, empty where a page does not exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lux.gate import toggles

if TYPE_CHECKING:
    from lux.rooms.email.models import Campaign

_PAGES = {
    "company": ("company.general",),
    "senders": ("company.senders", "integrations.senders", "company.general"),
    "integrations": ("integrations.index",),
    "toggles": ("approvals.toggles_page",),
    "stop": ("approvals.stop_page",),
}


def links_for(campaign: Campaign) -> Callable[[str], str]:
    """Return what turns a place's name into its address, for one campaign."""
    from flask import url_for  # only here: a worker answers no requests

    def link(name: str) -> str:
        if name == "edit":
            return url_for("email.edit", public_id=campaign.public_id)
        if name == "scheduled":
            return _first(("approvals.toggle_page",), key=toggles.SCHEDULED)
        if name == "segment":
            is_segment = campaign.audience_source == "segment"
            return _first(("segments.show",), public_id=campaign.audience_key) if is_segment else ""
        return _first(_PAGES.get(name, ()))

    return link


def no_links(_name: str) -> str:
    """Return no address: for work outside a request."""
    return ""


def _first(endpoints: tuple[str, ...], **values: str) -> str:
    from flask import current_app, url_for

    for name in endpoints:
        if name in current_app.view_functions:
            return url_for(name, **values)  # type: ignore[arg-type]
    return ""
