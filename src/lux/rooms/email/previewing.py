"""A campaign as one recipient would see it: the same compiler as for sending, without tracking."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import escape

from lux.identity import companies
from lux.kit.db.session import company_of
from lux.kit.i18n import gettext as _
from lux.ports.contributions import installed
from lux.render.frame import with_preview
from lux.render.liquid import compile_template
from lux.render.problems import TemplateProblem
from lux.rooms.email import composing

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.rooms.email.models import Campaign

FOUND = 20  # recipients offered to preview as
NOWHERE = "#"  # where our own links lead in a preview


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A message as one person gets it, or what keeps it from being made."""

    subject: str = ""
    preview_text: str = ""
    html: str = ""
    text: str = ""
    problems: Sequence[TemplateProblem] = ()


def recipients(session: Session, text: str) -> list[tuple[uuid.UUID, str]]:
    """Return recipients to preview as, found by the beginning of their e-mail or name."""
    company_id = company_of(session)
    return [found for source in installed().merge_sources for found in source.find(session, company_id, text, FOUND)]


def preview(session: Session, campaign: Campaign, contact: uuid.UUID | None) -> Preview:
    """Return the message filled for a contact; without one, with each field's example."""
    composed = composing.compose(campaign)
    if composed.problems:
        return Preview(problems=composed.problems)
    data = {**_own(session), **_values(session, contact, composed.fields), **_links()}
    try:
        html = with_preview(composed.html, composed.preview_text) if composed.html else ""
        return Preview(
            subject=_filled(composed.subject, data, "subject"),
            preview_text=_filled(composed.preview_text, data, "preview_text"),
            html=_filled(html, data, "html", html=True),
            text=_filled(composed.text, data, "text"),
        )
    except TemplateProblem as problem:
        return Preview(problems=[problem])


def as_page(shown: Preview, *, part: str) -> str:
    """Return one part as a page of its own, for a sandboxed frame."""
    if shown.problems:
        return text_page("\n\n".join(f"{one.message} {one.fix}".strip() for one in shown.problems))
    if part == "text" or not shown.html:
        return text_page(shown.text)
    return shown.html


def text_page(text: str) -> str:
    """Return plain text as a page."""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(_("Text"))}</title>'
        '<body style="margin:16px;background:#fff;color:#000">'
        f'<pre style="white-space:pre-wrap;font:14px/1.5 monospace">{escape(text)}</pre></body></html>'
    )


def _filled(source: str, data: Mapping[str, Any], field: str, *, html: bool = False) -> str:
    return compile_template(source, field=field, html=html).render(dict(data)) if source else ""


def _own(session: Session) -> dict[str, Any]:
    company = companies.current(session)
    return {
        "company": {"name": company.name, "website": company.website},
        "brand": dict(company.brand),
        "postal_address": company.postal_address,
        "email": "reader@example.com",
    }


def _links() -> dict[str, Any]:
    return {"unsubscribe_url": NOWHERE, "view_url": NOWHERE, "lux": {"click": NOWHERE, "open": NOWHERE}}


def _values(session: Session, contact: uuid.UUID | None, names: frozenset[str]) -> dict[str, Any]:
    company_id = company_of(session)
    for source in installed().merge_sources:
        if contact is not None:
            found = source.values(session, company_id, contact, names)
            if found is not None:
                return dict(found)
            continue
        return nested({one.name: one.example for one in source.fields(session, company_id)})
    return {}


def nested(values: Mapping[str, object]) -> dict[str, Any]:
    """Return dotted names as mappings: {"fields.size": "M"} → {"fields": {"size": "M"}}."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        head, _sign, tail = name.partition(".")
        if tail:
            found.setdefault(head, {})[tail] = value
        else:
            found[head] = value
    return found
