"""Writing, using and deleting secrets; what people may see of them is their name, age and last four characters."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lux.kit import clock, crypto
from lux.kit.db.session import company_of, dialect_of
from lux.kit.errors import LuxError, NotFound, VaultLocked
from lux.kit.i18n import gettext as _
from lux.kit.logs import register_secret
from lux.ledger import audit
from lux.vault import records
from lux.vault.keys import MasterKeys, fitting_keys
from lux.vault.models import DataKey, ProviderAccount, VaultSecret

if TYPE_CHECKING:
    from lux.kit.settings import Settings

LEAST_FOR_LAST4: Final = 12  # of a shorter value, four characters would give too much away
NOTE_USE_EVERY: Final = dt.timedelta(hours=1)  # a campaign opens its account hundreds of times


@dataclass(frozen=True, kw_only=True)
class VaultState:
    """Whether secrets can be used, and if not, why and what to do."""

    is_open: bool
    reason: str = ""
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class SecretView:
    """All that is ever shown of a secret."""

    name: str
    last4: str
    version: int
    created_at: dt.datetime
    last_used_at: dt.datetime | None


class SecretDamaged(LuxError):
    """A stored secret was changed or moved outside of LUX and can't be used."""

    code = "secret_damaged"

    def __init__(self) -> None:
        """Say how it is mended."""
        super().__init__(fix=_("Enter it anew, and find out who writes to the database."))


class Vault:
    """The secrets of the session's company; every verb raises VaultLocked while the key is missing or wrong."""

    def __init__(self, settings: Settings) -> None:
        """Remember where the keys are; they are read when they are needed."""
        self._settings = settings

    def state(self, session: Session) -> VaultState:
        """Say whether the vault is open."""
        try:
            fitting_keys(self._settings, session)
        except VaultLocked as locked:
            return VaultState(is_open=False, reason=locked.message, fix=locked.fix)
        return VaultState(is_open=True)

    def store(
        self,
        session: Session,
        *,
        integration: str,
        name: str,
        value: str,
        actor: audit.Actor,
        account_id: int | None = None,
    ) -> None:
        """Seal a value, replacing an earlier one of the same integration and name."""
        master = fitting_keys(self._settings, session)
        register_secret(value)
        dek_id, key = self._data_key(session, master)
        row = _row(session, integration, name)
        version = row.version + 1 if row else 1
        if row is None:
            row = VaultSecret(integration=integration, name=name, account_id=account_id)
            session.add(row)
        row.version, row.created_at, row.last_used_at = version, clock.now(), None
        row.last4 = value[-4:] if len(value) >= LEAST_FOR_LAST4 else ""
        bound_to = _bound_to(company_of(session), integration, name, version)
        row.record = records.seal(key, value.encode(), bound_to, head=(records.VERSION, master.active_id, dek_id))
        session.flush()
        action = "secret.stored" if version == 1 else "secret.replaced"
        _note(session, actor, action, integration, name, version=version)

    def open(self, session: Session, *, integration: str, name: str, purpose: str) -> str:
        """Return a secret's value for one use; raises NotFound, VaultLocked.

        In a session that writes, the use is noted (at most once an hour).
        """
        master = fitting_keys(self._settings, session)
        row = _row(session, integration, name)
        if row is None:
            raise NotFound(_("This secret is not set."), fix=_("Enter it under Settings → Integrations."))
        value = self._unsealed(session, master, row)
        register_secret(value)
        self._note_use(session, row, purpose)
        return value

    def delete(self, session: Session, *, integration: str, name: str, actor: audit.Actor) -> None:
        """Remove a secret; a missing one is fine. It needs no key."""
        row = _row(session, integration, name)
        if row is not None:
            session.delete(row)
            session.flush()
            _note(session, actor, "secret.deleted", integration, name, version=row.version)

    def describe(self, session: Session, integration: str) -> Mapping[str, SecretView]:
        """Return what may be seen of an integration's secrets, by name. It needs no key."""
        rows = session.scalars(select(VaultSecret).where(VaultSecret.integration == integration))
        return {
            row.name: SecretView(
                name=row.name,
                last4=row.last4,
                version=row.version,
                created_at=row.created_at,
                last_used_at=row.last_used_at,
            )
            for row in rows
        }

    def _data_key(self, session: Session, master: MasterKeys) -> tuple[str, bytes]:
        """Return the company's newest data key, made at the first use."""
        look = select(DataKey).order_by(DataKey.id.desc()).limit(1)
        newest = session.scalars(look).one_or_none()
        if newest is not None:
            return newest.dek_id, unwrap(master, newest)
        company_id, dek_id, key = company_of(session), "d1", os.urandom(crypto.KEY_BYTES)
        made = DataKey(dek_id=dek_id, key_id=master.active_id, wrapped=wrap(master, company_id, dek_id, key))
        try:
            with session.begin_nested():
                session.add(made)
        except IntegrityError:  # another session was first: its key counts
            if dialect_of(session) == "mysql":  # its snapshot is older than that row; a lock reads the latest
                look = look.with_for_update()
            first = session.scalars(look).one()
            return first.dek_id, unwrap(master, first)
        return dek_id, key

    def _unsealed(self, session: Session, master: MasterKeys, row: VaultSecret) -> str:
        dek_id = records.head_of(row.record)[2]
        data_key = session.scalars(select(DataKey).where(DataKey.dek_id == dek_id)).one_or_none()
        if data_key is None:
            raise NotFound(_("The key of this secret was destroyed."), fix=_("Enter the secret anew."))
        bound_to = _bound_to(company_of(session), row.integration, row.name, row.version)
        try:
            return records.unseal(unwrap(master, data_key), row.record, bound_to).decode()
        except (InvalidTag, ValueError) as error:
            raise SecretDamaged from error

    def _note_use(self, session: Session, row: VaultSecret, purpose: str) -> None:
        options = session.get_bind().get_execution_options()
        if options.get("read_only") or (row.last_used_at and clock.now() - row.last_used_at < NOTE_USE_EVERY):
            return
        row.last_used_at = clock.now()
        session.flush()
        _note(session, audit.SYSTEM, "secret.used", row.integration, row.name, purpose=purpose)


