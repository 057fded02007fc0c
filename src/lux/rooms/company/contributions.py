"""What the company room offers: its place in the navigation, steps of the set-up path, the health of senders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lux.gate import domains, senders
from lux.identity import companies, members
from lux.kit.db.session import company_of
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.ports.contributions import Contributions, HealthFinding, NavItem, SetupStep
from lux.ports.finding import PaletteAction, SearchHit
from lux.rooms.company import queries

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SETTINGS, SENDERS, DOMAINS = "/settings", "/settings/senders", "/settings/domains"


class CompanyDetailsStep:
    """The company has what the law asks for at the foot of a mail."""

    def step(self, session: Session, company_id: int) -> SetupStep:
        """Look whether the postal address is there."""
        company = companies.by_id(session, company_id)
        return SetupStep(
            key="company",
            title=_("Complete your company’s details"),
            detail=_("The postal address stands at the foot of every campaign: the law asks for it."),
            url=SETTINGS,
            is_done=bool(company.postal_address.strip()),
            order=10,
        )


class SenderStep:
    """There is somebody to write as."""

    def step(self, session: Session, company_id: int) -> SetupStep:  # noqa: ARG002 - the session carries the company
        """Look whether a sender is proven."""
        found = senders.verified(session)
        detail = (
            _("You can write as %(email)s.", email=found[0].email)
            if found
            else _("Add the name and address you write as; a mailed code proves that it is yours.")
        )
        return SetupStep(
            key="sender",
            title=_("Verify a sender"),
            detail=detail,
            url=SENDERS,
            is_done=bool(found),
            order=20,
        )


class SenderHealth:
    """Senders and sending domains work."""

    key = "senders"

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:
        """Look at what is stored; DNS is asked on the domain's own page."""
        if company_id is None or company_of(session) != company_id:
            return ()
        return [_of_senders(session), *_of_domains(session)]


class FindMembers:
    """Finds members by name or address."""

    key, icon, minimum_role, order = "members", "users", "admin", 90

    def heading(self) -> str:
        """Return what stands over them."""
        return _("Members")

    def search(self, session: Session, company_id: int, text: str, limit: int) -> Sequence[SearchHit]:  # noqa: ARG002 - the session carries the company
        """Return at most `limit` members, owners first."""
        wanted = text.casefold()
        found = [one for one in members.listing(session) if wanted in f"{one.name} {one.email}".casefold()]
        return [
            SearchHit(label=one.name or one.email, kind=_("Member"), url=f"{SETTINGS}/members", detail=one.email)
            for one in found[:limit]
        ]


def _of_senders(session: Session) -> HealthFinding:
    count = len(senders.verified(session))
    if count:
        words = ngettext("One sender is verified.", "%(count)s senders are verified.", count, count=count)
        return HealthFinding(key="senders", level="ok", message=words)
    return HealthFinding(
        key="senders",
        level="warn",
        message=_("No sender is verified, so no campaign can leave."),
        fix=_("Add one and enter the code that is mailed to it."),
        url=SENDERS,
    )


def _of_domains(session: Session) -> list[HealthFinding]:
    return [
        HealthFinding(
            key=f"domain.{row.domain}",
            level="warn",
            message=_("The DKIM key of %(domain)s was not found in DNS.", domain=row.domain),
            fix=_("Copy the record and look it up again."),
            url=f"{DOMAINS}/{row.public_id}",
        )
        for row in domains.listing(session)
        if not (row.checks.get("dkim") or {}).get("ok")
    ]


def _settings_page(endpoint: str, icon: str, label: Callable[[], str], order: int) -> PaletteAction:
    return PaletteAction(
        endpoint=endpoint, icon=icon, label=label, words=lambda: _("Settings"), is_page=True, minimum_role="admin",
        order=order,
    )  # fmt: skip


ACTIONS = (
    PaletteAction(
        endpoint="company.member_list",
        icon="user-plus",
        label=lambda: _("Invite a member…"),
        words=lambda: _("colleague team add user"),
        minimum_role="admin",
        order=70,
    ),
    PaletteAction(
        endpoint="company.mine",
        icon="repeat",
        label=lambda: _("Switch company…"),
        words=lambda: _("change workspace"),
        order=80,
    ),
    _settings_page("company.member_list", "users", lambda: _("Members"), 60),
    _settings_page("company.sender_list", "at-sign", lambda: _("Senders"), 60),
    _settings_page("company.domain_list", "globe", lambda: _("Sending domains"), 61),
    _settings_page("company.brand", "droplet", lambda: _("Brand"), 61),
    _settings_page("company.api_key_list", "key", lambda: _("API keys"), 63),
    PaletteAction(endpoint="company.setup", icon="check-square", label=lambda: _("Set-up"), is_page=True, order=64),
)


class CompanyFiles:
    """Files with everything of the company."""

    def file_keys(self, session: Session, company_id: int) -> Sequence[str]:
        """Return the keys of those that may still be there."""
        return queries.export_keys(session, company_id)


CONTRIBUTIONS = Contributions(
    nav=(
        NavItem(
            endpoint="company.general",
            icon="settings",
            label=lambda: _("Settings"),
            section="operate",
            key="s",
            order=90,
            minimum_role="admin",
        ),
    ),
    search=(FindMembers(),),
    actions=ACTIONS,
    setup_steps=(CompanyDetailsStep(), SenderStep()),
    health=(SenderHealth(),),
    file_owners=(CompanyFiles(),),
)
