"""What stands in an address: row numbers no larger than a database holds; anything else is a page that is not there."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.routing import IntegerConverter, Map, ValidationError

from lux.ui.paging import LARGEST


class RowNumberConverter(IntegerConverter):
    """`<int:…>` of every route: 0 to 2^63 - 1."""

    def __init__(self, url_map: Map, **options: Any) -> None:  # noqa: ANN401 - werkzeug's own options
        """Take werkzeug's options, and a largest number unless one is named."""
        super().__init__(url_map, **{"max": LARGEST, **options})

    def to_python(self, value: str) -> int:
        """Return the number; raises ValidationError, which means 404."""
        if len(value) > len(str(LARGEST)):
            raise ValidationError
        return int(super().to_python(value))


def register(app: Flask) -> None:
    """Replace `<int:…>`, before any route is added."""
    app.url_map.converters["int"] = RowNumberConverter
