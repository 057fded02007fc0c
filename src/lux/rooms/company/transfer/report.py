"""What came of an import, in words: what is to be entered again, who was there, what waits for a new yes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.rooms.company.transfer.arriving import Looked
from lux.rooms.company.transfer.tables import TRAVELS
from lux.ui.shell import role_label

MOST_PEOPLE: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Point:
    """One thing to know or to do."""

    title: str
    text: str
    names: Sequence[str] = ()
    is_work: bool = False  # something is to be done


def made_of(found: Looked) -> dict[str, Any]:
    """Return the report of an import as it is stored."""
    manifest = found.reader.manifest
    return {
        "from": {"name": found.company["name"], "public_id": str(found.company["public_id"])}
        | {"lux": manifest.lux, "made_at": manifest.made_at, "public_url": found.company["public_url"]},
        "rows": {one.name: found.parts[one.name].rows for one in TRAVELS if one.name in found.parts},
        "people": found.people[:MOST_PEOPLE],
        "again": manifest.again,
        "drafts": found.gate.drafts,
        "cut_off": found.gate.cut_off,
        "renewed": found.numbers.renewed,
        "lost_files": found.lost_files,
        "chain": {"rows": found.chain.rows, "head": found.chain.head, "holds": found.chain.holds},
    }


def points(report: Mapping[str, Any]) -> list[Point]:
    """Return what a person has to know after an import, what is to be done first."""
    return [*_work(report), *_news(report)]


def _work(report: Mapping[str, Any]) -> list[Point]:
    again: Mapping[str, Sequence[str]] = report["again"]
    words = [
        ("accounts", _("Connect again"), _("Passwords and keys of accounts do not travel.")),
        ("domains", _("Set up these domains again"), _("Their DKIM keys are secret; new ones need new DNS records.")),
        (
            "api_keys",
            _("Make these API keys again"),
            _("Zapier and other programs get new keys and the new address."),
        ),
        ("webhooks", _("Set up these webhooks again"), _("Nobody is called until somebody here says yes to it.")),
        ("toggles", _("Switch on again"), _("Everything is switched off, so that two installations do not both send.")),
    ]
    found = [
        Point(title=title, text=text, names=again[key], is_work=True) for key, title, text in words if again.get(key)
    ]
    found.append(
        Point(title=_("Verify the senders"), text=_("An address is proven where it is used."), is_work=True)
    )  # fmt: skip
    people = [f"{one['email']} ({_role(one['role'])})" for one in report["people"]]
    if people:
        words_ = _("Nobody was let in but the new owner. Invite those who go on working here.")
        found.append(Point(title=_("Invite these people"), text=words_, names=people, is_work=True))
    if report["from"].get("public_url"):
        words_ = _("Links used the address %(url)s. Enter it under Settings when it leads here.",
                   url=report["from"]["public_url"])  # fmt: skip
        found.append(Point(title=_("Set the company’s own address"), text=words_, is_work=True))
    return found


def _news(report: Mapping[str, Any]) -> list[Point]:
    found = []
    if report["drafts"]:
        words = ngettext(
            "%(num)s campaign had not left and is a draft again: a yes given elsewhere lets nothing out here.",
            "%(num)s campaigns had not left and are drafts again: a yes given elsewhere lets nothing out here.",
            report["drafts"],
        )
        found.append(Point(title=_("Drafts again"), text=words))
    if report["cut_off"]:
        words = ngettext(
            "%(num)s campaign was leaving when the archive was made; here it is cancelled; who got it is known.",
            "%(num)s campaigns were leaving when the archive was made; here they are cancelled; who got one is known.",
            report["cut_off"],
        )
        found.append(Point(title=_("Cut off"), text=words))
    if report["renewed"]:
        words = ngettext(
            "%(num)s record got a new id, because its own is in use here.",
            "%(num)s records got new ids, because theirs are in use here.",
            report["renewed"],
        )
        found.append(Point(title=_("New ids"), text=words))
    if report["lost_files"]:
        words = ngettext(
            "%(num)s file of a picture was missing where the archive was made.",
            "%(num)s files of pictures were missing where the archive was made.",
            report["lost_files"],
        )
        found.append(Point(title=_("Missing files"), text=words))
    return [*found, _of_chain(report["chain"]), _of_links()]


def _of_chain(chain: Mapping[str, Any]) -> Point:
    shown = chain["head"][:16]
    if chain["holds"]:
        words = ngettext(
            "%(num)s row of the earlier chain holds, up to %(head)s.",
            "%(num)s rows of the earlier chain hold, up to %(head)s.",
            chain["rows"],
            head=shown,
        )
    else:
        words = _("The earlier chain does not hold after row %(num)s. What it says is not proof.", num=chain["rows"])
    return Point(title=_("Audit log"), text=words + " " + _("Keep the archive: the company begins a new chain here."))


def _of_links() -> Point:
    return Point(
        title=_("Links in mails that have left"),
        text=_(
            "They lead to the installation that sent them, unsubscribe links too. Keep it running, with sending "
            "stopped, and enter here who unsubscribes there."
        ),
    )


def _role(role: str) -> str:
    from lux.identity.access import Role

    return role_label(Role(role)) if role in {one.value for one in Role} else role
