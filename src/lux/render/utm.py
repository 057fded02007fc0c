"""UTM parameters on a mail's links: added behind what is there, never in its place."""

from __future__ import annotations

import html
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from lux.render.held import hold
from lux.render.links import is_web, targets


def with_utm(source: str, parameters: Mapping[str, str], *, field: str = "html") -> str:
    """Return the template with parameters on each fixed http(s) link; raises TemplateProblem.

    Links with Liquid in them stay as they are: those that unsubscribe or show the mail in a browser are such.
    """
    held = hold(source, field=field)
    parts: list[str] = []
    position = 0
    for _piece, target in targets(held):
        if not held.has_mark(target.value) and is_web(target.value):
            parts += (held.text[position : target.start], html.escape(tagged(target.value.strip(), parameters)))
            position = target.end
    parts.append(held.text[position:])
    return held.put_back("".join(parts))


def tagged(url: str, parameters: Mapping[str, str]) -> str:
    """Return an address with those parameters it does not have yet; its query and fragment stay as written."""
    pieces = urlsplit(url)
    known = {name for name, _value in parse_qsl(pieces.query, keep_blank_values=True)}
    missing = urlencode({name: value for name, value in parameters.items() if name not in known})
    query = "&".join(part for part in (pieces.query, missing) if part)
    return urlunsplit(pieces._replace(query=query))
