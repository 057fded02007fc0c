"""What the built-in mailbox kept, for whom it is: campaigns for the company, a system mail for its addressee."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session

from lux.connectors.mailbox import path_of
from lux.gate.models import ApprovalQueue, Delivery, Outbound
from lux.gate.registry import mailbox_folder
from lux.gate.states import DeliveryState
from lux.gate.views import DeliveryView, ItemView, delivery_view, item_view
from lux.identity.access import Person, Right, Role
from lux.identity.models import Invitation
from lux.kit.addresses import email_key
from lux.kit.db.session import company_of, settings_of
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.ports.acts import ActKind

if TYPE_CHECKING:
    from lux.kit.settings import Settings

# Who may read somebody else's system mail: those who could have made it, so that a laptop without a mail server stays
# usable. A link that lets in as somebody (a password, a sign-in) is never among them: who reads it is that person.
SHARED: Mapping[str, Right] = {"invitation": Right.MANAGE, "sender_code": Right.MANAGE}


def listing(
    session: Session, reader: Person, *, before_id: int | None = None, limit: int = 50
) -> list[tuple[DeliveryView, ItemView]]:
    """Return what the built-in mailbox kept and this person may read, newest first, with the item it belongs to."""
    query = _readable(reader).order_by(Delivery.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(Delivery.id < before_id)
    return [(delivery_view(row), item_view(item)) for row, item in session.execute(query)]


def find(session: Session, reader: Person, delivery_id: int) -> tuple[DeliveryView, ItemView]:
    """Return one captured message's row and item; raises NotFound, also for one that is somebody else's."""
    row = session.execute(_readable(reader).where(Delivery.id == delivery_id)).one_or_none()
    if row is None:
        raise NotFound
    return delivery_view(row[0]), item_view(row[1])


def message(session: Session, reader: Person, delivery_id: int) -> bytes:
    """Return a captured message (RFC 5322); raises NotFound, also for one that is somebody else's."""
    row, _item = find(session, reader, delivery_id)
    try:
        return path_of(mailbox_folder(settings_of(session), company_of(session)), row.id).read_bytes()
    except FileNotFoundError as error:
        raise NotFound(_("The file of this message is gone.")) from error


def forget_message(settings: Settings, company_id: int, delivery_id: int) -> None:
    """Delete one message kept for a company; none is fine."""
    path_of(mailbox_folder(settings, company_id), delivery_id).unlink(missing_ok=True)


def forget_company(settings: Settings, company_id: int) -> None:
    """Delete every message kept for a company; none is fine."""
    shutil.rmtree(mailbox_folder(settings, company_id), ignore_errors=True)


def _readable(reader: Person) -> Select[Delivery, ApprovalQueue]:
    return (
        select(Delivery, ApprovalQueue)
        .join(Outbound, Outbound.id == Delivery.outbound_id)
        .join(ApprovalQueue, ApprovalQueue.id == Outbound.item_id)
        .where(
            Delivery.state == DeliveryState.CAPTURED,
            or_(
                ApprovalQueue.kind.not_in((ActKind.SYSTEM_EMAIL, ActKind.DRILL)),
                Delivery.address_key == email_key(reader.email),
                and_(ApprovalQueue.title.in_(_shared_with(reader)), *_bounds(reader)),
            ),
        )
    )


def _shared_with(reader: Person) -> list[str]:
    """Return the templates (an automatic item is titled by its template) this person could have sent."""
    return [template for template, right in SHARED.items() if reader.has(right)]


def _bounds(reader: Person) -> list[ColumnElement[bool]]:
    """Return what holds an admin back from an open invitation to become owner: only owners make owners."""
    if reader.has(Right.OWN):
        return []
    makes_owner = exists().where(
        Invitation.company_id == Delivery.company_id,
        Invitation.email_key == Delivery.address_key,
        Invitation.role == Role.OWNER,
        Invitation.accepted_at.is_(None),
    )
    return [~makes_owner]
