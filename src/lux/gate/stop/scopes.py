"""What a stop may hold back: everything, a channel, a company, an agent, a campaign, a rehearsal; and its key."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lux.gate.toggles import TOGGLES
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _

if TYPE_CHECKING:
    from lux.gate.models import ApprovalQueue, Outbound

AGENT: Final = "agent"  # author_type of what an agent submitted


class ScopeKind(enum.Enum):
    """How much a stop covers."""

    FILE = "file"  # every company, by the file STOP in the data folder
    INSTALLATION = "installation"  # every company
    CHANNEL = "channel"  # one channel of a company, or of every company
    COMPANY = "company"  # everything of one company
    AGENT = "agent"  # what one agent of a company submitted
    CAMPAIGN = "campaign"  # one campaign
    DRILL = "drill"  # one rehearsal, which touches nothing else


# Narrower ones first: what a stop is called when several hold the same thing is the widest.
_WIDTH: Final = {
    ScopeKind.DRILL: 0,
    ScopeKind.CAMPAIGN: 1,
    ScopeKind.AGENT: 2,
    ScopeKind.CHANNEL: 3,
    ScopeKind.COMPANY: 4,
    ScopeKind.INSTALLATION: 5,
    ScopeKind.FILE: 6,
}
Labels = Mapping[str, Callable[[], str]]


def _labels(group: str) -> dict[str, Callable[[], str]]:
    return {spec.key.removeprefix(f"{group}_"): spec.label for spec in TOGGLES if spec.group == group}


AGENTS: Final[Labels] = _labels("agent")
CHANNELS: Final[Labels] = {**_labels("channel"), "webhook": lambda: _("Webhooks")}
IN_USE: Final = ("email", "webhook")  # channels on which something leaves today


@dataclass(frozen=True, kw_only=True)
class Scope:
    """One scope; `company_id` None = over all companies."""

    kind: ScopeKind
    company_id: int | None = None
    value: str = ""  # the channel's name, the agent's, the campaign's or the rehearsal's number

    @property
    def key(self) -> str:
        """Return how the table of stops names it: "installation", "channel:email", "company:7/campaign:12"."""
        if self.kind in {ScopeKind.INSTALLATION, ScopeKind.FILE}:
            return str(self.kind.value)
        company = f"company:{self.company_id}" if self.company_id else ""
        if self.kind is ScopeKind.COMPANY:
            return company
        return f"{company}/{self.token}" if company else self.token

    @property
    def token(self) -> str:
        """Return how a page names it within its company: "company", "channel:email", "all/channel:email"."""
        if self.kind in {ScopeKind.INSTALLATION, ScopeKind.FILE, ScopeKind.COMPANY}:
            return str(self.kind.value)
        return f"{self.kind.value}:{self.value}"

    @property
    def form_token(self) -> str:
        """Return the token with a word that tells a channel of all companies from the company's own."""
        is_wide = self.kind is ScopeKind.CHANNEL and self.company_id is None
        return f"all/{self.token}" if is_wide else self.token

    @property
    def width(self) -> int:
        """Return a number that is greater for what covers more."""
        return _WIDTH[self.kind] * 2 + (self.company_id is None)


INSTALLATION: Final = Scope(kind=ScopeKind.INSTALLATION)
FILE: Final = Scope(kind=ScopeKind.FILE)  # its row follows the file (see `file`)


def of_company(company_id: int) -> Scope:
    """Return the scope of one company."""
    return Scope(kind=ScopeKind.COMPANY, company_id=company_id)


def of_channel(channel: str, company_id: int | None) -> Scope:
    """Return the scope of one channel, of a company or of all."""
    return Scope(kind=ScopeKind.CHANNEL, company_id=company_id, value=channel)


def of_campaign(company_id: int, number: int) -> Scope:
    """Return the scope of one campaign."""
    return Scope(kind=ScopeKind.CAMPAIGN, company_id=company_id, value=str(number))


def from_key(key: str) -> Scope:
    """Read the table's name of a scope; raises ValueError for what is none."""
    company, _slash, rest = key.rpartition("/") if "/" in key else ("", "", key)
    if not company and key.startswith("company:"):
        return of_company(int(key.removeprefix("company:")))
    kind, _colon, value = rest.partition(":")
    number = int(company.removeprefix("company:")) if company else None
    return Scope(kind=ScopeKind(kind), company_id=number, value=value)


def from_token(token: str, company_id: int | None) -> Scope:
    """Read a page's name of a scope; raises NotFound for what can't be stopped."""
    kind, _colon, value = token.removeprefix("all/").partition(":")
    known = {"channel": CHANNELS, "agent": AGENTS}.get(kind)
    is_known = (kind in {"company", "installation"} and not value) or (known is not None and value in known)
    if not is_known and not (kind == "campaign" and value.isdecimal() and len(value) < 19):
        raise NotFound(_("There is nothing to stop under this name."))
    is_wide = kind == "installation" or token.startswith("all/channel:")
    return Scope(kind=ScopeKind(kind), company_id=None if is_wide else company_id, value=value)


def touching(company_id: int, *, channel: str, subject: tuple[str, int | None] = ("", None),
             agents: Sequence[str] = ()) -> tuple[str, ...]:  # fmt: skip
    """Return the keys of every scope whose stop holds this back."""
    found = [FILE, INSTALLATION, of_company(company_id), of_channel(channel, None), of_channel(channel, company_id)]
    found += [Scope(kind=ScopeKind.AGENT, company_id=company_id, value=one) for one in agents]
    if subject[1] is not None and subject[0] in {"campaign", "drill"}:
        found.append(Scope(kind=ScopeKind(subject[0]), company_id=company_id, value=str(subject[1])))
    return tuple(one.key for one in found)


def of_outbound(outbound: Outbound, item: ApprovalQueue) -> tuple[str, ...]:
    """Return the keys of every scope that an outbound stands under."""
    return touching(
        outbound.company_id,
        channel=outbound.channel,
        subject=(outbound.subject_type, outbound.subject_id),
        agents=agents_of(item.author_type, item.author_name),
    )


def agents_of(author_type: str, author_name: str) -> tuple[str, ...]:
    """Return which agents' stops hold something back: an agent nobody knows stands under every one of them."""
    if author_type != AGENT:
        return ()
    name = author_name.removeprefix("agent_")
    return (name,) if name in AGENTS else tuple(AGENTS)
