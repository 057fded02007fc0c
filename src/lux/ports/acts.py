"""Everything outward is an act: a frozen value whose canonical form is what a person says yes to."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import rfc8785

DIGEST_PREFIX = b"lux-approval-v1"


class ActKind(enum.Enum):
    """What kind of approval item an act becomes (PRODUCT.md §6)."""

    EMAIL_CAMPAIGN = "email_campaign"  # one mail to many, under one yes
    SMS_CAMPAIGN = "sms_campaign"  # one text message to many
    SOCIAL_POST = "social_post"  # a post on one account of a network
    SOCIAL_COMMENT = "social_comment"  # an answer below a post
    DIRECT_MESSAGE = "direct_message"  # an answer to one person on a network
    AUTOMATION = "automation"  # steps that run by themselves, with every message they can send
    LANDING_PAGE = "landing_page"  # a page for everybody
    TRANSACTIONAL_TEMPLATE = "transactional_template"  # a mail that programs fill and send, one by one
    SERIES = "series"  # one yes for what repeats, within a template, a cap and an end
    TEST_EMAIL = "test_email"  # a copy to members of the company only
    SYSTEM_EMAIL = "system_email"  # a fixed built-in template to one recipient
    DRILL = "drill"  # mails to nobody into the built-in mailbox: a rehearsal of the stop
    WEBHOOK = "webhook"  # facts of some kinds to one address, under the yes of whoever set it up
    HOOKS = "hooks"  # addresses that one program may subscribe, within hosts, kinds, a number and an end


AUTOMATIC = frozenset(
    {ActKind.TEST_EMAIL, ActKind.SYSTEM_EMAIL, ActKind.DRILL}
)  # decided by a fixed rule, never by a person
DECIDED_WHERE_MADE = frozenset({ActKind.WEBHOOK, ActKind.HOOKS})  # have pages of their own, and their yes there
UNLISTED = AUTOMATIC | DECIDED_WHERE_MADE


@dataclass(frozen=True, kw_only=True)
class AudienceRef:
    """Points at an audience that an `AudienceSource` turns into a SELECT."""

    source: str  # name of the audience source, e.g. "segment" or "everyone"
    key: str  # what the source needs to find it, e.g. a segment's public id
    label: str  # as people see it
    rule: Mapping[str, object] = field(default_factory=dict)  # the rule as it stood at submission


@dataclass(frozen=True, kw_only=True)
class AudienceSnapshot:
    """The audience as it stood at submission: how many, and a digest over the sorted contact ids."""

    count: int
    digest: str  # hex SHA-256 over the ascending ids, 8 bytes big-endian each


@dataclass(frozen=True, kw_only=True)
class MediaFile:
    """A file of our own that a message shows, pinned to its bytes."""

    key: str  # in the file store
    sha256: str  # hex


@dataclass(frozen=True, kw_only=True)
class Act:
    """Base of all acts; `kind` names the subclass in stored form."""

    kind: ActKind
    company_id: int
    channel: str  # "email", "sms", ...
    account: str  # public id of the provider account, "" = the built-in mailbox

    def canonical(self) -> dict[str, object]:
        """Return the plain JSON form that is hashed and stored."""
        return to_plain(asdict(self))  # type: ignore[return-value]

    def digest(self) -> str:
        """Return the hex SHA-256 over the canonical form (RFC 8785)."""
        return digest_of(self.canonical())


@dataclass(frozen=True, kw_only=True)
class QueuedAct(Act):
    """What a person decides on in the queue: content for an audience, an account or a page."""

    audience: AudienceRef | None = None
    snapshot: AudienceSnapshot | None = None
    send_at: str | None = None  # ISO 8601 UTC, None = when approved
    links: tuple[str, ...] = ()  # tracked targets by number, in order of appearance
    media: tuple[MediaFile, ...] = ()  # the pictures it shows: their bytes are part of what is approved
    constants: Mapping[str, object] = field(default_factory=dict)  # company and brand as they stood at submission


@dataclass(frozen=True, kw_only=True)
class SendEmail(QueuedAct):
    """Send one mail to every recipient of an audience."""

    subject: str
    preview_text: str
    html: str  # after MJML, with Liquid fields, links as written
    text: str
    from_name: str
    from_email: str
    reply_to: str
    postal_address: str
    track_opens: bool = True
    track_clicks: bool = True
    recipients: tuple[str, ...] = ()  # test sends only: member addresses


@dataclass(frozen=True, kw_only=True)
class SendSms(QueuedAct):
    """Send one text message to every recipient of an audience."""

    sender: str  # a number, or the name it is shown under
    text: str


@dataclass(frozen=True, kw_only=True)
class PublishPost(QueuedAct):
    """Publish a post on one account of a network."""

    target: str  # the account as people know it
    text: str
    first_comment: str = ""


@dataclass(frozen=True, kw_only=True)
class PublishComment(QueuedAct):
    """Answer below a post."""

    target: str
    in_reply_to: str  # address of what is answered
    quoted: str  # what is answered, as it stood
    text: str


@dataclass(frozen=True, kw_only=True)
class SendDirectMessage(QueuedAct):
    """Answer one person on a network."""

    target: str
    recipient: str  # as the network names them
    quoted: str  # what is answered, as it stood
    text: str


@dataclass(frozen=True, kw_only=True)
class AutomationStep:
    """One step of an automation, with the words that it can send."""

    name: str
    action: str  # "wait", "send_email", ...
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class RunAutomation(QueuedAct):
    """Let an automation run by itself."""

    name: str
    trigger: str  # what starts it, in words
    steps: tuple[AutomationStep, ...]


@dataclass(frozen=True, kw_only=True)
class PublishPage(QueuedAct):
    """Publish a page for everybody."""

    name: str
    address: str
    html: str


@dataclass(frozen=True, kw_only=True)
class UseTemplate(QueuedAct):
    """Let programs fill a mail and send it, one by one."""

    name: str
    subject: str
    html: str
    text: str
    from_name: str
    from_email: str


@dataclass(frozen=True, kw_only=True)
class RunSeries(QueuedAct):
    """Let something repeat within a frozen template, a cap and an end."""

    name: str
    template: str  # what every run sends
    rule: str  # when it runs, in words
    most: int  # runs
    until: str  # ISO 8601 UTC


@dataclass(frozen=True, kw_only=True)
class SystemEmail(Act):
    """Send a fixed built-in template to one recipient."""

    template: str  # "password_reset", "invitation", "sender_code", ...
    recipient: str
    params: Mapping[str, str] = field(default_factory=dict)  # secrets are vault references, never text
    locale: str = "en"


@dataclass(frozen=True, kw_only=True)
class CallWebhook(Act):
    """Send every fact of some kinds to one address, from now on."""

    target: str  # the whole address
    facts: tuple[str, ...]  # kinds of the ledger, sorted


@dataclass(frozen=True, kw_only=True)
class AllowHooks(Act):
    """Let the program of one key subscribe addresses, and send facts there, within these bounds."""

    key: str  # public id of the API key
    hosts: tuple[str, ...]  # where data may go, as `net.web_address` spells them, sorted
    facts: tuple[str, ...]  # kinds of the ledger, sorted
    most: int  # subscriptions at a time
    until: str  # ISO 8601 UTC; nothing leaves from then on
    reason: str


def to_plain(value: object) -> object:
    """Return a JSON-ready copy: enums as values, tuples as lists, mappings as dicts."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    return value


