"""The API of REST hooks: programs subscribe addresses to facts, inside what a person has allowed their key."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AliasChoices, Field, RootModel

from lux.gate.states import HookState
from lux.gate.webhooks import by_program, reads, subscriptions
from lux.gate.webhooks.payloads import OFFERED
from lux.identity.api_keys import Scope
from lux.ui import web
from lux.ui.api import Input, Output, PageOf, PageQuery, next_page, operation, program, room
from lux.ui.paging import decode_int_cursor, encode_cursor

if TYPE_CHECKING:
    from lux.gate.webhooks.reads import Subscribed

hooks = room("integrations")
blueprints = (hooks,)
TAG = "Hooks"
SCOPE = Scope.HOOKS_WRITE


class HookIn(Input):
    """What is to be told where."""

    target_url: Annotated[
        str,
        Field(
            validation_alias=AliasChoices("target_url", "hookUrl"), min_length=1, max_length=2048,
            description="where facts are posted to; `hookUrl` is understood as well",
        ),
    ]  # fmt: skip
    event: Annotated[
        str, Field(max_length=64, description=f"one of {', '.join(OFFERED)}", examples=["contact.created"])
    ]
    secret: Annotated[
        str,
        Field(max_length=100, description="`whsec_` and base64: what calls are signed with; no answer ever holds it"),
    ] = ""


class HookOut(Output):
    """One subscription of this key."""

    id: uuid.UUID
    event: str
    target_url: str
    state: HookState
    created_at: dt.datetime
    expiration_date: Annotated[dt.datetime, Field(description="when the yes it runs under ends")]
    last_success_at: dt.datetime | None
    reason: Annotated[str, Field(description="why it is not active")]


class HookPage(PageOf[HookOut]):
    """One page of subscriptions."""


class ToldContact(Output):
    """Whom a fact is about."""

    id: str
    email: str


class ToldSubject(Output):
    """What a fact is about."""

    type: str
    id: int | None


class ToldValue(Output):
    """What it was worth, in the currency's smallest unit."""

    minor: int
    currency: str | None


class ToldData(Output):
    """What happened."""

    id: str
    contact: ToldContact | None
    subject: ToldSubject | None
    channel: str
    actor: str
    value: ToldValue | None
    human: str
    properties: dict[str, Any]


class ToldFact(Output):
    """A fact as it is posted to a subscribed address."""

    id: str
    type: str
    timestamp: str
    data: ToldData


class HookSamples(RootModel[list[ToldFact]]):
    """One to three facts, newest first, in exactly the shape in which they are delivered."""


@operation(hooks, "GET /hooks", scope=SCOPE, tag=TAG, query=PageQuery, answer=HookPage)
def list_hooks(query: PageQuery) -> HookPage:
    """List what this key has subscribed.

    Subscriptions that have ended are not part of it.
    """
    after = decode_int_cursor(query.cursor) if query.cursor else 0
    found = reads.by_key(web.session(), program().key_id, after=after, limit=query.limit + 1)
    shown = found[: query.limit]
    cursor = encode_cursor(shown[-1].hook.id) if len(found) > query.limit else None
    return HookPage(data=[_shown(one) for one in shown], next=next_page(cursor))


@operation(hooks, "POST /hooks", scope=SCOPE, tag=TAG, body=HookIn, answer=HookOut, status=201)
def subscribe_hook(body: HookIn) -> HookOut:
    """Subscribe an address to one kind of fact.

    A person has to have allowed it: this key, the address's host, the kind. What nobody has allowed is refused with
    `hook_not_allowed` and the page where it is allowed. The same address and event again get the subscription there
    is.
    """
    with web.database().read(web.company_id()) as session:  # nobody waits for name servers in a transaction
        by_program.require_room(session, program(), target=body.target_url, event=body.event)
    subscriptions.check_target(web.settings(), body.target_url, field="target_url")
    found = by_program.subscribe(web.session(), program(), target=body.target_url, event=body.event, secret=body.secret)
    return _shown(found)


@operation(hooks, "DELETE /hooks/<uuid:public_id>", scope=SCOPE, tag=TAG, answer=HookOut)
def unsubscribe_hook(public_id: uuid.UUID) -> HookOut:
    """End a subscription.

    Nothing more leaves for it. An address that answers a call with 410 ends its subscription as well.
    """
    return _shown(by_program.unsubscribe(web.session(), program(), public_id))


@operation(hooks, "GET /hooks/samples/<event>", scope=SCOPE, tag=TAG, answer=HookSamples)
def hook_samples(event: str) -> HookSamples:
    """Return samples of one kind of fact.

    Real ones, where somebody has allowed this key to have that kind sent and it has happened; else an example.
    """
    found = by_program.samples(web.session(), program(), event)
    return HookSamples([ToldFact.model_validate(one) for one in found])


def _shown(found: Subscribed) -> HookOut:
    hook, one = found
    return HookOut(
        id=hook.public_id,
        event=hook.kinds[0],
        target_url=hook.target,
        state=hook.state,
        created_at=hook.created_at,
        expiration_date=one.until,
        last_success_at=hook.last_success_at,
        reason=hook.reason,
    )
