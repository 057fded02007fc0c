"""Guest reviewers: a program lists them, and erases one who asks for it; people invite."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

from pydantic import Field

from lux.identity.api_keys import Scope
from lux.rooms.approvals import inviting
from lux.rooms.approvals.api.blueprint import TAG, approvals
from lux.ui import web
from lux.ui.api import Answer, Output, operation, program


class GuestOut(Output):
    """Somebody outside of the company who looks at what waits."""

    id: uuid.UUID
    name: Annotated[str, Field(description="empty once it was erased")]
    email: Annotated[str, Field(description="the same")]
    state: Annotated[str, Field(description="open, expired, revoked, erased, or off: the policy allows guests nothing")]
    expires_at: dt.datetime
    last_seen_at: dt.datetime | None
    decided: Annotated[int, Field(description="how many decisions they made")]


class GuestList(Output):
    """All guests of the company."""

    data: list[GuestOut]


@operation(approvals, "GET /guests", scope=Scope.CONTACTS_READ, tag=TAG, answer=GuestList)
def list_guests() -> GuestList:
    """List the guest reviewers, the latest invited first."""
    return GuestList(
        data=[
            GuestOut(
                id=one.public_id, name=one.name, email=one.email, state=one.state, expires_at=one.expires_at,
                last_seen_at=one.last_seen_at, decided=one.decided,
            )
            for one in inviting.guests(web.session())
        ]
    )  # fmt: skip


@operation(approvals, "DELETE /guests/<uuid:public_id>", scope=Scope.CONTACTS_WRITE, tag=TAG, status=204)
def erase_guest(public_id: uuid.UUID) -> Answer:
    """Erase a guest's name and address for good (GDPR article 17).

    Their link stops working; what they decided and wrote stays, without their name, and the audit log stays valid.
    """
    inviting.erase(web.session(), program(), public_id)
    return Answer(content=None, status=204)
