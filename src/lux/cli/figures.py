"""The figures' own commands: roll-ups counted anew from the facts, company by company."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlalchemy import select

from lux.cli import database
from lux.identity.models import Company
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import InvalidInput, NotFound
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.ledger import recount
from lux.ledger.recount import Key

if TYPE_CHECKING:
    from lux.kit.db import Database
    from lux.kit.settings import Settings


def rebuild(settings: Settings, slug: str | None, *, is_dry: bool, position: str = "") -> Iterator[tuple[str, bool]]:
    """Yield a line for each key whose roll-ups were not what the facts say, and one at each company's end.

    Each with whether it says that something was wrong.
    """
    after = _key(position) if position else None
    if after is not None and slug is None:
        raise InvalidInput(field="after", message=_("A key belongs to one company."), fix=_("Name it with --company."))
    with database.opened(settings) as db:
        for company_id, name in _companies(db, slug):
            yield from _company(db, company_id, name, after, is_dry=is_dry)


def _company(
    db: Database, company_id: int, name: str, after: Key | None, *, is_dry: bool
) -> Iterator[tuple[str, bool]]:
    keys = facts = wrong = 0
    last = after
    try:
        for found in recount.rebuild(db, company_id, after=after, is_dry=is_dry):
            last, keys, facts = found.key, keys + 1, facts + found.facts
            if found.differing:
                wrong += 1
                one, many = "%(name)s: %(key)s: one row differs", "%(name)s: %(key)s: %(num)s rows differ"
                yield ngettext(one, many, found.differing, name=name, key=found.key), True
    except KeyboardInterrupt:
        yield _("%(name)s: broken off. Go on with --company %(name)s --after %(key)s", name=name, key=last or ""), False
        raise
    words = _("wrong: %(n)s", n=wrong) if is_dry else _("put right: %(n)s", n=wrong)
    counted = _(
        "%(name)s: %(keys)s kinds of figures counted anew over %(facts)s facts", name=name, keys=keys, facts=facts
    )
    yield f"{counted}, {words}", False


def _companies(db: Database, slug: str | None) -> list[tuple[int, str]]:
    with db.read(ALL_COMPANIES) as session:
        query = select(Company.id, Company.slug).order_by(Company.id)
        rows = session.execute(query if slug is None else query.where(Company.slug == slug)).all()
    if slug is not None and not rows:
        raise NotFound(_("There is no company “%(slug)s”.", slug=slug))
    return [(row[0], row[1]) for row in rows]


def _key(text: str) -> Key:
    subject_type, _sign, rest = text.partition(":")
    number, _sign, kind = rest.partition(":")
    if not number.isdigit() or not kind:
        raise InvalidInput(
            field="after",
            message=_("“%(text)s” is no key.", text=text),
            fix=_("It looks like campaign:7:email.opened."),
        )
    return Key(subject_type=subject_type, subject_id=int(number), kind=kind)
