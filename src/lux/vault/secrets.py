"""Writing, using and deleting secrets; what people may see of them is their name, age and last four characters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.kit import clock
from lux.kit.db.session import company_of
from lux.kit.errors import LuxError, NotFound, VaultLocked
from lux.kit.i18n import gettext as _
from lux.kit.logs import register_secret
from lux.ledger import audit
from lux.vault import data_keys, purposes, records
from lux.vault.keys import MasterKeys, fitting_keys
from lux.vault.models import DataKey, ProviderAccount, VaultSecret

if TYPE_CHECKING:
    from lux.kit.settings import Settings

LEAST_FOR_LAST4: Final = 12  # of a shorter value, four characters would give too much away
NOTE_USE_EVERY: Final = dt.timedelta(hours=1)  # a campaign opens its account hundreds of times
NOTE_OTHER_USE_EVERY: Final = dt.timedelta(minutes=5)  # for another purpose than the last one


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
    last_used_for: str  # a purpose as the code names it: "probe", "send campaign", "sign"
    is_destroyed: bool = False  # its key was destroyed: nobody can open it any more

    @property
    def used_for(self) -> str:
        """Return in words what it was used for last."""
        return purposes.words(self.last_used_for)


class SecretDamaged(LuxError):
    """A stored secret was changed or moved outside of LUX and can't be used."""

    code = "secret_damaged"

    def __init__(self) -> None:
        """Say how it is mended."""
        super().__init__(fix=_("Enter it anew, and find out who writes to the database."))


class SecretDestroyed(LuxError):
    """A stored secret can't be opened any more: its key was destroyed."""

    code = "secret_destroyed"
    status = 409

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(fix=_("Enter the secret anew under Settings → Integrations."))


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
        data_keys.take_turn(session, company_of(session))
        master = fitting_keys(self._settings, session)
        register_secret(value)
        dek_id, key = data_keys.for_sealing(session, master, company_of(session))
        row = _row(session, integration, name)
        version = row.version + 1 if row else 1
        if row is None:
            row = VaultSecret(integration=integration, name=name, account_id=account_id)
            session.add(row)
        row.version, row.created_at, row.last_used_at, row.last_used_for = version, clock.now(), None, ""
        row.last4 = value[-4:] if len(value) >= LEAST_FOR_LAST4 else ""
        place = bound_to(company_of(session), integration, name, version)
        row.record = records.seal(key, value.encode(), place, head=(records.VERSION, master.active_id, dek_id))
        session.flush()
        action = "secret.stored" if version == 1 else "secret.replaced"
        _note(session, actor, action, integration, name, version=version)

    def open(self, session: Session, *, integration: str, name: str, purpose: str) -> str:
        """Return a secret's value for one use; raises NotFound, SecretDestroyed, VaultLocked.

        In a session that writes, the use is noted (at most once an hour, and every five minutes for another purpose).
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
        rows = session.scalars(select(VaultSecret).where(VaultSecret.integration == integration)).all()
        living = {row.dek_id for row in data_keys.living(session, company_of(session))} if rows else set()
        return {
            row.name: SecretView(
                name=row.name,
                last4=row.last4,
                version=row.version,
                created_at=row.created_at,
                last_used_at=row.last_used_at,
                last_used_for=row.last_used_for,
                is_destroyed=records.head_of(row.record)[2] not in living,
            )
            for row in rows
        }

    def _unsealed(self, session: Session, master: MasterKeys, row: VaultSecret) -> str:
        try:
            return unsealed(session, master, row)
        except (SecretDestroyed, VaultLocked):
            # A rotation may have sealed the row anew, or wrapped its key anew, after it was read: look once more.
            session.refresh(row)
            return unsealed(session, fitting_keys(self._settings, session), row)

    def _note_use(self, session: Session, row: VaultSecret, purpose: str) -> None:
        if session.get_bind().get_execution_options().get("read_only"):
            return
        pause = NOTE_USE_EVERY if row.last_used_for == purpose else NOTE_OTHER_USE_EVERY
        if row.last_used_at and clock.now() - row.last_used_at < pause:
            return
        row.last_used_at, row.last_used_for = clock.now(), purpose[:64]
        session.flush()
        _note(session, audit.SYSTEM, "secret.used", row.integration, row.name, purpose=purpose)


def integration_of(account: ProviderAccount) -> str:
    """Return the name under which an account's secrets are bound."""
    return f"{account.provider}:{account.public_id.hex}"


def bound_to(company_id: int, integration: str, name: str, version: int) -> Sequence[str | int]:
    """Return what a sealed secret is bound to: moved anywhere else it does not open."""
    return ["lux-secret", 1, company_id, integration, name, version]


def unsealed(session: Session, master: MasterKeys, row: VaultSecret) -> str:
    """Return a row's value; raises SecretDestroyed, SecretDamaged, VaultLocked."""
    query = select(DataKey).where(
        DataKey.company_id == row.company_id, DataKey.dek_id == records.head_of(row.record)[2]
    )  # fmt: skip
    data_key = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if data_key is None or data_key.destroyed_at is not None:
        raise SecretDestroyed
    place = bound_to(row.company_id, row.integration, row.name, row.version)
    try:
        return records.unseal(data_keys.unwrap(master, data_key), row.record, place).decode()
    except (InvalidTag, ValueError) as error:
        raise SecretDamaged from error


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
