"""A company to a file and back, from the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias
from uuid import UUID

import click
from sqlalchemy import select

from lux import house
from lux.cli import database
from lux.cli.errors import CannotStart
from lux.identity import owner_link, tokens, users
from lux.identity.models import Company
from lux.identity.trail import note
from lux.kit import crypto
from lux.kit.addresses import parse_email
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.net.storage import store_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.db import Database
    from lux.kit.settings import Settings
    from lux.rooms.company.transfer.report import Point

Tell: TypeAlias = Callable[[int, int], None]


def export(settings: Settings, which: str, path: Path) -> str:
    """Write a company into a file that appears whole or not at all; returns what happened.

    Raises NotFound, CannotStart.
    """
    from lux.rooms.company.transfer import leaving

    house.install()
    with database.opened(settings) as db:
        if path.exists():
            raise CannotStart(_("There is a file %(path)s already.", path=path), fix=_("Choose another name."))
        with db.begin(ALL_COMPANIES) as session:
            company = _company(session, which)
            note(session, company.id, None, "company.exported", about=("company", company.public_id))
            company_id = company.id
        with _appearing(path) as target, bar() as tell:
            manifest = leaving.write(db, company_id, store_of(settings), target, tell)
    return _(
        "%(rows)s rows and %(files)s files of “%(name)s” are in %(path)s. Keep it as you keep the database: it holds "
        "everybody's data.",
        rows=manifest.rows, files=manifest.files, name=manifest.company["name"], path=path,
    )  # fmt: skip


def look(settings: Settings, path: Path) -> list[str]:
    """Look at every line of a file and at its audit chain, and write nothing; raises Damaged."""
    import tempfile

    from lux.rooms.company.transfer import arriving
    from lux.rooms.company.transfer.archive import Reader

    house.install()
    with database.opened(settings) as db, _file(path) as file, tempfile.TemporaryDirectory() as folder, bar() as tell:
        reader = Reader(file)
        found = arriving.look(db, reader, Path(folder), tell)
        found.numbers.close()
        reader.close()
    chain = found.chain
    return [
        _("“%(name)s”, made by LUX %(lux)s at %(at)s: %(rows)s rows, every checksum is right.",
          name=found.company["name"], lux=reader.manifest.lux, at=reader.manifest.made_at, rows=reader.manifest.rows),
        _("Its audit chain holds: %(num)s rows, head %(head)s.", num=chain.rows, head=chain.head) if chain.holds
        else _("Its audit chain does not hold after row %(num)s.", num=chain.rows),
    ]  # fmt: skip


def import_(settings: Settings, path: Path, *, owner: str, name: str, slug: str) -> list[str]:
    """Make a company of a file; returns what happened and what is to be done. Raises Damaged, InvalidInput."""
    from lux.rooms.company.models import CompanyImport
    from lux.rooms.company.transfer import imports, report

    house.install()
    with database.opened(settings) as db:
        place = imports.House(db=db, settings=settings, store=store_of(settings))
        imports.clear_abandoned(place)
        with _file(path) as file:
            size = file.seek(0, os.SEEK_END)
        user_id, link = _owner(db, settings, owner)
        with db.begin(ALL_COMPANIES) as session:
            entry = CompanyImport(
                file_name=path.name[:255], file_size=size, name=name, slug=slug, created_by=user_id
            )  # fmt: skip
            session.add(entry)
            session.flush()
            number = entry.id
        with bar() as tell:
            imports.run(place, number, lambda: _file(path), tell)
        with db.read(ALL_COMPANIES) as session:
            done = session.get_one(CompanyImport, number)
            company = session.get_one(Company, done.target_id)
            lines = [_("“%(name)s” is here (short name %(slug)s).", name=company.name, slug=company.slug)]
    lines += _told(report.points(done.report))
    return (
        [*lines, _("Its owner %(email)s signs in with this one-time link:", email=owner), f"  {link}"]
        if link
        else lines
    )


def _told(points: Sequence[Point]) -> list[str]:
    lines: list[str] = []
    for point in points:
        lines += ["", f"{point.title}: {point.text}", *(f"  - {item}" for item in point.names)]
    return lines


def _owner(db: Database, settings: Settings, email: str) -> tuple[int, str]:
    """Return whom the company will belong to, and a one-time link when they are new here."""
    address = parse_email(email)
    with db.begin(ALL_COMPANIES) as session:
        known = users.by_email(session, address.text)
        if known is not None:
            return known.id, ""
        made = users.create(
            session, name=address.text.partition("@")[0], email=address.text, password=crypto.random_token()
        )  # fmt: skip
        made.is_operator = not owner_link.has_owner(session)  # the first person of an installation runs it
        token = tokens.issue(session, tokens.Purpose.PASSWORD_RESET, user_id=made.id)
        return made.id, f"{settings.base_url}/reset/{token}"


def _company(session: Session, which: str) -> Company:
    found = session.scalar(select(Company).where(Company.slug == which))
    if found is None:
        try:
            found = session.scalar(select(Company).where(Company.public_id == UUID(which)))
        except ValueError:
            found = None
    if found is None:
        slugs = ", ".join(session.scalars(select(Company.slug).order_by(Company.slug).limit(20)))
        raise NotFound(_("There is no company “%(which)s”.", which=which), fix=_("There are: %(slugs)s", slugs=slugs))
    return found


@contextmanager
def _file(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise CannotStart(
            _("%(path)s can't be read (%(why)s).", path=path, why=error.strerror), fix=_("Look at the name.")
        ) from error  # fmt: skip


@contextmanager
def _appearing(path: Path) -> Iterator[BinaryIO]:
    """Open a file for its owner's eyes alone; it takes its name at the end."""
    unfinished = path.with_name(f"{path.name}.{crypto.random_token()[:8]}.part")
    try:
        with os.fdopen(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            yield file
        unfinished.rename(path)
    except OSError as error:
        raise CannotStart(
            _("%(path)s can't be written (%(why)s).", path=path, why=error.strerror), fix=_("Choose another place.")
        ) from error  # fmt: skip
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def bar() -> Iterator[Tell]:
    """Show how far it is, on a terminal."""
    if not sys.stderr.isatty():
        yield _say_nothing
        return
    shown: Any = click.progressbar(length=1, file=sys.stderr)
    with shown as bar:

        def tell(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        yield tell


def _say_nothing(_done: int, _total: int) -> None:
    """Tell a file or a pipe nothing."""
