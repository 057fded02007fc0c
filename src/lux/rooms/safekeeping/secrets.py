"""A company's stored secrets as operators see them: what for, since when, last use, and by which key; never a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from lux.kit.i18n import gettext as _
from lux.vault import purposes, records
from lux.vault.models import DataKey, ProviderAccount, VaultSecret

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

SHOWN: Final = 200


@dataclass(frozen=True, kw_only=True)
class Stored:
    """One stored secret."""

    integration: str  # as the vault names it
    label: str  # of the account that it belongs to; "" = of none
    name: str
    created_at: dt.datetime
    last_used_at: dt.datetime | None
    used_for: str  # in words
    state: str  # current | earlier: sealed by a key that is being replaced | destroyed


def secrets_of(session: Session, company_id: int, *conditions: ColumnElement[bool], limit: int = SHOWN) -> list[Stored]:
    """Return a company's secrets, those first that were used least lately."""
    query = (
        select(VaultSecret, ProviderAccount.label)
        .outerjoin(ProviderAccount, ProviderAccount.id == VaultSecret.account_id)
        .where(VaultSecret.company_id == company_id, *conditions)
        .order_by(func.coalesce(VaultSecret.last_used_at, VaultSecret.created_at), VaultSecret.id)
        .limit(limit)
    )
    keys = {key.dek_id: key for key in session.scalars(select(DataKey).where(DataKey.company_id == company_id))}
    return [
        Stored(
            integration=row.integration, label=label or "", name=row.name, created_at=row.created_at,
            last_used_at=row.last_used_at, used_for=purposes.words(row.last_used_for),
            state=_state(keys.get(records.head_of(row.record)[2])),
        )
        for row, label in session.execute(query)
    ]  # fmt: skip


def name_of(one: Stored) -> str:
    """Return what people call it: the account, the domain, or the kind of thing it belongs to."""
    kind, _colon, rest = one.integration.partition(":")
    if one.label:
        return f"{one.label} · {one.name}"
    if kind == "dkim":
        return _("DKIM key of %(domain)s", domain=rest)
    return _("webhook secret") if kind == "webhook" else f"{kind} · {one.name}"


def _state(key: DataKey | None) -> str:
    if key is None or key.destroyed_at is not None:
        return "destroyed"
    return "current" if key.retired_at is None else "earlier"
