"""What the integrations room offers: a step of the set-up path, the health of the vault and of mail servers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lux.gate.webhooks import reads
from lux.identity.access import Right
from lux.kit.db.session import settings_of
from lux.kit.i18n import gettext as _
from lux.ports.contributions import Contributions, HealthFinding, SetupStep
from lux.rooms.notifications.service import notify
from lux.vault import accounts
from lux.vault.secrets import Vault

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

INTEGRATIONS = "/settings/integrations/"
EMAIL = "email"


class MailServerStep:
    """Mail leaves for real."""

    def step(self, session: Session, company_id: int) -> SetupStep:  # noqa: ARG002 - the session carries the company
        """Look whether a tested account is the default."""
        account = accounts.default(session, EMAIL)
        is_done = account is not None and account.last_probe_ok is True
        detail = (
            _("Mail leaves through %(name)s.", name=account.label)
            if account is not None and is_done
            else _("Until then the built-in mailbox keeps every mail: good for trying things out, and nothing is sent.")
        )
        return SetupStep(
            key="transport",
            title=_("Connect your mail server"),
            detail=detail,
            url=INTEGRATIONS,
            is_done=is_done,
            order=40,
        )


class VaultHealth:
    """The vault can be used."""

    key = "vault"

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:  # noqa: ARG002 - one vault for all
        """Try the master key against the database."""
        state = Vault(settings_of(session)).state(session)
        if state.is_open:
            return (HealthFinding(key="vault", level="ok", message=_("The vault is open.")),)
        return (HealthFinding(key="vault", level="bad", message=state.reason, fix=state.fix, url=INTEGRATIONS),)


class MailServerHealth:
    """What the company's mail server said last, to a test or to real mail; a test is made on its page."""

    key = "mail_server"

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:
        """Look at the default account."""
        if company_id is None:
            return ()
        account = accounts.default(session, EMAIL)
        if account is None:
            message = _("No mail server is connected: the built-in mailbox keeps all mail and sends none.")
            fix = _("Connect a mail server when you want to send.")
            return (HealthFinding(key=self.key, level="warn", message=message, fix=fix, url=INTEGRATIONS),)
        url = f"{INTEGRATIONS}{account.public_id}"
        if account.last_probe_ok is None:
            message = _("%(name)s was never tested as it is now.", name=account.label)
            return (HealthFinding(key=self.key, level="unknown", message=message, fix=_("Test it."), url=url),)
        if account.last_probe_ok:
            message = _("%(name)s worked when it was tried last.", name=account.label)
            return (HealthFinding(key=self.key, level="ok", message=message, url=url),)
        message = _("%(name)s failed: %(words)s", name=account.label, words=account.last_probe_message)
        fix = _("Mend the account and test it. Campaigns that were paused go on when somebody resumes them.")
        return (HealthFinding(key=self.key, level="bad", message=message, fix=fix, url=url),)


class WebhookNews:
    """Tells those who manage the company when a webhook was switched off or has ended."""

    def on_change(self, session: Session, company_id: int, subject: tuple[str, int], event: str) -> None:  # noqa: ARG002 - the protocol's shape
        """React to what the gate says of a webhook."""
        if subject[0] != "webhook" or event not in {"disabled", "ended"}:
            return
        hook = reads.by_id(session, subject[1])

        def title() -> str:
            return _("The webhook “%(name)s” was switched off", name=hook.name)

        url = f"{INTEGRATIONS}webhooks/{hook.public_id}"
        notify(session, Right.MANAGE, kind="webhook.off", title=title, body=hook.reason, url=url, level="bad")


CONTRIBUTIONS = Contributions(
    observers=(WebhookNews(),),
    setup_steps=(MailServerStep(),),
    health=(VaultHealth(), MailServerHealth()),
)
