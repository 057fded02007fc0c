"""Turns the body of a delivery into plain fields, in any of the shapes in which Zapier and its kin send them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from lux.kit.errors import InvalidInput, LuxError
from lux.kit.i18n import gettext as _

MOST_BYTES: Final = 256 * 1024
_NAME_PARTS: Final = re.compile(r"__|[\[\].]+")


class UnsupportedBody(LuxError):
    """This kind of body can't be read."""

    code = "unsupported_body"
    status = 415


class Unusable(InvalidInput):
    """The delivery can't be used as it is."""

    status = 400


def from_json(body: bytes) -> dict[str, Any]:
    """Return the fields of a JSON object, of a list of one, or of one wrapped in `data`; raises Unusable."""
    try:
        found = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        message = _("The body is not valid JSON.")
        raise Unusable(field="body", message=message, fix=_("Send one JSON object.")) from error
    return _unwrapped(found)


def from_form(values: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the fields of a form; `data[email]`, `contact__email` and `custom_fields.size` are nested names."""
    found: dict[str, Any] = {}
    for name, texts in values.items():
        place, parts = found, [part for part in _NAME_PARTS.split(name) if part] or [name]
        for part in parts[:-1]:
            inner = place.setdefault(part, {})
            if not isinstance(inner, dict):
                inner = place[part] = {}
            place = inner
        place[parts[-1]] = texts[0] if len(texts) == 1 else list(texts)
    return _unwrapped(found)


def looks_like_json(body: bytes) -> bool:
    """Say whether a body without a telling content type is JSON."""
    return body.lstrip()[:1] in {b"{", b"["}


def _unwrapped(found: object) -> dict[str, Any]:
    for _level in range(3):
        if isinstance(found, list) and len(found) == 1:
            found = found[0]
        elif isinstance(found, dict) and len(found) == 1 and "data" in found:
            inner = found["data"]
            found = from_json(inner.encode()) if isinstance(inner, str) and inner.strip()[:1] in {"{", "["} else inner
        else:
            break
    if isinstance(found, list):
        message = _("The list holds %(count)s contacts.", count=len(found))
        raise Unusable(field="body", message=message, fix=_("Deliver one contact at a time."))
    if not isinstance(found, dict):
        raise Unusable(field="body", message=_("There are no fields in the body."), fix=_("Send one JSON object."))
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