def digest_of(body: Mapping[str, object]) -> str:
    """Return the hex SHA-256 of a stored act body (RFC 8785 canonical JSON)."""
    plain: dict[str, object] = dict(body)
    return hashlib.sha256(DIGEST_PREFIX + rfc8785.dumps(plain)).hexdigest()  # type: ignore[arg-type]


QUEUED: Mapping[ActKind, type[QueuedAct]] = {
    ActKind.EMAIL_CAMPAIGN: SendEmail,
    ActKind.TEST_EMAIL: SendEmail,
    ActKind.DRILL: SendEmail,
    ActKind.SMS_CAMPAIGN: SendSms,
    ActKind.SOCIAL_POST: PublishPost,
    ActKind.SOCIAL_COMMENT: PublishComment,
    ActKind.DIRECT_MESSAGE: SendDirectMessage,
    ActKind.AUTOMATION: RunAutomation,
    ActKind.LANDING_PAGE: PublishPage,
    ActKind.TRANSACTIONAL_TEMPLATE: UseTemplate,
    ActKind.SERIES: RunSeries,
}


def act_from(body: Mapping[str, object]) -> QueuedAct | SystemEmail:
    """Rebuild an act from its stored form."""
    values: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in body.items()}
    kind = ActKind(str(values["kind"]))
    values["kind"] = kind
    if kind is ActKind.SYSTEM_EMAIL:
        return SystemEmail(**values)
    nested = (("audience", AudienceRef), ("snapshot", AudienceSnapshot))
    values |= {name: shape(**values[name]) for name, shape in nested if isinstance(values.get(name), dict)}
    rows = (("media", MediaFile), ("steps", AutomationStep))
    values |= {name: tuple(shape(**one) for one in values[name]) for name, shape in rows if values.get(name)}
    return QUEUED[kind](**values)
