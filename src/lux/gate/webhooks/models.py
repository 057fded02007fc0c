"""Tables of webhook subscriptions and calls; a call without a yes can't be stored (the third lock)."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lux.gate.states import CallState, HookState, Verdict
from lux.kit import clock
from lux.kit.db.base import Base, BigKey, ShortKeyStr, Tenant, enum_type, uuid7


class HookAllowance(Tenant, Base):
    """A person's standing yes: the program of one key may subscribe addresses within these bounds.

    What counts is the decided body of its item; the columns are for pages and for finding it.
    """

    __tablename__ = "hook_allowance"
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        ForeignKeyConstraint(["company_id", "item_id"], ["approval_queue.company_id", "approval_queue.id"]),
        Index("ix_hook_allowance_state", "state", "until"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    item_id: Mapped[int] = mapped_column(BigKey)
    key_id: Mapped[int] = mapped_column(BigKey, ForeignKey("api_key.id"))
    key_name: Mapped[str] = mapped_column(String(100))
    hosts: Mapped[list[Any]] = mapped_column(default=list)
    kinds: Mapped[list[Any]] = mapped_column(default=list)
    most: Mapped[int]
    until: Mapped[dt.datetime]
    why: Mapped[str] = mapped_column(Text)
    state: Mapped[HookState] = mapped_column(enum_type(HookState, 16), default=HookState.ACTIVE)  # active or ended
    reason: Mapped[str] = mapped_column(Text, default="")  # why it has ended
    created_by: Mapped[int] = mapped_column(BigKey)
    created_by_name: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class WebhookSubscription(Tenant, Base):
    """One address that is told of facts of some kinds."""

    __tablename__ = "webhook_subscription"
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        ForeignKeyConstraint(["company_id", "item_id"], ["approval_queue.company_id", "approval_queue.id"]),
        ForeignKeyConstraint(["company_id", "allowance_id"], ["hook_allowance.company_id", "hook_allowance.id"]),
        Index("ix_webhook_subscription_state", "state", "company_id"),
        Index("ix_webhook_subscription_allowance", "allowance_id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    item_id: Mapped[int] = mapped_column(BigKey)  # what a person said yes to: address and kinds, or an allowance
    allowance_id: Mapped[int | None] = mapped_column(BigKey)  # a program made it, within this; None = a person did
    name: Mapped[str] = mapped_column(String(100))
    target: Mapped[str] = mapped_column(Text)  # its path may be a secret: shown to those who manage, never logged
    kinds: Mapped[list[Any]] = mapped_column(default=list)
    state: Mapped[HookState] = mapped_column(enum_type(HookState, 16), default=HookState.ACTIVE)
    reason: Mapped[str] = mapped_column(Text, default="")  # why it is not active
    cursor: Mapped[int] = mapped_column(BigKey)  # facts up to here are settled
    rest_until: Mapped[dt.datetime | None]  # after several failures in a row
    streak: Mapped[int] = mapped_column(default=0)  # failures in a row
    failing_since: Mapped[dt.datetime | None]
    last_success_at: Mapped[dt.datetime | None]
    earlier_secret_until: Mapped[dt.datetime | None]  # until then both secrets sign
    created_by: Mapped[int] = mapped_column(BigKey)
    created_by_name: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class WebhookDelivery(Tenant, Base):
    """One fact on its way to one subscription; what it says is read from the ledger at every try."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "subscription_id"], ["webhook_subscription.company_id", "webhook_subscription.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "approval_id", "approval_verdict"],
            ["approval_decision.company_id", "approval_decision.id", "approval_decision.verdict"],
            name="fk_webhook_delivery_decision",
        ),
        CheckConstraint("approval_verdict = 'yes'", name="yes"),
        UniqueConstraint("subscription_id", "fact_id"),
        Index("ix_webhook_delivery_due", "subscription_id", "state", "due_at"),
        Index("ix_webhook_delivery_created", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)  # the message's id at every try
    subscription_id: Mapped[int] = mapped_column(BigKey)
    approval_id: Mapped[int] = mapped_column(BigKey)
    approval_verdict: Mapped[Verdict] = mapped_column(enum_type(Verdict, 8))
    fact_id: Mapped[int] = mapped_column(BigKey)
    kind: Mapped[str] = mapped_column(ShortKeyStr)
    state: Mapped[CallState] = mapped_column(enum_type(CallState, 16), default=CallState.QUEUED)
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    status: Mapped[int | None]  # of the last answer
    message: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    last_try_at: Mapped[dt.datetime | None]
