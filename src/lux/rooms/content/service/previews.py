"""A message as one recipient would see it: the same compiler as for sending, without tracking."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import escape
from sqlalchemy.orm import Session

from lux.identity import companies
from lux.kit.db.session import company_of
from lux.kit.i18n import gettext as _
from lux.ports.contributions import installed
from lux.render.frame import with_preview
from lux.render.liquid import compile_template, fields_used
from lux.render.problems import TemplateProblem
from lux.rooms.content import house
from lux.rooms.content.service.composing import Content, composed
from lux.rooms.content.service.fields import recipient_fields

NOWHERE = "#"  # where LUX's own links lead in a preview
FOUND = 20  # recipients offered to preview as


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A message filled for one person, or what keeps it from being made."""

    subject: str = ""
    preview_text: str = ""
    html: str = ""
    text: str = ""
    problems: Sequence[TemplateProblem] = ()

    def page(self, part: str = "html") -> str:
        """Return one part as a page of its own, for a sandboxed frame."""
        if self.problems:
            words = "\n\n".join(f"{one.message}\n{one.fix}".strip() for one in self.problems)
            return text_page(_("This can't be shown yet."), words)
        if part == "text" or not self.html:
            return text_page("", self.text)
        return self.html


def recipients(session: Session, text: str = "") -> list[tuple[uuid.UUID, str]]:
    """Return recipients to preview as, found by the beginning of their e-mail or name; no text = the latest."""
    company_id = company_of(session)
    return [found for source in installed().merge_sources for found in source.find(session, company_id, text, FOUND)]


def preview(session: Session, content: Content, contact_id: uuid.UUID | None = None) -> Preview:
    """Return the message filled for a contact (by public id); without one, with each field's example."""
    made = composed(session, content, is_preview=True)
    if made.problems:
        return Preview(problems=made.problems)
    try:
        html = with_preview(made.html, made.preview_text) if made.html else ""
        data = _data(session, contact_id, _names(made.subject, made.preview_text, html, made.text))
        return Preview(
            subject=_filled(made.subject, data, "subject"),
            preview_text=_filled(made.preview_text, data, "preview_text"),
            html=_filled(html, data, "source", html=True),
            text=_filled(made.text, data, "text"),
        )
    except TemplateProblem as problem:
        return Preview(problems=(problem,))


def preview_html(session: Session, content: Content, contact_id: uuid.UUID | None = None, part: str = "html") -> str:
    """Return a preview as a page; problems stand in its place."""
    return preview(session, content, contact_id).page(part)


def text_page(title: str, text: str) -> str:
    """Return plain text as a page."""
    heading = f'<p style="font:600 16px/1.4 sans-serif">{escape(title)}</p>' if title else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{escape(title or _('Text'))}</title>"
        '<body style="margin:16px;background:#fff;color:#111">'
        f'{heading}<pre style="white-space:pre-wrap;font:14px/1.5 monospace">{escape(text)}</pre>'
        "</body></html>"
    )


def _filled(source: str, data: Mapping[str, Any], field: str, *, html: bool = False) -> str:
    return compile_template(source, field=field, html=html).render(data) if source else ""


def _names(*sources: str) -> frozenset[str]:
    return frozenset(used.name for source in sources for used in fields_used(source))


def _data(session: Session, contact_id: uuid.UUID | None, names: frozenset[str]) -> dict[str, Any]:
    company = companies.current(session)
    address = ", ".join(line.strip() for line in company.postal_address.splitlines() if line.strip())
    return {
        **{root: dict(inner) for root, inner in house.values(session).items()},
        **_recipient(session, contact_id, names),
        "unsubscribe_url": NOWHERE,
        "view_url": NOWHERE,
        "postal_address": address,
        "lux": {"click": NOWHERE, "open": NOWHERE},
    }


def _recipient(session: Session, contact_id: uuid.UUID | None, names: frozenset[str]) -> dict[str, Any]:
    if contact_id is not None:
        for source in installed().merge_sources:
            found = source.values(session, company_of(session), contact_id, names)
            if found is not None:
                return dict(found)
    return nested({field.name: field.example for field in recipient_fields(session)})


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
