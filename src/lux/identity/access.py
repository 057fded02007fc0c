"""Who may do what: four roles per company, rights, and the person behind a request."""

from __future__ import annotations

import enum
import uuid
from dataclasses import dataclass

from lux.kit.errors import Forbidden
from lux.kit.i18n import gettext as _
from lux.ledger.audit import Actor


class Role(enum.Enum):
    """A person's role in one company."""

    OWNER = "owner"  # everything, also handing over the company
    ADMIN = "admin"  # everything but removing the owner; may approve
    MARKETER = "marketer"  # creates and submits
    VIEWER = "viewer"  # sees

    @property
    def rank(self) -> int:
        """Return 0 (viewer) to 3 (owner)."""
        return (Role.VIEWER, Role.MARKETER, Role.ADMIN, Role.OWNER).index(self)


class Right(enum.Enum):
    """What a route asks for; the value is the least role that has it."""

    VIEW = "viewer"  # see the company's records
    EDIT = "marketer"  # create and change contacts, segments, campaigns; submit
    STOP = "marketer_stop"  # press the emergency stop
    APPROVE = "admin"  # say yes or no
    MANAGE = "admin_manage"  # members, settings, secrets, toggles, resume
    OWN = "owner"  # hand over, delete the company
    OPERATE = "operator"  # the installation itself

    @property
    def least_role(self) -> Role | None:
        """Return the least role; None = a platform operator only."""
        if self is Right.OPERATE:
            return None
        return Role(self.value.split("_", 1)[0])


@dataclass(frozen=True, kw_only=True)
class Person:
    """The signed-in person, in the company they are looking at."""

    user_id: int
    user_public_id: uuid.UUID
    name: str
    email: str
    company_id: int | None  # None = belongs to no company
    role: Role | None
    is_operator: bool
    session_id: int | None  # the web session that proves it; None only for the command line
    locale: str = "en"
    timezone: str = "UTC"
    formats: str = ""  # how they write dates and numbers: "en_GB"; "" = as is usual in their language
    session_public_id: uuid.UUID | str = ""  # of that session, as rows of the audit chain name it
    single_keys: bool = True  # single-letter shortcuts are on

    @property
    def actor(self) -> Actor:
        """Return how the audit chain names who acts."""
        return Actor(type="person", id=self.user_id)

    def has(self, right: Right) -> bool:
        """Say whether this person has a right in the present company."""
        least = right.least_role
        if least is None:
            return self.is_operator
        return self.role is not None and self.role.rank >= least.rank

    def require(self, right: Right) -> None:
        """Raise Forbidden when the right is missing, naming who can help."""
        if not self.has(right):
            raise Forbidden(
                _("Your role does not allow this."),
                fix=_("Ask an owner or admin of the company: they can do it or change your role."),
            )


def mark_of(person: Person | None) -> str:
    """Return how rows and facts name who acted: "person:7", "api_key:3", "system"."""
    return f"{person.actor.type}:{person.actor.id}" if person else "system"
