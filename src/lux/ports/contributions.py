"""What higher rooms offer to lower ones: protocols here, implementations in rooms, the list in `house`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from lux.ports.acts import AudienceRef
    from lux.ports.finding import PaletteAction, SearchHit, SearchProvider
    from lux.ports.news import NewsTeller
    from lux.ports.opt_in import OptInStarter
    from lux.ports.prices import PriceSource
    from lux.ports.runs import RunKeeper
    from lux.ports.trash import TrashBin


class AudienceSource(Protocol):
    """Turns an audience reference into recipients; owned by a room, asked by the gate."""

    name: str

    def select(self, session: Session, company_id: int, ref: AudienceRef) -> Select[tuple[int, str, str]]:
        """Return SELECT contact_id, address, address_key of all that match now, before consent is checked.

        Raises `lux.kit.errors.BrokenRule` when the rule names something that was deleted.
        """

    def merge_data(
        self, session: Session, company_id: int, contact_ids: Sequence[int], names: frozenset[str]
    ) -> Mapping[int, Mapping[str, object]]:
        """Return the merge fields of each contact as plain values."""


class OutboundObserver(Protocol):
    """Is told, inside the gate's transaction, when something happened to an item or its outbound."""

    def on_change(self, session: Session, company_id: int, subject: tuple[str, int], event: str) -> None:
        """React to an event.

        `submitted`, `half_approved` (one yes of two), `approved`, `rejected`, `returned`, `cancelled`, `expired`,
        `started`, `done`, `failed`.
        """


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A block on another room's page (for example on a contact's page)."""

    title: str
    template: str
    context: Mapping[str, object]
    order: int = 50


class ContactPanel(Protocol):
    """Adds a block to a contact's page."""

    def panel(self, session: Session, company_id: int, contact_id: int) -> Panel | None:
        """Return the block, or None when there is nothing to say."""


class Eraser(Protocol):
    """Removes or anonymises what a room knows of one person (GDPR article 17)."""

    def erase(self, session: Session, company_id: int, contact_id: int, address_key: str | None) -> int:
        """Erase and return how many rows were touched."""


class FileOwner(Protocol):
    """A room that keeps a company's data in files of the store."""

    def file_keys(self, session: Session, company_id: int) -> Sequence[str]:
        """Return their keys; asked before the company's rows go, in a session over all companies or this one."""


@dataclass(frozen=True, kw_only=True)
class TravellingFile:
    """A file that goes along when its company moves to another installation."""

    key: str  # in the file store
    sha256: str  # hex
    size: int  # bytes


class TravellingFiles(Protocol):
    """A room whose rows name files that go along with a company."""

    table: str  # whose rows name them

    def files(self, row: Mapping[str, object]) -> Sequence[TravellingFile]:
        """Return the files of one row, in order; raises ValueError for a row that can't have come from LUX."""


@dataclass(frozen=True, kw_only=True)
class HealthFinding:
    """One thing that is fine or not, in plain words."""

    key: str
    level: str  # ok | warn | bad | unknown
    message: str
    fix: str = ""
    url: str = ""


class HealthCheck(Protocol):
    """Looks at one part of the house."""

    key: str

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:
        """Return findings; company None = the installation."""


class ContentUser(Protocol):
    """Keeps messages in which pictures and blocks of the content room may stand."""

    def texts(self, session: Session, company_id: int, fragment: str, limit: int) -> Sequence[tuple[SearchHit, str]]:
        """Return at most `limit` messages whose source or text holds the fragment, the latest first, with that text."""


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A dashboard tile in one of the six states."""

    key: str
    section: str  # waits | broken | today | result | hubs
    title: str
    template: str
    state: str = "ready"  # ready | loading | empty | error | stale | partial | forbidden
    context: Mapping[str, object] = field(default_factory=dict)
    order: int = 50


class DashboardTile(Protocol):
    """Computes one tile of the dashboard."""

    key: str

    def tile(self, session: Session, company_id: int, role: str) -> Tile | None:
        """Return the tile, or None when it does not apply."""


@dataclass(frozen=True, kw_only=True)
class SetupStep:
    """One step of the set-up path, verified live."""

    key: str
    title: str
    detail: str
    url: str
    is_done: bool
    order: int = 50


class SetupStepProvider(Protocol):
    """Says how far one step of the set-up path is."""

    def step(self, session: Session, company_id: int) -> SetupStep:
        """Look at the facts and return the step."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Something facts are about (a campaign), as a lower room may name it."""

    id: int  # the fact's subject_id
    public_id: uuid.UUID
    name: str


