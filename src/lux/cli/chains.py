"""The audit chains from the command line: verify, export, checkpoint."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from lux.cli import database
from lux.cli.errors import CannotStart
from lux.identity.models import Company
from lux.kit.crypto import random_token
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.ledger import audit
from lux.ledger.audit import checkpoints, checks, copies, rounds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from lux.kit.settings import Settings
    from lux.ledger.audit.checks import Check


def verify(
    settings: Settings, which: str | None, files: Sequence[Path], *, as_json: bool
) -> tuple[Sequence[str], bool]:
    """Verify chains, also against checkpoints from outside; returns what to print and whether all hold."""
    given = [one for path in files for one in checkpoints.read_file(path)]
    if files and not given:
        raise CannotStart(_("There is no checkpoint in this file."), fix=_("Hand in one from LUX_HOME/checkpoints."))
    found: list[tuple[str, Check]] = []
    with database.opened(settings) as db:
        with db.read(ALL_COMPANIES) as session:
            wanted = {*_chains(session, settings, which), *(one.company for one in given if which is None)}
            names = {number: _named(session, number) for number in sorted(wanted)}
        for number, name in names.items():
            found.append((name, checks.verify_all(db, settings, number, given)))
    is_whole = not any(one.state == checks.BROKEN for _name, one in found)
    if as_json:
        return [json.dumps({"holds": is_whole, "chains": [_plain(name, one) for name, one in found]})], is_whole
    return [_said(name, one) for name, one in found] or [_("There is nothing in the audit log yet.")], is_whole


def export(settings: Settings, which: str | None, out: Path, *, since: datetime | None) -> str:
    """Write a copy for somebody outside, which appears whole or not at all; returns what happened."""
    if out.exists():
        raise CannotStart(_("There is something at %(path)s already.", path=out), fix=_("Choose another name."))
    moment = since.replace(tzinfo=UTC) if since else None
    with database.opened(settings) as db:
        with db.begin(ALL_COMPANIES) as session:
            numbers = _chains(session, settings, which)
            for number in numbers:
                detail = {"since": moment.date().isoformat() if moment else None}
                audit.append(
                    session, number, actor=audit.Actor(type="operator"), action="audit.exported", detail=detail
                )
        rounds.sign(db, settings)
        with db.read(ALL_COMPANIES) as session, _appearing(out) as target:
            if out.suffix == ".zip":
                with target.open("xb") as file:
                    rows = copies.write_zip(session, settings, numbers, file, since=moment)
            else:
                target.mkdir()
                rows = copies.write_folder(session, settings, numbers, target, since=moment)
    words = ngettext("One row is in %(path)s.", "%(num)s rows are in %(path)s.", rows, path=out)
    return words + " " + _("To verify: python3 -I verify.py")


def checkpoint(settings: Settings) -> list[str]:
    """Sign where every chain is now; returns a line for each that has moved on."""
    with database.opened(settings) as db:
        signed = rounds.sign(db, settings)
    return [one.line for one in signed] or [_("Every chain is signed as it stands.")]


def _chains(session: Session, settings: Settings, which: str | None) -> Sequence[int]:
    numbers = checks.all_chains(session, settings)
    if which is None:
        return numbers
    found = session.scalar(select(Company.id).where(Company.slug == which))
    if found is None and which.isdecimal() and int(which) in numbers:
        return [int(which)]  # also of a company that was removed: its chain stays
    if found is None:
        raise NotFound(_("There is no company with the short name %(name)s.", name=which))
    return [found]


def _named(session: Session, number: int) -> str:
    slug = session.scalar(select(Company.slug).where(Company.id == number))
    return slug or (_("company %(id)s", id=number) if number else _("installation"))


def _said(name: str, one: Check) -> str:
    if one.state == checks.BROKEN:
        return _("%(name)s: row %(seq)s does not hold: %(reason)s", name=name, seq=one.seq, reason=one.reason)
    line = ngettext("%(name)s: %(num)s row holds", "%(name)s: %(num)s rows hold", one.rows, name=name)
    signed = ngettext("%(num)s checkpoint", "%(num)s checkpoints", one.checkpoints)
    return f"{line} ({signed}{'; ' + one.reason if one.reason else ''})"


def _plain(name: str, one: Check) -> dict[str, object]:
    return {**vars(one), "at": one.at.isoformat(), "name": name}


@contextmanager
def _appearing(out: Path) -> Iterator[Path]:
    """Yield a path beside, which gets its name when all is written; what was broken off is removed."""
    unfinished = out.with_name(f".{out.name}.{random_token(6)}")
    try:
        yield unfinished
        unfinished.rename(out)
    finally:
        if unfinished.is_dir():
            shutil.rmtree(unfinished)
        unfinished.unlink(missing_ok=True)
