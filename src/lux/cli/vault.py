"""`lux vault`: change the keys that seal secrets, look whether all opens, destroy a company's secrets."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.kit.settings import load

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.db import Database
    from lux.kit.settings import Settings


@click.group()
def vault() -> None:
    """Look after the keys that seal secrets."""


@vault.command("verify")
@click.option("--company", "slug", default=None, help="Short name of one company; without it all of them.")
def verify(slug: str | None) -> None:
    """Open every secret where it stands; exit code 1 when one does not open, or the key is not there."""
    lines, is_whole = _verified(load(), slug)
    for line in lines:
        click.echo(line)
    sys.exit(0 if is_whole else 1)


@vault.command("rotate")
@click.option("--master", "kind", flag_value="master", default=True, help="The installation's master key (default).")
@click.option("--data-keys", "kind", flag_value="data", help="Each company's own key; every secret is sealed anew.")
@click.option("--company", "slug", default=None, help="With --data-keys: short name of one company.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Only say what would happen.")
def rotate(kind: str, slug: str | None, *, is_dry: bool) -> None:
    """Put a new key in the place of the present one; broken off at any point, the next call goes on."""
    if kind == "master" and slug is not None:
        raise click.UsageError(_("A company has no master key of its own: add --data-keys."))
    settings = load()
    for line in _master(settings, is_dry=is_dry) if kind == "master" else _data_keys(settings, slug, is_dry=is_dry):
        click.echo(line)


@vault.command("shred")
@click.option("--company", "slug", required=True, help="Short name of the company.")
@click.option("--yes-i-mean", "typed", default="", help="The short name once more: it can't be undone.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Only say what would happen.")
def shred(slug: str, typed: str, *, is_dry: bool) -> None:
    """Destroy a company's data keys: nobody can open its stored secrets any more."""
    if is_dry:
        for line in _would_shred(load(), slug):
            click.echo(line)
        return
    if typed != slug:
        raise click.UsageError(_("--yes-i-mean does not name the same company. Nothing was destroyed."))
    for line in _shredded(load(), slug):
        click.echo(line)


def _verified(settings: Settings, slug: str | None) -> tuple[list[str], bool]:
    from lux.cli import control, database
    from lux.kit.db import ALL_COMPANIES
    from lux.kit.errors import VaultLocked
    from lux.vault import verification

    with database.opened(settings) as db:
        try:
            if slug is None:
                report = verification.verify_and_keep(settings, db)
            else:
                with db.read(ALL_COMPANIES) as session:
                    report = verification.verify(settings, session, control.company_id_of(session, slug))
        except VaultLocked as locked:
            return [f"{locked.message} {locked.fix}"], False
    lines = [_("The vault opens.")]
    count, keys = report.secrets - report.destroyed - report.faults, report.data_keys
    lines.append(_("%(secrets)s secrets open, under %(keys)s data keys.", secrets=count, keys=keys))
    if report.destroyed:
        lines.append(_("%(count)s belong to keys that were destroyed on purpose.", count=report.destroyed))
    lines += [_("Does not open: %(name)s", name=name) for name in report.named]
    if report.faults > len(report.named):
        lines.append(_("… and %(count)s more.", count=report.faults - len(report.named)))
    return lines, report.is_whole


def _master(settings: Settings, *, is_dry: bool) -> list[str]:
    from lux.cli import database
    from lux.vault import rotation

    with database.opened(settings) as db:
        if not is_dry:
            return rotation.rotate_master(settings, db)
        plan = rotation.plan_master(settings, db)
    told = ngettext(
        "One data key would be wrapped by %(newest)s instead of %(present)s.",
        "%(num)s data keys would be wrapped by %(newest)s instead of %(present)s.",
        plan.data_keys, newest=plan.newest, present=plan.present,
    )  # fmt: skip
    if plan.is_begun:
        told = f"{_('A rotation has begun and would go on.')} {told}"
    return [told, _("Nothing was changed.")]


def _data_keys(settings: Settings, slug: str | None, *, is_dry: bool) -> Iterator[str]:
    from lux.cli import control, database
    from lux.kit.db import ALL_COMPANIES
    from lux.ledger.audit import Actor
    from lux.vault import rekeying

    with database.opened(settings) as db:
        with db.read(ALL_COMPANIES) as session:
            chosen = control.company_id_of(session, slug)
            companies = [chosen] if chosen is not None else rekeying.companies_with_keys(session)
            names = _names(session)
        for company_id in companies:
            name = names.get(company_id, str(company_id))
            if is_dry:
                yield _planned(db, company_id, name)
                continue
            done = rekeying.rotate(settings, db, company_id, actor=Actor(type="operator"))
            if done is None:
                yield _("%(name)s: it has no data key yet.", name=name)
            else:
                yield ngettext("%(name)s: one secret is sealed anew, the earlier key is gone.",
                               "%(name)s: %(num)s secrets are sealed anew, the earlier key is gone.",
                               done.secrets, name=name)  # fmt: skip
        if is_dry:
            yield _("Nothing was changed.")
        elif not companies:
            yield _("No company has a data key yet.")


def _planned(db: Database, company_id: int, name: str) -> str:
    from lux.kit.db import ALL_COMPANIES
    from lux.vault import rekeying

    with db.read(ALL_COMPANIES) as session:
        plan = rekeying.plan(session, company_id)
    if plan is None:
        return _("%(name)s: it has no data key yet.", name=name)
    told = ngettext(
        "%(name)s: one secret would be sealed anew.", "%(name)s: %(num)s secrets would be sealed anew.",
        plan.secrets, name=name,
    )  # fmt: skip
    return f"{told} {_('A rotation has begun and would go on.')}" if plan.is_begun else told


def _shredded(settings: Settings, slug: str) -> list[str]:
    from lux.cli import control, database
    from lux.kit.db import ALL_COMPANIES
    from lux.ledger.audit import Actor
    from lux.vault import shredding

    with database.opened(settings) as db:
        with db.read(ALL_COMPANIES) as session:
            company_id = control.company_id_of(session, slug)
        done = shredding.shred(db, company_id, actor=Actor(type="operator"))
    return [
        ngettext("%(name)s: one secret can't be opened by anybody any more.",
                 "%(name)s: %(num)s secrets can't be opened by anybody any more.", done.secrets, name=slug),
        _("Backups made before still hold the key, wrapped by the master key: remove them, too."),
    ]  # fmt: skip


def _would_shred(settings: Settings, slug: str) -> list[str]:
    from lux.cli import control, database
    from lux.kit.db import ALL_COMPANIES
    from lux.vault import rekeying

    with database.opened(settings) as db, db.read(ALL_COMPANIES) as session:
        count = rekeying.count_secrets(session, control.company_id_of(session, slug))
    told = ngettext("%(name)s: one secret could not be opened by anybody any more.",
                    "%(name)s: %(num)s secrets could not be opened by anybody any more.", count, name=slug)  # fmt: skip
    return [told, _("Nothing was changed.")]


def _names(session: Session) -> dict[int, str]:
    from sqlalchemy import select

    from lux.identity.models import Company

    return {row.id: row.slug for row in session.execute(select(Company.id, Company.slug))}