def integration_of(account: ProviderAccount) -> str:
    """Return the name under which an account's secrets are bound."""
    return f"{account.provider}:{account.public_id.hex}"


def wrap(master: MasterKeys, company_id: int, dek_id: str, key: bytes) -> str:
    """Return a data key sealed by the active master key."""
    bound_to: Sequence[str | int] = ["lux-dek", 1, company_id, dek_id, master.active_id]
    return records.seal(master.by_id[master.active_id], key, bound_to, head=(records.VERSION, master.active_id))


def unwrap(master: MasterKeys, row: DataKey) -> bytes:
    """Return a data key; raises VaultLocked when its master key is not there."""
    key = master.by_id.get(row.key_id)
    if key is None:
        raise VaultLocked(
            _(
                "The vault is locked for this company: its master key %(key)s is missing.",
                key=row.key_id,
            ),
            fix=_("Add the older key to LUX_MASTER_KEYS or to the key file again."),
        )
    return records.unseal(key, row.wrapped, ["lux-dek", 1, row.company_id, row.dek_id, row.key_id])


def _bound_to(company_id: int, integration: str, name: str, version: int) -> Sequence[str | int]:
    return ["lux-secret", 1, company_id, integration, name, version]


def _row(session: Session, integration: str, name: str) -> VaultSecret | None:
    return session.scalars(
        select(VaultSecret).where(VaultSecret.integration == integration, VaultSecret.name == name)
    ).one_or_none()


def _note(session: Session, actor: audit.Actor, action: str, integration: str, name: str, **detail: object) -> None:
    audit.append(
        session,
        company_of(session),
        actor=actor,
        action=action,
        object_type="secret",
        object_id=integration,
        detail={"name": name, **detail},
    )
