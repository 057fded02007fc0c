"""What stands around the rows: what can be looked for, and how the chain stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lux.kit.db.session import company_of, settings_of
from lux.kit.i18n import gettext as _
from lux.ledger import audit
from lux.ledger.audit import checkpoints, keys
from lux.rooms.approvals.log import details, naming

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.ledger.audit import Check
    from lux.ledger.audit.checkpoints import Checkpoint

Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How the company's chain stands."""

    check: Check | None
    checkpoint: Checkpoint | None
    public_key: str  # base64, "" = none yet
    fingerprint: str


def standing(session: Session) -> Standing:
    """Return the last verification, the last checkpoint, and the key that signs."""
    company_id = company_of(session)
    try:
        public = next(iter(keys.public_keys(settings_of(session))), "")
    except keys.KeyMissing:  # damaged: health and the job say so
        public = ""
    return Standing(
        check=audit.last_check(session, company_id),
        checkpoint=checkpoints.latest(session, company_id),
        public_key=public,
        fingerprint=keys.fingerprint(public) if public else "",
    )


def options(session: Session) -> Mapping[str, Choices]:
    """Return what the filter offers."""
    people = naming.actors(session)
    everybody = [(f"{kind}:{number}", name) for (kind, number), name in people.items()]
    example = {"who": "…", "what": "…"}
    actions = sorted(((one.name, str(one.sentence) % example) for one in audit.known()), key=lambda one: one[1])
    return {
        "category": [("", _("Everything")), *((key, str(label)) for key, label in audit.CATEGORIES.items())],
        "action": [("", _("Any")), *actions],
        "via": [("", _("Anywhere")), *((key, str(label)) for key, label in details.DOORS.items())],
        "who": [("", _("Anybody")), *everybody, ("system", _("LUX itself")), ("operator", _("The command line"))],
    }
