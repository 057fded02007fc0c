"""The API of complaints: what mailbox providers' feedback loops report gets in here."""

from __future__ import annotations

import uuid
from typing import Annotated

from pydantic import Field

from lux.gate import complaints
from lux.identity.api_keys import Scope
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.email import queries
from lux.rooms.email.api.campaigns import TAG, campaigns
from lux.ui import web
from lux.ui.api import Input, Moment, Output, operation, program


class ComplaintIn(Input):
    """One message that somebody called spam; name it by its Message-ID, or by its recipient."""

    message_id: Annotated[
        str, Field(max_length=300, description="of the mail as it left; it is meant whatever `email` says")
    ] = ""
    email: Annotated[str, Field(max_length=254, description="then the last campaign that reached it is meant")] = ""
    source: Annotated[str, Field(max_length=60, description="who reported it, for example yahoo")] = ""
    at: Annotated[Moment | None, Field(description="when it was; left out = now")] = None


class ComplaintOut(Output):
    """What became of a report."""

    campaign: Annotated[uuid.UUID | None, Field(description="null = it was deleted since")]
    is_new: Annotated[bool, Field(description="false = this message was complained of before; nothing was written")]


@operation(campaigns, "POST /complaints", scope=Scope.FACTS_WRITE, tag=TAG, body=ComplaintIn, answer=ComplaintOut)
def report_complaint(body: ComplaintIn) -> ComplaintOut:
    """Report that somebody called a campaign's mail spam.

    Their consent is withdrawn and the address is blocked for good; too many stop the campaign, or all mail, by
    themselves. A message counts once, so that a report may be repeated.
    """
    if not (body.message_id or body.email):
        raise InvalidInput(field="message_id", message=_("Name the message by its Message-ID, or by its recipient."))
    session = web.session()
    done = complaints.record(session, program(), complaints.Complaint(**dict(body)))
    number = done.subject[1] if done.subject[0] == queries.SUBJECT else None
    found = queries.by_ids(session, [number]) if number is not None else {}
    return ComplaintOut(campaign=found[number].public_id if number in found else None, is_new=done.is_new)
