"""What rows of the chain are about, by its present name and with its page; what is gone has neither."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lux.gate import domains, senders, titles, toggles
from lux.gate.guests import seeing
from lux.gate.review import own_rules
from lux.gate.stop import naming, scopes, triggers
from lux.gate.webhooks import reads as hooks
from lux.identity import api_keys, members
from lux.kit.i18n import gettext as _
from lux.kit.i18n import lazy_gettext as _l
from lux.rooms.contacts.queries import people
from lux.vault import accounts

if TYPE_CHECKING:
    from babel.support import LazyProxy
    from sqlalchemy.orm import Session

    from lux.ledger.models import ApprovalAuditLog

KINDS: Final[Mapping[str, LazyProxy]] = {
    "approval": _l("an approval"),
    "user": _l("a person"),
    "api_key": _l("an API key"),
    "sender": _l("a sender"),
    "domain": _l("a sending domain"),
    "webhook": _l("a webhook"),
    "account": _l("a connection"),
    "toggle": _l("a switch"),
    "contact": _l("a contact"),
    "company": _l("the company"),
    "guest": _l("a guest reviewer"),
    "contact_import": _l("an import"),
    "delivery": _l("a message"),
    "stop": _l("this company"),
    "review_rule": _l("one that is gone"),
    "stop_trigger": _l("a bound"),
    "budget": _l("a channel"),
}
PLAIN: Final = frozenset({"stop", "stop_trigger", "budget"})  # words for what there is, not names that people gave


NOBODY: Final[Mapping[str, LazyProxy]] = {"system": _l("LUX itself"), "operator": _l("the command line")}
MOST: Final = 500  # approvals, and contacts, by whose names rows are found: the newest
_BY_ID: Final = frozenset({"approval", "contact", "stop"})  # too many, or put together: asked for by their ids alone


@dataclass(frozen=True, kw_only=True)
class Named:
    """What something is called now, and where it stands."""

    name: str
    url: str = ""


Names = Mapping[str, Named]


def names_of(session: Session, rows: Sequence[ApprovalAuditLog]) -> Mapping[tuple[str, str], Named]:
    """Return the names of what rows are about, by type and id; one question for each type among them."""
    found: dict[tuple[str, str], Named] = {}
    for kind, ask in _ASKED.items():
        ids = {row.object_id for row in rows if row.object_type == kind and row.object_id}
        if ids:
            found |= {(kind, key): named for key, named in ask(session, ids).items() if key in ids}
    return found


def holding(session: Session, word: str) -> list[tuple[str, str]]:
    """Return (type, id) of what is now called something with this word in it, in any case."""
    folded, found = word.casefold(), list[tuple[str, str]]()
    for kind, ask in _ASKED.items():
        if kind not in _BY_ID:
            found += [(kind, key) for key, named in ask(session, ()).items() if folded in named.name.casefold()]
    found += [("approval", str(one)) for one in titles.holding(session, word, limit=MOST)]
    return found + [("contact", str(one)) for one in people.named(session, word, limit=MOST)]


def about(row: ApprovalAuditLog, names: Mapping[tuple[str, str], Named]) -> str:
    """Return what a row is about, in words: its name, else what kind of thing it is."""
    if row.object_type == "secret":
        return row.object_id.partition(":")[0]
    named = names.get((row.object_type, row.object_id))
    if named is None:
        kind = KINDS.get(row.object_type)
        return str(kind) if kind is not None else row.object_type.replace("_", " ") or _("this company")
    if row.object_type == "approval" and row.object_version:
        return _("“%(name)s” version %(version)s", name=named.name, version=row.object_version)
    return named.name if row.object_type in PLAIN else _("“%(name)s”", name=named.name)


def actors(session: Session) -> Mapping[tuple[str, int], str]:
    """Return the names of those who act in the company now, by type and id."""
    found = {("person", one.user_id): one.name or one.email for one in members.listing(session)}
    found |= {("guest", number): _("%(name)s (guest)", name=name) for number, _key, name in seeing.names(session)}
    return found | {("api_key", key.id): api_keys.shown_name(key) for key in api_keys.listing(session)}


def who(row: ApprovalAuditLog, names: Mapping[tuple[str, int], str]) -> str:
    """Return who acted, in words."""
    if row.actor_type == "operator" and row.actor_id:
        return _("an operator of the installation")
    found = names.get((row.actor_type, row.actor_id or 0)) or NOBODY.get(row.actor_type)
    return str(found) if found is not None else _("somebody who left")


def _approvals(session: Session, ids: Collection[str]) -> Names:
    rows = titles.of_items(session, _uuids(ids))
    return {str(key): Named(name=title, url=f"/approvals/{key}") for key, title in rows.items()}


def _members(session: Session, _ids: Collection[str]) -> Names:
    rows = members.listing(session)
    return {str(one.public_id): Named(name=one.name or one.email, url="/settings/members") for one in rows}


def _keys(session: Session, _ids: Collection[str]) -> Names:
    rows = api_keys.listing(session)
    return {str(one.public_id): Named(name=one.name, url="/settings/api-keys") for one in rows}


def _senders(session: Session, _ids: Collection[str]) -> Names:
    rows = senders.listing(session)
    return {str(one.public_id): Named(name=one.email, url=f"/settings/senders/{one.public_id}") for one in rows}


def _domains(session: Session, _ids: Collection[str]) -> Names:
    rows = domains.listing(session)
    return {str(one.public_id): Named(name=one.domain, url=f"/settings/domains/{one.public_id}") for one in rows}


def _hooks(session: Session, _ids: Collection[str]) -> Names:
    rows, page = hooks.listing(session), "/settings/integrations/webhooks"
    return {str(one.public_id): Named(name=one.name, url=f"{page}/{one.public_id}") for one in rows}


def _accounts(session: Session, _ids: Collection[str]) -> Names:
    rows = accounts.listing(session)
    return {str(one.public_id): Named(name=one.label, url="/settings/integrations/") for one in rows}


def _toggles(_session: Session, _ids: Collection[str]) -> Names:
    return {key: Named(name=spec.label(), url=toggles.address(key)) for key, spec in toggles.BY_KEY.items()}


def _stops(session: Session, ids: Collection[str]) -> Names:
    found = {}
    for key in ids:
        try:
            scope = scopes.from_key(key)
        except ValueError:
            continue  # a row of a time when something else stood there
        found[key] = Named(name=naming.of(session, scope), url="/approvals/stop")
    return found


def _triggers(_session: Session, _ids: Collection[str]) -> Names:
    known = triggers.BY_KEY.items()
    return {key: Named(name=spec.label(), url="/approvals/stop#triggers") for key, spec in known}


def _budgets(_session: Session, _ids: Collection[str]) -> Names:
    known = scopes.CHANNELS.items()
    return {key: Named(name=label(), url=f"/approvals/budgets#budget-{key}") for key, label in known}


def _rules(session: Session, _ids: Collection[str]) -> Names:
    rows = own_rules.listing(session)
    return {str(one.public_id): Named(name=one.name, url=f"/approvals/rules/{one.public_id}") for one in rows}


def _contacts(session: Session, ids: Collection[str]) -> Names:
    rows = people.names_of(session, people.ids_of(session, _uuids(ids)))
    return {str(one.public_id): Named(name=one.name, url=f"/contacts/{one.public_id}") for one in rows.values()}


def _guests(session: Session, _ids: Collection[str]) -> Names:
    return {str(key): Named(name=name, url="/approvals/guests") for _number, key, name in seeing.names(session)}


def _uuids(ids: Collection[str]) -> list[uuid.UUID]:
    found = []
    for one in ids:
        try:
            found.append(uuid.UUID(one))
        except ValueError:
            continue  # a row of a time when something else stood there
    return found


_ASKED: Final[Mapping[str, Callable[[Session, Collection[str]], Names]]] = {
    "approval": _approvals, "user": _members, "api_key": _keys, "sender": _senders, "domain": _domains,
    "webhook": _hooks, "account": _accounts, "toggle": _toggles, "contact": _contacts, "guest": _guests,
    "stop": _stops, "stop_trigger": _triggers, "budget": _budgets, "review_rule": _rules,
}  # fmt: skip
