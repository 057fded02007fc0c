"""What the frame around every page shows: navigation, companies, person, unread notices, stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask import Flask, current_app, request, url_for
from sqlalchemy.orm import Session

from lux.identity import members
from lux.identity.access import Person, Right, Role
from lux.kit.i18n import gettext as _
from lux.ports.contributions import NavItem, installed
from lux.ports.finding import PaletteAction
from lux.ui import web

SECTIONS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("", lambda: ""),
    ("create", lambda: _("Create")),
    ("grow", lambda: _("Grow")),
    ("govern", lambda: _("Govern")),
    ("operate", lambda: _("Operate")),
)
URLS = {
    "home": "home.index",
    "search": "search.index",
    "palette": "search.suggest",
    "notifications": "notifications.index",
    "unread": "notifications.count",
    "stop": "approvals.stop_now",
    "resume": "approvals.stop_page",
    "switch_company": "company.switch",
    "sign_out": "signin.sign_out",
    "account": "signin.account",
    "settings": "company.general",
    "setup": "company.setup",
    "new_company": "company.new",
    "remove_company": "company.remove",
}


@dataclass(frozen=True, kw_only=True)
class ShellSources:
    """Where the shell gets what stands above or beside `ui`; `house` fills it."""

    unread: Callable[[Session, Person], int] = field(default=lambda _session, _person: 0)
    stop: Callable[[Session, int], dict[str, Any] | None] = field(default=lambda _session, _company: None)


class Shell:
    """Computed when a template asks, so that a fragment pays for nothing."""

    def __init__(self, sources: ShellSources) -> None:
        """Keep the sources."""
        self._sources = sources

    @cached_property
    def person(self) -> dict[str, str] | None:
        """Return who is signed in."""
        found = web.maybe_person()
        if found is None:
            return None
        name = found.name or found.email
        return {
            "name": name,
            "email": found.email,
            "role_label": role_label(found.role),
            "initials": "".join(part[0] for part in name.split()[:2]).upper(),
        }

    @cached_property
    def companies(self) -> list[dict[str, Any]]:
        """Return the companies this person belongs to."""
        found = web.maybe_person()
        if found is None:
            return []
        rows = members.companies_of(web.session(), found.user_id)
        return [
            {
                "name": row.name,
                "public_id": str(row.public_id),
                "is_current": row.id == found.company_id,
                "is_sample": row.is_sample,
            }
            for row in rows
        ]

    @property
    def company(self) -> dict[str, Any] | None:
        """Return the company being looked at."""
        return next((row for row in self.companies if row["is_current"]), None)

    @cached_property
    def unread(self) -> int:
        """Return how many notices are unread."""
        found = web.maybe_person()
        return self._sources.unread(web.session(), found) if found and found.company_id else 0

    @cached_property
    def stop(self) -> dict[str, Any] | None:
        """Return the active stop, if any."""
        found = web.maybe_person()
        return self._sources.stop(web.session(), found.company_id) if found and found.company_id else None

    @property
    def may_stop(self) -> bool:
        """Say whether this person may press the emergency stop."""
        found = web.maybe_person()
        return found is not None and found.has(Right.STOP)

    @property
    def may_resume(self) -> bool:
        """Say whether this person may end a company's stop."""
        found = web.maybe_person()
        return found is not None and found.has(Right.MANAGE)

    @cached_property
    def urls(self) -> dict[str, str]:
        """Return the addresses the frame needs; a missing page has none."""
        return {key: url_for(name) for key, name in URLS.items() if name in current_app.view_functions}

    @cached_property
    def nav(self) -> list[dict[str, Any]]:
        """Return the navigation by section, without what this person may not see."""
        found = web.maybe_person()
        if found is None:
            return []
        visible = [item for item in installed().nav if _is_visible(item, found)]
        sections = []
        for key, label in SECTIONS:
            items = sorted((item for item in visible if item.section == key), key=lambda item: item.order)
            if items:
                sections.append({"label": label(), "items": [self._nav_item(item, found) for item in items]})
        return sections

    @cached_property
    def actions(self) -> list[dict[str, Any]]:
        """Return what the palette offers to do, and the pages that do not stand in the navigation."""
        found = web.maybe_person()
        if found is None or found.company_id is None:
            return []
        visible = [one for one in installed().actions if _is_visible(one, found)]
        return [
            {
                "label": one.label(),
                "words": one.words(),
                "url": url_for(one.endpoint, **one.values),  # type: ignore[arg-type]
                "icon": one.icon,
                "is_page": one.is_page,
                "key": "",
            }
            for one in sorted(visible, key=lambda one: (one.is_page, one.order))
        ]

    def _nav_item(self, item: NavItem, found: Person) -> dict[str, Any]:
        room = item.endpoint.split(".", 1)[0]
        badge = item.badge(web.session(), found.company_id) if item.badge and found.company_id else 0
        own = [other.endpoint for other in installed().nav if other.endpoint.startswith(room + ".")]
        here = request.endpoint or ""
        return {
            "endpoint": item.endpoint,
            "url": url_for(item.endpoint),
            "icon": item.icon,
            "label": item.label(),
            "key": item.key,
            "badge": badge,
            "is_active": here == item.endpoint
            or (here.startswith(room + ".") and here not in own and item.endpoint == _above(own)),
        }


def _above(own: Sequence[str]) -> str:
    """Return which of a room's entries the present page stands under: the longest address it begins with."""
    under = [name for name in own if name in current_app.view_functions and request.path.startswith(url_for(name))]
    return max(under, key=lambda name: len(url_for(name)), default=own[0])


def role_label(role: Role | None) -> str:
    """Return a role in the person's language."""
    labels = {
        Role.OWNER: _("Owner"),
        Role.ADMIN: _("Admin"),
        Role.MARKETER: _("Marketer"),
        Role.VIEWER: _("Viewer"),
    }
    return labels[role] if role else _("No role")


def register(app: Flask, sources: ShellSources) -> None:
    """Give every template its `shell`."""

    @app.context_processor
    def _inject() -> dict[str, object]:
        return {"shell": Shell(sources), "person": web.maybe_person()}


def _is_visible(item: NavItem | PaletteAction, found: Person) -> bool:
    if item.endpoint not in current_app.view_functions:
        return False
    if item.operator_only:
        return found.is_operator
    return found.role is not None and found.role.rank >= Role(item.minimum_role).rank


def nav_sections() -> Sequence[str]:
    """Return the known section keys, for tests."""
    return [key for key, _label in SECTIONS]
