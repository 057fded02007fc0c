"""From what people wrote to what leaves: compiled HTML and text with merge fields, links, and the act to approve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lux.gate import senders
from lux.identity import companies
from lux.kit.db.session import company_of
from lux.ports.acts import ActKind, SendEmail
from lux.render.findings import Finding
from lux.render.inline import inline_css
from lux.render.links import collect_links
from lux.render.liquid import compile_template
from lux.render.mjml import mjml_to_html
from lux.render.plaintext import text_from_html
from lux.render.problems import TemplateProblem
from lux.vault import accounts

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from lux.ports.acts import AudienceRef
    from lux.rooms.email.models import Campaign

CHANNEL = "email"
HTML_FIELDS = frozenset({"html"})


@dataclass(frozen=True, kw_only=True)
class Composed:
    """A campaign's content, compiled; problems say with line and tag what can't be."""

    subject: str
    preview_text: str
    html: str = ""
    text: str = ""
    links: Sequence[str] = ()
    findings: Sequence[Finding] = ()
    problems: Sequence[TemplateProblem] = ()
    fields: frozenset[str] = field(default_factory=frozenset)  # merge fields named anywhere

    @property
    def parts(self) -> dict[str, str]:
        """Return every part that holds merge fields."""
        return {"subject": self.subject, "preview_text": self.preview_text, "html": self.html, "text": self.text}


@dataclass(frozen=True, kw_only=True)
class SenderChoice:
    """A name and address a campaign may be written as."""

    id: int
    public_id: str
    name: str
    email: str
    reply_to: str
    is_verified: bool


def compose(campaign: Campaign) -> Composed:
    """Compile a campaign's content; problems are collected, not raised."""
    problems: list[TemplateProblem] = []
    html, text = _bodies(campaign, problems)
    parts = {"subject": campaign.subject, "preview_text": campaign.preview_text, "html": html, "text": text}
    names: set[str] = set()
    for name, source in parts.items():
        try:
            template = compile_template(source, field=name, html=name in HTML_FIELDS)
        except TemplateProblem as problem:
            problems.append(problem)
        else:
            names.update(one.name for one in template.fields())
    links, findings = _links(html, problems)
    return Composed(
        subject=campaign.subject,
        preview_text=campaign.preview_text,
        html=html,
        text=text,
        links=links,
        findings=findings,
        problems=_distinct(problems),
        fields=frozenset(names),
    )


def sender_choices(session: Session) -> list[SenderChoice]:
    """Return everybody the company may write as, verified or not."""
    return [
        SenderChoice(
            id=row.id,
            public_id=str(row.public_id),
            name=row.name,
            email=row.email,
            reply_to=row.reply_to,
            is_verified=row.verified_at is not None,
        )
        for row in senders.listing(session)
    ]


def sender_of(session: Session, campaign: Campaign) -> SenderChoice | None:
    """Return the chosen sender, or None when there is none (any more)."""
    return next((one for one in sender_choices(session) if one.id == campaign.sender_id), None)


def act_of(
    session: Session,
    campaign: Campaign,
    composed: Composed,
    *,
    ref: AudienceRef | None,
    send_at: datetime | None = None,
) -> SendEmail:
    """Return the act a person says yes to."""
    sender, company = sender_of(session, campaign), companies.current(session)
    account = accounts.default(session, CHANNEL)
    return SendEmail(
        kind=ActKind.EMAIL_CAMPAIGN,
        company_id=company_of(session),
        channel=CHANNEL,
        account=str(account.public_id) if account else "",
        subject=composed.subject,
        preview_text=composed.preview_text,
        html=composed.html,
        text=composed.text,
        from_name=sender.name if sender else "",
        from_email=sender.email if sender else "",
        reply_to=campaign.reply_to or (sender.reply_to if sender else ""),
        postal_address=company.postal_address,
        links=tuple(composed.links),
        track_opens=campaign.track_opens,
        track_clicks=campaign.track_clicks,
        audience=ref,
        send_at=send_at.isoformat() if send_at else None,
    )


def _bodies(campaign: Campaign, problems: list[TemplateProblem]) -> tuple[str, str]:
    if campaign.format == "text":
        return "", campaign.text or campaign.source
    html = ""
    try:
        if campaign.format == "mjml":
            html = mjml_to_html(campaign.source, field="source") if campaign.source.strip() else ""
        else:
            html = inline_css(campaign.source, field="source") if campaign.source.strip() else ""
        return html, campaign.text or text_from_html(html, field="source")
    except TemplateProblem as problem:
        problems.append(problem)
        return html, campaign.text


def _links(html: str, problems: list[TemplateProblem]) -> tuple[Sequence[str], Sequence[Finding]]:
    try:
        found = collect_links(html)
    except TemplateProblem as problem:
        problems.append(problem)
        return (), ()
    return tuple(link.url for link in found.links), found.findings


def _distinct(problems: Sequence[TemplateProblem]) -> list[TemplateProblem]:
    """Keep one of what compiling and reading the fields both complain about."""
    return list({(problem.line, problem.reason): problem for problem in problems}.values())
