"""Tables of the vault: accounts at providers, sealed secrets, wrapped data keys, the check of the master key."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKeyConstraint, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lux.kit import clock
from lux.kit.db.base import Base, BigKey, KeyStr, ShortKeyStr, Tenant, uuid7


class ProviderAccount(Tenant, Base):
    """A company's account at a provider: what is not secret, and what the last probe said."""

    __tablename__ = "provider_account"
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "default_for"),  # NULLs differ: any number are no default
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    provider: Mapped[str] = mapped_column(ShortKeyStr)  # "smtp"
    channel: Mapped[str] = mapped_column(ShortKeyStr)  # "email"
    label: Mapped[str] = mapped_column(String(120))
    config: Mapped[dict[str, Any]] = mapped_column(default=dict)  # nothing secret
    default_for: Mapped[str | None] = mapped_column(ShortKeyStr)  # its channel when it is the default there
    last_probe_at: Mapped[dt.datetime | None]
    last_probe_ok: Mapped[bool | None]  # None = never tested with the present values
    last_probe_message: Mapped[str] = mapped_column(Text, default="")
    last_probe_field: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    version: Mapped[int] = mapped_column(default=1)

    @property
    def is_default(self) -> bool:
        """Say whether the account is the default of its channel."""
        return self.default_for is not None


class VaultSecret(Tenant, Base):
    """One sealed value: `v1|key id|data key id|nonce|ciphertext`, bound to company, integration, name, version."""

    __tablename__ = "vault_secret"
    __table_args__ = (
        UniqueConstraint("company_id", "integration", "name"),
        ForeignKeyConstraint(["company_id", "account_id"], ["provider_account.company_id", "provider_account.id"]),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    account_id: Mapped[int | None] = mapped_column(BigKey)
    integration: Mapped[str] = mapped_column(KeyStr)  # "smtp:<account's public id>", "dkim:<domain>"
    name: Mapped[str] = mapped_column(ShortKeyStr)  # "password", "private_key"
    record: Mapped[str] = mapped_column(Text)
    last4: Mapped[str] = mapped_column(String(4), default="")  # of values of 12 characters and more
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)  # of the present value
    last_used_at: Mapped[dt.datetime | None]
    last_used_for: Mapped[str] = mapped_column(String(64), default="", server_default="")  # "probe", "send campaign"


class DataKey(Tenant, Base):
    """A company's data key, wrapped by a master key; without it the company's secrets are gone for good.

    The newest that is neither retired nor destroyed seals what is new. A destroyed one keeps its row without the key:
    pages can say what happened, and its id is never given again.
    """

    __tablename__ = "data_key"
    __table_args__ = (UniqueConstraint("company_id", "dek_id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    dek_id: Mapped[str] = mapped_column(ShortKeyStr)
    key_id: Mapped[str] = mapped_column(ShortKeyStr)  # the master key that wraps it
    wrapped: Mapped[str] = mapped_column(Text)  # "" = destroyed
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    retired_at: Mapped[dt.datetime | None]  # a rotation began: it opens what it sealed until that is sealed anew
    destroyed_at: Mapped[dt.datetime | None]


class VaultKeyCheck(Base):
    """A known text sealed with a master key: tells a wrong key before anything is written with it."""

    __tablename__ = "vault_key_check"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key_id: Mapped[str] = mapped_column(ShortKeyStr, unique=True)
    record: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class VaultCheck(Base):
    """What the last walk through all secrets found; there is one row, of the latest."""

    __tablename__ = "vault_check"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    secrets: Mapped[int] = mapped_column(default=0)  # looked at
    destroyed: Mapped[int] = mapped_column(default=0)  # of them sealed by keys that were destroyed on purpose
    faults: Mapped[int] = mapped_column(default=0)
    first_fault: Mapped[str] = mapped_column(Text, default="")  # which one, and why; never a value
