"""What the built-in mailbox kept, as it was written; nothing of it left the house."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.connectors.mailbox import path_of
from lux.gate.models import Delivery
from lux.gate.registry import mailbox_folder
from lux.gate.states import DeliveryState
from lux.kit.db.session import settings_of
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _

if TYPE_CHECKING:
    from lux.kit.settings import Settings


def message(session: Session, delivery_id: int) -> bytes:
    """Return a captured message (RFC 5322); raises NotFound."""
    row = session.scalar(select(Delivery).where(Delivery.id == delivery_id, Delivery.state == DeliveryState.CAPTURED))
    if row is None:
        raise NotFound
    try:
        return path_of(mailbox_folder(settings_of(session), row.company_id), row.id).read_bytes()
    except FileNotFoundError as error:
        raise NotFound(_("The file of this message is gone.")) from error


def forget_company(settings: Settings, company_id: int) -> None:
    """Delete every message kept for a company; none is fine."""
    shutil.rmtree(mailbox_folder(settings, company_id), ignore_errors=True)
