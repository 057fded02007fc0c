"""Tables of approvals and deliveries; the database itself holds the third lock (see `Outbound`)."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from lux.gate.guests.models import Guest
from lux.gate.states import (
    DeliveryState,
    ItemState,
    Method,
    OutboundState,
    Verdict,
)
from lux.kit import clock
from lux.kit.db.base import Base, BigKey, KeyStr, ShortKeyStr, Tenant, enum_type, uuid7
from lux.ports.acts import ActKind


class ApprovalQueue(Tenant, Base):
    """One thing that wants to leave the house and waits for, or has, a person's yes."""

    __tablename__ = "approval_queue"
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        Index("ix_approval_queue_company_state", "company_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    kind: Mapped[ActKind] = mapped_column(enum_type(ActKind))
    channel: Mapped[str] = mapped_column(String(16))
    state: Mapped[ItemState] = mapped_column(enum_type(ItemState), default=ItemState.PENDING)
    version: Mapped[int] = mapped_column(default=1)
    title: Mapped[str] = mapped_column(String(300))
    subject_type: Mapped[str] = mapped_column(String(32), default="")  # "campaign" ...
    subject_id: Mapped[int | None] = mapped_column(BigKey)
    author_type: Mapped[str] = mapped_column(String(16), default="person")  # person | api_key | agent | system
    author_id: Mapped[int | None] = mapped_column(BigKey)
    author_name: Mapped[str] = mapped_column(String(200), default="")
    editor_id: Mapped[int | None] = mapped_column(BigKey)  # who changed it last
    body: Mapped[dict[str, Any]]  # the canonical act: exactly what is hashed and sent
    content_hash: Mapped[str] = mapped_column(String(64))
    audience_label: Mapped[str] = mapped_column(String(300), default="")
    audience_count: Mapped[int] = mapped_column(default=0)
    snapshot: Mapped[bytes | None] = mapped_column(
        LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb"), deferred=True
    )  # packed contact ids
    rationale: Mapped[str] = mapped_column(Text, default="")
    sources: Mapped[list[Any] | None]  # what an author leans on: addresses or names
    confidence: Mapped[int | None]  # of an agent, in hundredths; a person has none
    prompted_by: Mapped[int | None] = mapped_column(BigKey)  # who asked the agent that wrote it
    prompted_by_name: Mapped[str] = mapped_column(String(200), default="", server_default="")
    revises_id: Mapped[int | None] = mapped_column(BigKey)  # the rejected or expired item this one comes after
    offer_ends_at: Mapped[dt.datetime | None]  # what it offers is over then: nobody may say yes any more
    findings: Mapped[list[Any]] = mapped_column(default=list)  # [{code, severity, message}]
    send_at: Mapped[dt.datetime | None]  # the time asked for or approved
    submitted_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    decided_at: Mapped[dt.datetime | None]
    decided_by: Mapped[int | None] = mapped_column(BigKey)
    decided_by_name: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(Text, default="")  # of a rejection, a return or a cancellation
    expires_at: Mapped[dt.datetime | None]
    risk_level: Mapped[str] = mapped_column(String(8), default="")  # low | medium | high; "" = from before it was asked
    risk_reasons: Mapped[list[Any] | None] = mapped_column(JSON(), default=list)  # [{code, level, message}]
    cost_minor: Mapped[int | None] = mapped_column(BigKey)  # estimated; None = not known to LUX
    cost_currency: Mapped[str] = mapped_column(String(3), default="")


class ApprovalVersion(Tenant, Base):
    """What an item said at one version, for the diff against what was approved last."""

    __tablename__ = "approval_version"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "item_id"], ["approval_queue.company_id", "approval_queue.id"]),
        UniqueConstraint("company_id", "item_id", "version"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    item_id: Mapped[int] = mapped_column(BigKey)
    version: Mapped[int]
    body: Mapped[dict[str, Any]]
    content_hash: Mapped[str] = mapped_column(String(64))
    was_approved: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[int | None] = mapped_column(BigKey)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class ApprovalDecision(Tenant, Base):
    """A yes or a no over one version of one item, by a person or by a fixed rule; never edited."""

    __tablename__ = "approval_decision"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "item_id"], ["approval_queue.company_id", "approval_queue.id"]),
        UniqueConstraint("company_id", "id", "verdict"),  # what an outbound points at
        CheckConstraint("verdict IN ('yes', 'no')", name="verdict"),
        CheckConstraint(
            "method IN ('system', 'test') OR (decided_by IS NOT NULL AND session_id IS NOT NULL)", name="person"
        ),
        CheckConstraint(
            "(method <> 'guest' AND guest_id IS NULL AND guest_session_id IS NULL) OR (method = 'guest' AND"
            " guest_id IS NOT NULL AND guest_session_id IS NOT NULL AND decided_by = 0 AND session_id = 0)",
            name="guest",
        ),
        Index("ix_approval_decision_item", "company_id", "item_id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    item_id: Mapped[int] = mapped_column(BigKey)
    version: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(64))
    verdict: Mapped[Verdict] = mapped_column(enum_type(Verdict, 8))
    method: Mapped[Method] = mapped_column(enum_type(Method, 16))
    decided_by: Mapped[int | None] = mapped_column(BigKey)  # 0 = nobody who has an account here
    decided_by_name: Mapped[str] = mapped_column(String(200), default="", server_default="")
    session_id: Mapped[int | None] = mapped_column(BigKey)  # the signed-in session that proves the person
    guest_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey(Guest.id))  # who decided by a personal link
    guest_session_id: Mapped[int | None] = mapped_column(BigKey)  # what proves them
    parent_id: Mapped[int | None] = mapped_column(BigKey)  # a run's: the person's yes over its series
    number: Mapped[int] = mapped_column(default=1, server_default="1")  # which yes over this version it is
    needed: Mapped[int] = mapped_column(default=1, server_default="1")  # how many different people had to say yes
    waited_seconds: Mapped[int | None]  # from the submission of this version to the decision
    reason: Mapped[str] = mapped_column(Text, default="")
    send_at: Mapped[dt.datetime | None]
    at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class Outbound(Tenant, Base):
    """One act on its way out; without a yes it can only be held, refused or cancelled."""

    __tablename__ = "outbound"
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        ForeignKeyConstraint(["company_id", "item_id"], ["approval_queue.company_id", "approval_queue.id"]),
        ForeignKeyConstraint(
            ["company_id", "approval_id", "approval_verdict"],
            ["approval_decision.company_id", "approval_decision.id", "approval_decision.verdict"],
            name="fk_outbound_decision",
        ),
        CheckConstraint(
            "(approval_id IS NOT NULL AND approval_verdict IS NOT NULL AND approval_verdict = 'yes')"
            " OR state IN ('held', 'refused', 'cancelled')",
            name="yes",
        ),
        Index("ix_outbound_state", "state", "due_at"),
        Index("ix_outbound_subject", "company_id", "subject_type", "subject_id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    item_id: Mapped[int] = mapped_column(BigKey, unique=True)
    approval_id: Mapped[int | None] = mapped_column(BigKey)
    approval_verdict: Mapped[Verdict | None] = mapped_column(enum_type(Verdict, 8))
    kind: Mapped[ActKind] = mapped_column(enum_type(ActKind))
    channel: Mapped[str] = mapped_column(String(16))
    subject_type: Mapped[str] = mapped_column(String(32), default="")
    subject_id: Mapped[int | None] = mapped_column(BigKey)
    state: Mapped[OutboundState] = mapped_column(enum_type(OutboundState), default=OutboundState.HELD)
    check_failed: Mapped[str] = mapped_column(String(32), default="")  # which check refused
    reason: Mapped[str] = mapped_column(Text, default="")  # in words for people
    is_paused: Mapped[bool] = mapped_column(default=False)
    pause_reason: Mapped[str] = mapped_column(Text, default="")
    is_materialised: Mapped[bool] = mapped_column(default=False)  # recipients are written down
    due_at: Mapped[dt.datetime | None]
    started_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class OutboundLink(Tenant, Base):
    """A tracked target of one outbound; a click leads nowhere else."""

    __tablename__ = "outbound_link"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "outbound_id"], ["outbound.company_id", "outbound.id"]),
        UniqueConstraint("outbound_id", "number"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    outbound_id: Mapped[int] = mapped_column(BigKey)
    number: Mapped[int]
    url: Mapped[str] = mapped_column(Text)


class Delivery(Tenant, Base):
    """One message to one recipient under one outbound."""

    __tablename__ = "delivery"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "outbound_id"], ["outbound.company_id", "outbound.id"]),
        UniqueConstraint("outbound_id", "address_key", "channel"),
        Index("ix_delivery_claim", "outbound_id", "state", "id"),
        Index("ix_delivery_contact", "company_id", "contact_id"),
        Index("ix_delivery_lease", "state", "lease_until"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    outbound_id: Mapped[int] = mapped_column(BigKey)
    channel: Mapped[str] = mapped_column(String(16))
    contact_id: Mapped[int | None] = mapped_column(BigKey)  # no key: contacts stand above the gate
    address: Mapped[str] = mapped_column(String(254))
    address_key: Mapped[str] = mapped_column(KeyStr)
    state: Mapped[DeliveryState] = mapped_column(enum_type(DeliveryState, 16), default=DeliveryState.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[dt.datetime | None]  # of the next try
    claimed_by: Mapped[str] = mapped_column(ShortKeyStr, default="")
    lease_until: Mapped[dt.datetime | None]
    leaving_at: Mapped[dt.datetime | None]  # its bytes may be on the wire since then
    code: Mapped[int | None]
    error: Mapped[str] = mapped_column(String(32), default="")  # name from the list of provider errors, or why skipped
    message: Mapped[str] = mapped_column(String(500), default="")
    provider_id: Mapped[str | None] = mapped_column(String(200))
    sent_at: Mapped[dt.datetime | None]
    first_opened_at: Mapped[dt.datetime | None]
    first_clicked_at: Mapped[dt.datetime | None]
    human_opened_at: Mapped[dt.datetime | None]  # the first of a person; taken back when it proves a machine's
    human_clicked_at: Mapped[dt.datetime | None]
    unsubscribed_at: Mapped[dt.datetime | None]


class FeatureToggle(Tenant, Base):
    """One of the company's switches; a missing row is off."""

    __tablename__ = "feature_toggle"
    __table_args__ = (UniqueConstraint("company_id", "key"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(ShortKeyStr)
    is_on: Mapped[bool] = mapped_column(default=False)
    limits: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reason: Mapped[str] = mapped_column(Text, default="")
    changed_by: Mapped[int | None] = mapped_column(BigKey)
    changed_by_name: Mapped[str] = mapped_column(String(200), default="")
    changed_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class Stop(Base):
    """An emergency stop of one scope; its epoch grows with every change."""

    __tablename__ = "stop"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    scope: Mapped[str] = mapped_column(ShortKeyStr, unique=True)  # "installation", "company:7/campaign:12"
    is_on: Mapped[bool] = mapped_column(default=False)
    includes_system: Mapped[bool] = mapped_column(default=False)  # `lux stop --all`: system acts too
    epoch: Mapped[int] = mapped_column(BigKey, default=0)
    reason: Mapped[str] = mapped_column(Text, default="")
    by_user_id: Mapped[int | None] = mapped_column(BigKey)  # who changed it last
    by_name: Mapped[str] = mapped_column(String(200), default="")
    pressers: Mapped[list[Any] | None]  # ids of everybody who pressed it since it began
    changed_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    cause: Mapped[str] = mapped_column(String(32), default="")  # the trigger that pressed it, "" = a person
    evidence: Mapped[str] = mapped_column(String(200), default="")  # what a trigger saw last: not pressed for it again
    rate: Mapped[float | None]  # messages per second before the stop, measured when it ended
    told_epoch: Mapped[int | None] = mapped_column(BigKey)  # the automatic stop of which operators were told last


class SystemMailCount(Base):
    """How many system mails one recipient got in one hour: they have a small cap of their own."""

    __tablename__ = "system_mail_count"

    address_key: Mapped[str] = mapped_column(KeyStr, primary_key=True)
    hour: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)  # hours since 1970
    count: Mapped[int] = mapped_column(default=0)
