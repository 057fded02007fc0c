"""Connecting, testing, replacing and removing accounts; choosing the one that mail leaves through."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from lux.gate import intake, senders
from lux.identity.access import Person, Right
from lux.kit.db import Database
from lux.kit.db.session import settings_of
from lux.kit.errors import InvalidInput, NotFound
from lux.kit.i18n import gettext as _
from lux.ledger.audit import Actor
from lux.ports.connector import ConnectorSchema, ProbeResult
from lux.rooms.integrations.forms import AccountInput, read_account
from lux.vault import accounts, purposes
from lux.vault.models import ProviderAccount
from lux.vault.secrets import SecretView, Vault, VaultState

if TYPE_CHECKING:
    from lux.kit.settings import Settings

BUILT_IN = "mailbox"
EMAIL = "email"


@dataclass(frozen=True, kw_only=True)
class AccountView:
    """An account with all that may be seen of it."""

    account: ProviderAccount
    schema: ConnectorSchema
    secrets: Mapping[str, SecretView]


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What saving an account led to."""

    public_id: uuid.UUID
    result: ProbeResult
    is_default: bool


def connectable(settings: Settings) -> Sequence[ConnectorSchema]:
    """Return the providers a company can connect."""
    return [schema for name, schema in intake.schemas(settings).items() if name != BUILT_IN and schema.fields]


def schema_of(settings: Settings, provider: str) -> ConnectorSchema:
    """Return what a provider needs; raises NotFound."""
    found = next((schema for schema in connectable(settings) if schema.provider == provider), None)
    if found is None:
        raise NotFound(_("There is no provider called “%(name)s”.", name=provider[:40]))
    return found


def listing(session: Session) -> Sequence[AccountView]:
    """Return the company's accounts."""
    return [_view(session, account) for account in accounts.listing(session)]


def view(session: Session, public_id: uuid.UUID) -> AccountView:
    """Return one account; raises NotFound."""
    return _view(session, accounts.by_public_id(session, public_id))


def vault_state(session: Session) -> VaultState:
    """Say whether secrets can be stored and used."""
    return Vault(settings_of(session)).state(session)


def connect(db: Database, settings: Settings, actor: Person, provider: str, data: MultiDict[str, str]) -> Saved:
    """Add an account, test it, and use it when the test succeeded and that was wanted; raises InvalidInput.

    It takes the database: no transaction is open while the provider is waited for.
    """
    actor.require(Right.MANAGE)
    schema = schema_of(settings, provider)
    entered = read_account(schema, data)
    with db.begin(actor.company_id or 0) as session:
        _check_vault(session)
        made = accounts.add(
            session, Vault(settings), schema, label=entered.label, values=entered.values, actor=_actor(actor)
        )
    return _tried(db, settings, actor, made.public_id, entered)


def change(db: Database, settings: Settings, actor: Person, public_id: uuid.UUID, data: MultiDict[str, str]) -> Saved:
    """Change an account and test it; raises InvalidInput, or Conflict when somebody was faster."""
    actor.require(Right.MANAGE)
    with db.begin(actor.company_id or 0) as session:
        _check_vault(session)
        found = view(session, public_id)
        entered = read_account(found.schema, data, stored=found.secrets.keys())
        accounts.change(
            session,
            Vault(settings),
            found.schema,
            found.account,
            version=entered.version,
            label=entered.label,
            values=entered.values,
            actor=_actor(actor),
            forget=entered.forget,
        )
    return _tried(db, settings, actor, public_id, entered)


def test(db: Database, settings: Settings, actor: Person, public_id: uuid.UUID) -> ProbeResult:
    """Make one real, harmless call with an account and keep what it said."""
    actor.require(Right.MANAGE)
    return intake.probe(db, settings, actor.company_id or 0, public_id)


def use(session: Session, actor: Person, public_id: uuid.UUID | None) -> None:
    """Choose the account mail leaves through; None = the built-in mailbox, which keeps everything."""
    actor.require(Right.MANAGE)
    account = accounts.by_public_id(session, public_id) if public_id else None
    accounts.make_default(session, EMAIL, account, actor=_actor(actor))
    if account is not None:
        senders.forget_captured(session)


def remove(session: Session, actor: Person, public_id: uuid.UUID) -> None:
    """Remove an account and its secrets."""
    actor.require(Right.MANAGE)
    accounts.remove(session, accounts.by_public_id(session, public_id), actor=_actor(actor))


def is_wanted(session: Session, account: ProviderAccount) -> bool:
    """Say whether mail leaves through the account, or would if it worked: nothing else is connected."""
    return account.is_default or (account.last_probe_ok is False and accounts.default(session, EMAIL) is None)


def _check_vault(session: Session) -> None:
    """Refuse the form, which keeps what was entered, rather than fail in the middle."""
    state = vault_state(session)
    if not state.is_open:
        raise InvalidInput(state.reason, fix=state.fix)


def _tried(db: Database, settings: Settings, actor: Person, public_id: uuid.UUID, entered: AccountInput) -> Saved:
    company_id = actor.company_id or 0
    result = intake.probe(db, settings, company_id, public_id)
    with db.begin(company_id) as session:
        account = accounts.by_public_id(session, public_id)
        if entered.is_wanted and result.is_ok and not account.is_default:
            use(session, actor, public_id)
        elif not entered.is_wanted and account.is_default:
            use(session, actor, None)
        return Saved(public_id=public_id, result=result, is_default=account.is_default)


def _view(session: Session, account: ProviderAccount) -> AccountView:
    settings = settings_of(session)
    secrets = accounts.secrets_of(session, Vault(settings), account)
    return AccountView(account=account, schema=schema_of(settings, account.provider), secrets=secrets)


def _actor(person: Person) -> Actor:
    return Actor(type="person", id=person.user_id)


def purpose_of(purpose: str) -> str:
    """Return in words what a secret was used for."""
    return purposes.words(purpose)
