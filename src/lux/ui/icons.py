"""The small pictures of the pages: Feather icons from the one built sprite, and sparklines."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, cast

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

    from lux.ui.assets import Assets

SPRITE = "feather.svg"
_SYMBOL = re.compile(r'<symbol[^>]*\bid="([a-z0-9-]+)"')


class UnknownIcon(LookupError):
    """Feather has no icon of that name; see https://feathericons.com."""


class Icons:
    """Renders icons by name and refuses names the sprite does not hold."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets

    @cached_property
    def names(self) -> frozenset[str]:
        """Return the names of all icons in the sprite."""
        sprite = self._assets.dist / self._assets.entry(SPRITE)["file"]
        return frozenset(_SYMBOL.findall(sprite.read_text(encoding="utf-8")))

    def __call__(self, name: str, size: int = 16, label: str | None = None) -> Markup:
        """Return an icon of `size` CSS pixels; without a label it is hidden from screen readers."""
        if name not in self.names:
            raise UnknownIcon(f"no Feather icon is called {name!r}")
        voice = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
        return Markup(
            '<svg class="icon" width="{0}" height="{0}" viewBox="0 0 24 24" {1}><use href="{2}#{3}"></use></svg>'
        ).format(size, voice, self._assets.url(SPRITE), name)


def spark_points(values: Sequence[float], width: int = 96, height: int = 32) -> str:
    """Return `x,y x,y …` of a polyline through the values, in a box of width by height CSS pixels."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    spread = (high - low) or 1
    step = width / (len(values) - 1)
    inner = height - 4  # room for half the line's width above and below
    points = ((index * step, 2 + inner - (value - low) / spread * inner) for index, value in enumerate(values))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def register(app: Flask) -> None:
    """Give templates `icon(name, size=16, label=None)` and the filter `spark_points`; `assets` comes first."""
    assets = cast("Assets", app.jinja_env.globals["assets"])
    app.jinja_env.globals["icon"] = Icons(assets)
    app.jinja_env.filters["spark_points"] = spark_points
