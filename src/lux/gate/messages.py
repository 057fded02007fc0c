"""From an approved act to finished messages: compiled once per run, filled per recipient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Any, Protocol
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.gate import audience
from lux.gate.models import Delivery, Outbound
from lux.gate.parties import Sender, SendingDomain
from lux.gate.sealing import open_params
from lux.identity.models import Company
from lux.kit import crypto
from lux.kit.addresses import parse_email
from lux.kit.db.session import settings_of
from lux.kit.errors import InvalidInput
from lux.kit.i18n import use_locale
from lux.ports.acts import SendEmail, SystemEmail
from lux.ports.receipts import OutgoingMail
from lux.render.dkim import DkimSigner
from lux.render.links import numbered
from lux.render.liquid import fields_used
from lux.render.mime import CompiledMail, MailRecipient, MailTemplate, MailTokens, compile_mail, simple_mail
from lux.render.system import render_system
from lux.vault.secrets import Vault


class Builder(Protocol):
    """Makes one recipient's message."""

    def load(self, session: Session, rows: Sequence[Delivery]) -> None:
        """Fetch what the next recipients' messages need."""

    def build(self, row: Delivery) -> OutgoingMail:
        """Return the finished message."""


@dataclass
class CampaignBuilder:
    """Messages of a campaign or a test: merge fields, tracking, unsubscribe headers."""

    act: SendEmail
    outbound: Outbound
    compiled: CompiledMail
    names: frozenset[str]
    signer: DkimSigner | None
    constants: Mapping[str, Any]
    data: dict[int, Mapping[str, Any]]
    key: bytes = field(repr=False)  # signs the links of each delivery

    def load(self, session: Session, rows: Sequence[Delivery]) -> None:
        """Fetch merge data of the next recipients, set-based."""
        ids = [row.contact_id for row in rows if row.contact_id is not None]
        self.data = {}
        if ids and self.act.audience is not None:
            source = audience.source_of(self.act.audience)
            self.data = dict(source.merge_data(session, self.outbound.company_id, ids, self.names))

    def build(self, row: Delivery) -> OutgoingMail:
        """Fill, sign and return one message."""
        fields = self.data.get(row.contact_id or 0, {})
        recipient = MailRecipient(
            email=row.address,
            delivery_id=row.id,
            message_id=message_id(self.outbound, row.id, self.act.from_email),
            tokens=MailTokens.minted(self.key, row.id),
            data={**self.constants, "email": row.address, **fields},
        )
        message = self.compiled.build(recipient)
        if self.signer is not None:
            message = self.signer.sign(message)
        return OutgoingMail(delivery_id=row.id, mail_from=self.act.from_email, rcpt_to=row.address, message=message)


@dataclass
class SystemBuilder:
    """The one message of a system act."""

    act: SystemEmail
    outbound: Outbound
    params: Mapping[str, str]
    from_name: str
    from_email: str
    signer: DkimSigner | None

    def load(self, session: Session, rows: Sequence[Delivery]) -> None:
        """Need nothing more."""

    def build(self, row: Delivery) -> OutgoingMail:
        """Render the built-in template."""
        with use_locale(self.act.locale):
            subject, text, html = render_system(self.act.template, self.params)
        message = simple_mail(
            from_name=self.from_name,
            from_email=self.from_email,
            to_email=row.address,
            message_id=message_id(self.outbound, row.id, self.from_email),
            subject=subject,
            text=text,
            html=html,
        )
        if self.signer is not None:
            message = self.signer.sign(message)
        return OutgoingMail(delivery_id=row.id, mail_from=self.from_email, rcpt_to=row.address, message=message)


def builder_for(
    session: Session, outbound: Outbound, act: SendEmail | SystemEmail, *, is_preview: bool = False
) -> Builder:
    """Return what builds an outbound's messages; raises TemplateProblem when the content can't be compiled.

    A preview is not signed, so that it needs no vault.
    """
    company = session.scalar(select(Company).where(Company.id == outbound.company_id))
    if company is None:
        raise LookupError("the outbound's company is gone")
    base_url = company.public_url or settings_of(session).base_url
    if isinstance(act, SystemEmail):
        name, address = _system_sender(session, company, base_url)
        return SystemBuilder(
            act=act,
            outbound=outbound,
            params=open_params(session, act.params),
            from_name=name,
            from_email=address,
            signer=None if is_preview else _signer(session, address),
        )
    template = MailTemplate(
        subject=act.subject, preview_text=act.preview_text, html=act.html, text=act.text, from_name=act.from_name,
        from_email=act.from_email, reply_to=act.reply_to,
    )  # fmt: skip
    compiled = compile_mail(
        template,
        links=numbered(act.links),
        track_opens=act.track_opens,
        track_clicks=act.track_clicks,
        base_url=base_url,
        list_id=f"{company.slug}.{_host(base_url)}",
        postal_address=act.postal_address,
    )
    sources = (act.subject, act.preview_text, act.html, act.text)
    return CampaignBuilder(
        act=act,
        outbound=outbound,
        compiled=compiled,
        names=frozenset(used.name for source in sources for used in fields_used(source)),
        signer=None if is_preview else _signer(session, act.from_email),
        constants={**act.constants, "postal_address": act.postal_address},
        data={},
        key=token_key(session),
    )


def token_key(session: Session) -> bytes:
    """Return the key under which links in mails are signed."""
    return crypto.derive(crypto.app_secret(settings_of(session)), "mail-tokens")


def message_id(outbound: Outbound, delivery_id: int, sender: str) -> str:
    """Return a Message-ID that is the same however often this message is built."""
    return f"<{outbound.public_id.hex}.{delivery_id}@{sender.rpartition('@')[2] or 'localhost'}>"


def _system_sender(session: Session, company: Company, base_url: str) -> tuple[str, str]:
    row = session.scalar(select(Sender).where(Sender.verified_at.is_not(None)).order_by(Sender.id).limit(1))
    if row is not None:
        return row.name, parseaddr(row.email)[1] or row.email
    return company.name, f"lux@{_host(base_url)}"


def _signer(session: Session, sender: str) -> DkimSigner | None:
    try:
        domain = parse_email(sender).domain
    except InvalidInput:
        return None  # lux@localhost: an installation that is only tried out
    row = session.scalar(select(SendingDomain).where(SendingDomain.domain == domain))
    # A signature whose key is not published is worse than none: receivers count it as broken.
    if row is None or not (row.checks.get("dkim") or {}).get("ok"):
        return None
    pem = Vault(settings_of(session)).open(session, integration=f"dkim:{domain}", name="private_key", purpose="sign")
    return DkimSigner(domain=domain, selector=row.selector, private_key=pem)


def _host(url: str) -> str:
    return urlsplit(url).hostname or "localhost"
