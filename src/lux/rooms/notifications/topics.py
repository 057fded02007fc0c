"""What notices are about, and how each person wants to hear of it: in the bell, by mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lux.kit.i18n import gettext as _

KEY: Final = "notify"  # in a person's preferences


@dataclass(frozen=True, kw_only=True)
class Topic:
    """Notices that people switch on and off together."""

    key: str
    icon: str
    label: Callable[[], str]
    about: Callable[[], str]
    prefixes: tuple[str, ...]  # beginnings of notices' kinds


@dataclass(frozen=True, kw_only=True)
class Wish:
    """How somebody wants to hear of a topic."""

    in_bell: bool = True
    by_mail: bool = False


SILENT: Final = frozenset({"checkpoints"})  # topics nobody hears of who has not asked for them


TOPICS: Final = (
    Topic(
        key="approvals",
        icon="check-circle",
        label=lambda: _("Approvals"),
        about=lambda: _("Something waits for your yes or needs a new one; somebody said something about it."),
        prefixes=("approval.",),
    ),
    Topic(
        key="stops",
        icon="octagon",
        label=lambda: _("Emergency stop"),
        about=lambda: _("LUX has stopped something by itself; a mail comes in any case."),
        prefixes=("stop.",),
    ),
    Topic(
        key="campaigns",
        icon="send",
        label=lambda: _("Campaigns"),
        about=lambda: _("Yours was approved or rejected, is done, is paused or has failed."),
        prefixes=("campaign.",),
    ),
    Topic(
        key="contacts",
        icon="users",
        label=lambda: _("Contacts"),
        about=lambda: _("Your import or change of many contacts has ended, your export is ready."),
        prefixes=("contacts.", "segments."),
    ),
    Topic(
        key="connections",
        icon="link",
        label=lambda: _("Connections"),
        about=lambda: _("A webhook was switched off, or the key of a sending domain is gone from DNS."),
        prefixes=("webhook.", "domain."),
    ),
    Topic(
        key="company",
        icon="briefcase",
        label=lambda: _("Moving companies"),
        about=lambda: _("The file with your whole company is ready, or a company has arrived."),
        prefixes=("company.",),
    ),
    Topic(
        key="work",
        icon="alert-octagon",
        label=lambda: _("Background work"),
        about=lambda: _("Work that LUX does on its own has failed for good."),
        prefixes=("job.",),
    ),
    Topic(
        key="audit",
        icon="shield",
        label=lambda: _("Audit log"),
        about=lambda: _("A verification has found that it does not hold. For owners."),
        prefixes=("audit.",),
    ),
    Topic(
        key="checkpoints",
        icon="shield",
        label=lambda: _("Checkpoints of the audit log"),
        about=lambda: _("Once a day the signed checkpoint, to keep outside of LUX. For owners; by mail is best."),
        prefixes=("audit_checkpoint.",),
    ),
)
OTHER: Final = Topic(
    key="other",
    icon="bell",
    label=lambda: _("Other"),
    about=lambda: _("Everything else."),
    prefixes=("",),
)
ALL: Final = (*TOPICS, OTHER)


def topic_of(kind: str) -> Topic:
    """Return what a notice's kind is about."""
    return next((topic for topic in TOPICS if kind.startswith(topic.prefixes)), OTHER)


def named(key: str) -> Topic | None:
    """Return a topic by its key, None when there is none."""
    return next((topic for topic in ALL if topic.key == key), None)


def wish_of(preferences: Mapping[str, Any], topic: Topic) -> Wish:
    """Return how a person wants to hear of a topic; what they have not said is the default."""
    said = preferences.get(KEY, {}).get(topic.key, {})
    usual = Wish(in_bell=topic.key not in SILENT)
    return Wish(in_bell=bool(said.get("bell", usual.in_bell)), by_mail=bool(said.get("mail", usual.by_mail)))


def stored(wishes: Mapping[str, Wish]) -> dict[str, dict[str, bool]]:
    """Return wishes by topic as a person's preferences keep them."""
    return {key: {"bell": wish.in_bell, "mail": wish.by_mail} for key, wish in wishes.items()}
