"""A company's accounts at providers: adding, changing, choosing the default, opening one for a call."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from lux.kit import clock
from lux.kit.db.session import company_of
from lux.kit.errors import Conflict, NotFound
from lux.kit.i18n import gettext as _
from lux.ledger import audit
from lux.ports.connector import Account, ConnectorSchema, ProbeResult
from lux.vault import data_keys
from lux.vault.models import ProviderAccount, VaultSecret
from lux.vault.secrets import SecretView, Vault, integration_of

if TYPE_CHECKING:
    from pathlib import Path


def add(
    session: Session,
    vault: Vault,
    schema: ConnectorSchema,
    *,
    label: str,
    values: Mapping[str, str],
    actor: audit.Actor,
) -> ProviderAccount:
    """Add an account with its secrets; it is not used before it is made the default."""
    data_keys.take_turn(session, company_of(session))
    account = ProviderAccount(
        provider=schema.provider,
        channel=schema.channel,
        label=label,
        config=_plain(schema, values),
    )
    session.add(account)
    session.flush()
    _store_secrets(session, vault, schema, account, values=values, actor=actor)
    _note(session, actor, "account.added", account)
    return account


def change(
    session: Session,
    vault: Vault,
    schema: ConnectorSchema,
    account: ProviderAccount,
    *,
    version: int,
    label: str,
    values: Mapping[str, str],
    actor: audit.Actor,
    forget: Collection[str] = (),
) -> None:
    """Change an account; an empty secret keeps the stored one unless it is among `forget`.

    Raises Conflict when somebody was faster.
    """
    session.refresh(account, with_for_update=True)
    if account.version != version:
        raise Conflict(
            _("Somebody saved this account while you were editing it."),
            field="version",
            fix=_("What you entered is kept, secrets aside. Look what changed, and save again."),
        )
    account.label, account.config = label, _plain(schema, values)
    account.version = version + 1
    account.last_probe_at = account.last_probe_ok = account.last_probe_field = None
    account.last_probe_message = ""
    session.flush()
    for name in forget:
        vault.delete(session, integration=integration_of(account), name=name, actor=actor)
    _store_secrets(session, vault, schema, account, values=values, actor=actor)
    _note(session, actor, "account.changed", account)


def remove(session: Session, account: ProviderAccount, *, actor: audit.Actor) -> None:
    """Delete an account with its secrets; the built-in mailbox takes over when it was the default."""
    session.execute(delete(VaultSecret).where(VaultSecret.account_id == account.id))
    _note(session, actor, "account.removed", account)
    session.delete(account)
    session.flush()


def make_default(session: Session, channel: str, account: ProviderAccount | None, *, actor: audit.Actor) -> None:
    """Choose the account that a channel uses; None = the built-in mailbox."""
    session.execute(update(ProviderAccount).where(ProviderAccount.default_for == channel).values(default_for=None))
    if account is not None:
        account.default_for = channel
    session.flush()
    audit.append(
        session,
        company_of(session),
        actor=actor,
        action="account.made_default",
        object_type="account",
        object_id=str(account.public_id) if account else "",
        detail={"channel": channel},
    )


def listing(session: Session, channel: str | None = None) -> Sequence[ProviderAccount]:
    """Return the company's accounts, the oldest first."""
    statement = select(ProviderAccount).order_by(ProviderAccount.id)
    if channel is not None:
        statement = statement.where(ProviderAccount.channel == channel)
    return session.scalars(statement).all()


def by_public_id(session: Session, public_id: uuid.UUID) -> ProviderAccount:
    """Return an account of the company; raises NotFound."""
    found = session.scalars(select(ProviderAccount).where(ProviderAccount.public_id == public_id)).one_or_none()
    if found is None:
        raise NotFound(_("This account does not exist (any more)."))
    return found


def default(session: Session, channel: str) -> ProviderAccount | None:
    """Return the account a channel uses, or None = the built-in mailbox."""
    return session.scalars(select(ProviderAccount).where(ProviderAccount.default_for == channel)).one_or_none()


def secrets_of(session: Session, vault: Vault, account: ProviderAccount) -> Mapping[str, SecretView]:
    """Return what may be seen of an account's secrets, by field name."""
    return vault.describe(session, integration_of(account))


def opened(
    session: Session, vault: Vault, account: ProviderAccount, *, purpose: str, folder: Path | None = None
) -> Account:
    """Return the account with its secrets, for the length of one call; raises VaultLocked."""
    integration = integration_of(account)
    names = vault.describe(session, integration)
    return Account(
        provider=account.provider,
        public_id=str(account.public_id),
        config={name: str(value) for name, value in account.config.items()},
        secrets={name: vault.open(session, integration=integration, name=name, purpose=purpose) for name in names},
        folder=folder,
    )


def note_probe(session: Session, account: ProviderAccount, result: ProbeResult) -> None:
    """Keep what the last test said."""
    account.last_probe_at = clock.now()
    account.last_probe_ok = result.is_ok
    account.last_probe_message = result.message
    account.last_probe_field = result.field
    session.flush()


def note_use(
    session: Session, public_id: str, *, since: dt.datetime, fault: str = "", field: str | None = None
) -> None:
    """Keep what real mail said of an account: the words of a fault, or that it works (again).

    `since` = when the account was opened: one that was changed or tested meanwhile is not judged by the older use.
    """
    account = session.scalars(
        select(ProviderAccount).where(ProviderAccount.public_id == uuid.UUID(public_id)).with_for_update()
    ).one_or_none()
    if account is None or (account.last_probe_at is not None and account.last_probe_at > since):
        return
    if fault or account.last_probe_ok is not True:
        account.last_probe_at = clock.now()
        account.last_probe_ok, account.last_probe_message, account.last_probe_field = not fault, fault, field
        session.flush()


def _plain(schema: ConnectorSchema, values: Mapping[str, str]) -> dict[str, str]:
    return {field.name: values.get(field.name, "") for field in schema.fields if not field.is_secret}


def _store_secrets(
    session: Session,
    vault: Vault,
    schema: ConnectorSchema,
    account: ProviderAccount,
    *,
    values: Mapping[str, str],
    actor: audit.Actor,
) -> None:
    for field in schema.fields:
        value = values.get(field.name, "")
        if field.is_secret and value:
            vault.store(
                session,
                integration=integration_of(account),
                name=field.name,
                value=value,
                actor=actor,
                account_id=account.id,
            )


def _note(session: Session, actor: audit.Actor, action: str, account: ProviderAccount) -> None:
    audit.append(
        session,
        company_of(session),
        actor=actor,
        action=action,
        object_type="account",
        object_id=str(account.public_id),
        object_version=account.version,
        detail={"provider": account.provider},
    )
