"""Reads what a program sends: JSON of a bounded size, by the types it was declared with, and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from flask import request
from pydantic import BaseModel

from lux.kit.errors import InvalidInput, TooLarge
from lux.kit.i18n import gettext as _
from lux.ui.api.problems import NotJson, WrongMediaType
from lux.ui.parsing import parse, parse_json

if TYPE_CHECKING:
    from werkzeug.datastructures import FileStorage

    from lux.ui.api.operations import Operation

MAX_BODY: Final = 16 * 1024 * 1024  # bytes
MAX_FILE: Final = 26 * 1024 * 1024  # bytes of a multipart body; what becomes of the file may have a lower limit
MULTIPART: Final = "multipart/form-data"
Model = TypeVar("Model", bound=BaseModel)


def raw_body() -> bytes:
    """Return the body; raises WrongMediaType (415) and TooLarge (413)."""
    if not request.is_json:
        raise WrongMediaType
    if (request.content_length or 0) > MAX_BODY:
        raise _too_large(MAX_BODY)
    request.max_content_length = MAX_BODY
    return request.get_data(cache=False)


def take_upload(operation: Operation) -> None:
    """Read a multipart body, its file onto the disk; raises WrongMediaType, TooLarge, and InvalidInput by field."""
    if request.mimetype != MULTIPART:
        raise WrongMediaType(_("The body has to be multipart/form-data, with a file in its field “%(name)s”.",
                               name=operation.file))  # fmt: skip
    if (request.content_length or 0) > MAX_FILE:
        raise _too_large(MAX_FILE)
    request.max_content_length = MAX_FILE
    for name, files in request.files.lists():
        if name != operation.file:
            raise InvalidInput(field=name, message=_("This field is not known here."), fix=_("Remove it."))
        if len(files) > 1:
            raise InvalidInput(field=name, message=_("These are several files."), fix=_("Send one at a time."))
    for name, values in request.form.lists():
        _check([name, *values])


def upload(name: str) -> FileStorage:
    """Return the uploaded file; raises InvalidInput when there is none."""
    found = request.files.get(name)
    if found is None:
        raise InvalidInput(field=name, message=_("There is no file."), fix=_("Send it in this field, with a name."))
    return found


def fingerprint() -> object:
    """Return what makes two multipart bodies the same: their fields, and the files' names and bytes."""
    files = []
    for name, found in sorted(request.files.items()):
        files.append([name, found.filename, hashlib.file_digest(found.stream, "sha256").hexdigest()])  # type: ignore[arg-type]
        found.stream.seek(0)
    return [sorted(request.form.lists()), files]


def body(model: type[Model], raw: bytes) -> Model:
    """Return the body as a model; raises NotJson (400), and InvalidInput (422) with one problem per field."""
    return parse_json(model, json.dumps(_loaded(raw)))


def row(model: type[Model], values: dict[str, Any]) -> Model:
    """Return one row of a list that is read row by row; raises InvalidInput."""
    return parse_json(model, json.dumps(values))


def query(model: type[Model]) -> Model:
    """Return the query as a model; raises InvalidInput, also for names that are not known or stand twice."""
    values = {}
    for name, found in request.args.lists():
        if len(found) > 1:
            raise InvalidInput(field=name, message=_("This stands in the address twice."), fix=_("Send it once."))
        values[name] = found[0]
    _check([*values, *values.values()])
    return parse(model, values)


def refuse_query() -> None:
    """Raise InvalidInput when there is a query where none is read."""
    for name in request.args:
        raise InvalidInput(field=name, message=_("This field is not known here."), fix=_("Remove it."))


def canonical(raw: bytes) -> object:
    """Return the JSON of a body, or None without one; raises NotJson."""
    return _loaded(raw) if raw else None


def _loaded(raw: bytes) -> object:
    try:
        found = json.loads(raw, parse_constant=_no_constant)
        _check([found])
    except RecursionError as error:
        raise NotJson(_("The body is nested too deeply.")) from error
    except ValueError as error:
        place = f"{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise NotJson(
            _("The body is not JSON that can be read. %(place)s", place=place).strip(),
            fix=_("Send one JSON object in UTF-8."),
        ) from error
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _check(values: Iterable[object]) -> None:
    """Refuse text that no database holds (NUL, half a surrogate pair) and numbers beyond 64 bits."""
    waiting: list[object] = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str) and ("\0" in value or not _is_text(value)):
            raise InvalidInput(_("There is a character that can't be stored: NUL, or half of a surrogate pair."))
        elif isinstance(value, int | float) and abs(value) > 2**63 - 1:
            raise InvalidInput(_("There is a number beyond 64 bits."))


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _too_large(most: int) -> TooLarge:
    return TooLarge(
        _("The body is larger than %(most)s MiB.", most=most // 1024 // 1024), fix=_("Send it in several calls.")
    )
