"""Provider name → connector, and a company's transport opened for one call."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from lux.connectors.mailbox import MailboxConnector
from lux.kit.db.session import settings_of
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.ports.connector import Account, Connector, ConnectorSchema, MailConnector
from lux.vault import accounts
from lux.vault.secrets import Vault

if TYPE_CHECKING:
    from lux.connectors.webhook import WebhookConnector
    from lux.kit.settings import Settings

MAILBOX = "mailbox"  # the built-in one: keeps, never sends
WEBHOOK = "webhook"  # has no account: each subscription has its address and secret


def connector(provider: str, settings: Settings) -> Connector:
    """Return the connector of a provider; raises NotFound."""
    return webhook_caller(settings) if provider == WEBHOOK else mail_connector(provider, settings)


def webhook_caller(settings: Settings) -> WebhookConnector:
    """Return what calls web addresses."""
    from lux.connectors.webhook import WebhookConnector  # brings the HTTP client: loaded when somebody has a webhook
    from lux.net.safe_fetch import Reach

    reach = Reach(allow_hosts=settings.allow_hosts, allow_http=settings.allow_http, ca_file=settings.tls_ca_file)
    return WebhookConnector(reach)


def mail_connector(provider: str, settings: Settings) -> MailConnector:
    """Return the connector of a mail provider; raises NotFound."""
    if provider == MAILBOX:
        return MailboxConnector()
    if provider == "smtp":
        from lux.connectors.smtp import SmtpConnector  # loaded when a company has a mail server

        return SmtpConnector(ca_file=settings.tls_ca_file or None, allow_hosts=settings.allow_hosts)
    raise NotFound(_("There is no provider called “%(name)s”.", name=provider))


def schemas(settings: Settings) -> dict[str, ConnectorSchema]:
    """Return every provider's schema by name."""
    return {name: connector(name, settings).schema for name in (MAILBOX, "smtp", WEBHOOK)}


def mailbox_folder(settings: Settings, company_id: int) -> Path:
    """Return where the built-in mailbox keeps a company's mail."""
    return settings.home / "mailbox" / str(company_id)


def open_account(session: Session, company_id: int, public_id: str, *, purpose: str) -> Account:
    """Return an account with its secrets; empty id = the built-in mailbox. Raises NotFound or VaultLocked."""
    settings = settings_of(session)
    folder = mailbox_folder(settings, company_id)
    if not public_id:
        return Account(provider=MAILBOX, public_id="", config={}, folder=folder)
    account = accounts.by_public_id(session, uuid.UUID(public_id))
    return accounts.opened(session, Vault(settings), account, purpose=purpose, folder=folder)


def default_account(session: Session, channel: str) -> str:
    """Return the public id of the account a channel uses; empty = the built-in mailbox."""
    found = accounts.default(session, channel)
    return str(found.public_id) if found else ""