class SubjectResolver(Protocol):
    """Lets rules of lower rooms name things of a higher room, and notice when they are gone."""

    subject_type: str  # the fact's subject_type, e.g. "campaign"

    def resolve(
        self, session: Session, company_id: int, public_ids: Sequence[uuid.UUID]
    ) -> Mapping[uuid.UUID, Subject]:
        """Return those that exist, also in the trash: their facts are still there."""

    def choices(self, session: Session, company_id: int, limit: int) -> Sequence[Subject]:
        """Return the latest ones that people may choose from, newest first."""


class LinkDresser(Protocol):
    """Says on the way to the company's own site who follows a link of a mail; mails stand below the site's room."""

    def dressed(self, session: Session, contact_id: int, url: str) -> str:
        """Return the target with that word, or as it is: any other target never carries one."""


class FactPeople(Protocol):
    """Knows who a fact's contact is; the ledger stands below the room that keeps them."""

    def identify(self, session: Session, contact_id: int) -> tuple[uuid.UUID, str] | None:
        """Return public id and e-mail address ("" = none), None when there is no such contact."""


class ContactLists(Protocol):
    """Lists that contacts can be put on; contacts stand below the room that keeps them."""

    def choices(self, session: Session) -> Sequence[tuple[str, str]]:
        """Return (public id, name) of the company's lists, by name."""

    def add(self, session: Session, list_id: str, contact_ids: Sequence[int]) -> str:
        """Put contacts on a list; returns its name, "" when there is no such list (any more)."""


@dataclass(frozen=True, kw_only=True)
class MergeField:
    """One merge field that content may name."""

    name: str  # as written between the braces: "first_name", "fields.size"
    label: str  # for people
    example: str = ""  # what a preview shows when nobody is chosen


class MergeSource(Protocol):
    """Knows the merge fields of recipients; content stands below the rooms that hold people."""

    def fields(self, session: Session, company_id: int) -> Sequence[MergeField]:
        """Return every field a recipient has, in the order people see them."""

    def find(self, session: Session, company_id: int, text: str, limit: int) -> Sequence[tuple[uuid.UUID, str]]:
        """Return recipients whose e-mail or name begins with the text: public id and label."""

    def values(
        self, session: Session, company_id: int, public_id: uuid.UUID, names: frozenset[str]
    ) -> Mapping[str, object] | None:
        """Return one recipient's merge data, or None when there is no such recipient."""


@dataclass(frozen=True, kw_only=True)
class NavItem:
    """One entry of the left navigation."""

    endpoint: str
    icon: str
    label: Callable[[], str]  # translated at display time
    section: str  # "" | create | grow | govern | operate
    key: str = ""  # letter after `g`
    order: int = 50
    badge: Callable[[Session, int], int] | None = None
    minimum_role: str = "viewer"
    operator_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Contributions:
    """Everything one room contributes; `house` merges all of them."""

    nav: tuple[NavItem, ...] = ()
    audience_sources: tuple[AudienceSource, ...] = ()
    observers: tuple[OutboundObserver, ...] = ()
    panels: tuple[ContactPanel, ...] = ()
    erasers: tuple[Eraser, ...] = ()
    health: tuple[HealthCheck, ...] = ()
    search: tuple[SearchProvider, ...] = ()
    actions: tuple[PaletteAction, ...] = ()
    trash: tuple[TrashBin, ...] = ()
    tiles: tuple[DashboardTile, ...] = ()
    setup_steps: tuple[SetupStepProvider, ...] = ()
    subject_resolvers: tuple[SubjectResolver, ...] = ()
    merge_sources: tuple[MergeSource, ...] = ()
    file_owners: tuple[FileOwner, ...] = ()
    travelling: tuple[TravellingFiles, ...] = ()
    content_users: tuple[ContentUser, ...] = ()
    contact_lists: tuple[ContactLists, ...] = ()
    people: tuple[FactPeople, ...] = ()
    run_keepers: tuple[RunKeeper, ...] = ()
    link_dressers: tuple[LinkDresser, ...] = ()
    opt_ins: tuple[OptInStarter, ...] = ()
    prices: tuple[PriceSource, ...] = ()
    tellers: tuple[NewsTeller, ...] = ()

    def merged(self, other: Contributions) -> Contributions:
        """Return both together, in order."""
        names = [item.name for item in fields(self)]
        return Contributions(**{name: getattr(self, name) + getattr(other, name) for name in names})


_installed = Contributions()


def install(contributions: Contributions) -> None:
    """Make the house's contributions known to this process; called once by `house`."""
    global _installed  # noqa: PLW0603 - the composition root sets it once per process
    _installed = contributions


def installed() -> Contributions:
    """Return what the house installed in this process."""
    return _installed
