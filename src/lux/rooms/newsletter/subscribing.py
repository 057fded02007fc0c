"""The company's subscribe form: switched on by people who manage it, filled in by anybody, confirmed by mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from lux.identity import companies
from lux.identity.access import Person, Right
from lux.identity.trail import note
from lux.kit import clock
from lux.kit.addresses import parse_email
from lux.kit.crypto import random_token
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.db.session import company_of, settings_of
from lux.kit.errors import Conflict, InvalidInput
from lux.kit.i18n import gettext as _
from lux.ports.contributions import installed
from lux.ports.opt_in import OptInAsk
from lux.rooms.newsletter import opt_in, queries
from lux.rooms.newsletter.models import SubscribeForm

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.rooms.newsletter.forms import FormSettings, SubscribeInput

HONEYPOT: Final = "homepage"  # a field that people don't see: who fills it in is a machine
SOURCE: Final = "subscribe form"


@dataclass(frozen=True, kw_only=True)
class ShownForm:
    """The form as people see it."""

    code: str
    company_name: str
    title: str
    intro: str
    wording: str


def shown(session: Session, form: SubscribeForm | None) -> ShownForm:
    """Return the form in the company's words, or in ours."""
    name = companies.current(session).name
    return ShownForm(
        code=form.code if form is not None else "",
        company_name=name,
        title=(form.title if form is not None else "") or _("Newsletter of %(company)s", company=name),
        intro=form.intro if form is not None else "",
        wording=(form.wording if form is not None else "") or opt_in.default_wording(name),
    )


def company_of_form(db: Database, code: str) -> int | None:
    """Return whose form stands under a code; None when there is none, or it is switched off."""
    with db.read(ALL_COMPANIES) as session:
        found = queries.form_by_code(session, code)
        return found.company_id if found is not None else None


def ask(
    session: Session, form: SubscribeForm, wanted: SubscribeInput, *, language: str, proof: Mapping[str, str]
) -> None:
    """Mail who filled the form in; raises InvalidInput for what is no address. What came of it nobody learns."""
    email = parse_email(wanted.email)
    first, _space, last = wanted.name.partition(" ")
    opt_in.start(
        session,
        OptInAsk(
            address=email.text,
            address_key=email.key,
            via="form",
            source=SOURCE,
            language=language,
            wording=shown(session, form).wording,
            first_name=first[:100],
            last_name=last.strip()[:100],
            proof=proof,
            is_personal=True,
        ),
    )


def save(session: Session, person: Person, wanted: FormSettings) -> SubscribeForm:
    """Change the form; raises Conflict when somebody else did since it was shown, InvalidInput naming `list_id`."""
    person.require(Right.MANAGE)
    form = queries.subscribe_form(session, lock=True)
    if (form.version if form is not None else 0) != wanted.version:
        raise Conflict(_("Somebody changed the form in the meantime."), fix=_("Load the page again."))
    if wanted.list_id and wanted.list_id not in dict(lists(session)):
        raise InvalidInput(field="list_id", message=_("This list does not exist."), fix=_("Choose one from the list."))
    if form is None:
        form = SubscribeForm(code=random_token(12), version=0, is_on=False)
        session.add(form)
    form.is_on, form.title, form.intro = wanted.is_on, wanted.title, wanted.intro
    form.wording, form.list_id = wanted.wording, wanted.list_id
    form.version, form.changed_at = form.version + 1, clock.now()
    session.flush()
    note(session, company_of(session), person, "subscribe_form.changed", detail={"is_on": form.is_on})
    return form


def lists(session: Session) -> list[tuple[str, str]]:
    """Return (public id, name) of the lists that those who confirm can be put on."""
    return [choice for source in installed().contact_lists for choice in source.choices(session)]


def address_of(session: Session, code: str) -> str:
    """Return where the form stands."""
    company = companies.current(session)
    return f"{company.public_url or settings_of(session).base_url}/subscribe/{code}"


def snippet(session: Session, form: SubscribeForm) -> str:
    """Return HTML that puts the form into another page: no script, no style, nothing loaded from here."""
    words = shown(session, form)
    parts = {
        "action": address_of(session, form.code), "name": _("Name"), "email": _("E-mail address"), "trap": HONEYPOT,
        "wording": words.wording, "button": _("Subscribe"), "hint": _("Leave this empty"),
    }  # fmt: skip
    return _SNIPPET.format(**{name: escape(text) for name, text in parts.items()})


_SNIPPET: Final = """<form action="{action}" method="post">
  <p><label>{name}<br><input name="name" autocomplete="name" maxlength="200"></label></p>
  <p><label>{email}<br><input name="email" type="email" autocomplete="email" required maxlength="254"></label></p>
  <p hidden><label>{hint}<br><input name="{trap}" tabindex="-1" autocomplete="off"></label></p>
  <p>{wording}</p>
  <p><button type="submit">{button}</button></p>
</form>"""
