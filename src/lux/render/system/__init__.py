"""The fixed mails LUX sends on its own behalf; their words stand once and make both the text and the HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.kit.i18n import locale as current_locale
from lux.kit.i18n import ngettext, use_locale
from lux.render.headers import clean

# What each mail must be told.
PARAMS: dict[str, frozenset[str]] = {
    "password_reset": frozenset({"url", "minutes"}),
    "sign_in_link": frozenset({"url", "minutes"}),
    "invitation": frozenset({"company", "inviter", "role", "url", "days"}),
    "sender_code": frozenset({"company", "sender", "code", "minutes"}),
    "approval_notice": frozenset({"company", "title", "author", "recipients", "url"}),
    "guest_link": frozenset({"company", "inviter", "name", "url", "days"}),
    "opt_in": frozenset({"company", "url", "days"}),
    "alert": frozenset({"title", "detail", "url"}),
    "notice": frozenset({"title", "detail", "url"}),
}
_BLANK_LINES = re.compile(r"\n{3,}")
NUMBERS = frozenset({"minutes", "days", "recipients"})


class SystemMail(NamedTuple):
    """The finished texts of a system mail."""

    subject: str
    text: str
    html: str


def render_system(kind: str, params: Mapping[str, str], locale: str | None = None) -> SystemMail:
    """Return subject, text and HTML, in the present locale unless one is named; raises InvalidInput."""
    values = _checked(kind, params)
    with use_locale(locale or current_locale()):
        words = _environment(autoescape=False).get_template(f"{kind}.j2").make_module(values)
        content = {name: getattr(words, name, default) for name, default in _CONTENT.items()}
        text = _environment(autoescape=False).get_template("layout.txt.j2").render(content)
        html = _environment(autoescape=True).get_template("layout.html.j2").render(**content, locale=current_locale())
    return SystemMail(clean(str(content["subject"])), _BLANK_LINES.sub("\n\n", text.strip()) + "\n", html)


_CONTENT: dict[str, object] = {
    "subject": "",
    "paragraphs": (),  # before the action
    "shown_code": "",
    "action": None,  # (label, url)
    "notes": (),  # after it
}


def _checked(kind: str, params: Mapping[str, str]) -> dict[str, object]:
    wanted = PARAMS.get(kind)
    if wanted is None:
        raise InvalidInput(_("There is no system mail “%(kind)s”.", kind=kind), field="kind")
    missing = sorted(wanted - params.keys())
    if missing:
        raise InvalidInput(_("The mail lacks “%(names)s”.", names=", ".join(missing)), field=missing[0])
    values: dict[str, object] = {name: clean(str(params[name])) for name in wanted}
    for name in NUMBERS & wanted:
        if not str(values[name]).isdecimal():
            raise InvalidInput(_("“%(name)s” must be a number.", name=name), field=name)
        values[name] = int(str(values[name]))
    if "url" in wanted and not str(values["url"]).startswith(("https://", "http://")):
        raise InvalidInput(_("The link must begin with https://."), field="url")
    return values


@lru_cache(maxsize=2)
def _environment(*, autoescape: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("lux.render.system"),
        autoescape=autoescape,  # noqa: S701 - off for the words and the text part, on for the HTML layout
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(_=_, ngettext=ngettext)
    return environment
