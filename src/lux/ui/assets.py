"""The built front end: reads its manifest and makes the tags that load an entry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict

from flask import url_for
from markupsafe import Markup

from lux.kit import i18n
from lux.ui.csp import nonce

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask

TEXT_FONT = "assets/inter-latin-wght-normal-*.woff2"
DIST = Path(__file__).parent / "static" / "dist"


class Entry(TypedDict):
    """One entry of the manifest that `frontend/build.mjs` writes."""

    file: str
    css: NotRequired[str]
    preload: NotRequired[list[str]]
    integrity: NotRequired[str]


class AssetsMissing(RuntimeError):
    """The front end is not built, or lacks an entry a page asks for; run `make assets`."""


class Assets:
    """The manifest of one `dist` folder, and the tags for its entries."""

    def __init__(self, dist: Path = DIST) -> None:
        self.dist = dist
        self._read: tuple[int, Mapping[str, Entry]] = (0, {})

    @property
    def manifest(self) -> Mapping[str, Entry]:
        """Return entry name → built files, read again after a build; raises AssetsMissing when nothing is built."""
        path = self.dist / "manifest.json"
        try:
            written = path.stat().st_mtime_ns
            if written != self._read[0]:
                self._read = (written, json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise AssetsMissing(f"no built assets in {self.dist}: run `make assets`") from None
        return self._read[1]

    def entry(self, name: str) -> Entry:
        """Return the manifest's entry of that name; raises AssetsMissing if there is none."""
        try:
            return self.manifest[name]
        except KeyError:
            known = ", ".join(sorted(self.manifest))
            raise AssetsMissing(f"no asset {name!r} in the manifest; it has {known}") from None

    def url(self, name: str) -> str:
        """Return the address of an entry's main file."""
        return self._address(self.entry(name)["file"])

    def tags(self, name: str) -> Markup:
        """Return the elements that load an entry: its style sheet, its preloads, its module."""
        entry = self.entry(name)
        if entry["file"].endswith(".css"):
            return self._style(entry["file"])
        parts = [self._style(entry["css"])] if "css" in entry else []
        parts += [
            Markup('<link rel="modulepreload" href="{}" nonce="{}">').format(self._address(file), nonce())
            for file in entry.get("preload", [])
        ]
        module = Markup('<script type="module" src="{}" nonce="{}"></script>')
        parts.append(module.format(self._address(entry["file"]), nonce()))
        return Markup("\n").join(parts)

    def font_tag(self) -> Markup:
        """Return the element that fetches the text font early, so that words do not jump when it arrives."""
        file = next(self.dist.glob(TEXT_FONT), None)
        if file is None:
            return Markup("")
        tag = Markup('<link rel="preload" as="font" type="font/woff2" crossorigin href="{}">')
        return tag.format(self._address(file.relative_to(self.dist).as_posix()))

    def _style(self, file: str) -> Markup:
        return Markup('<link rel="stylesheet" href="{}">').format(self._address(file))

    def _address(self, file: str) -> str:
        return url_for("static", filename=f"dist/{file}")


def register(app: Flask, assets: Assets | None = None) -> None:
    """Give templates the globals `assets` and `page_language()`; the app's own static route serves the files."""
    app.jinja_env.globals["assets"] = assets or Assets()
    app.jinja_env.globals["page_language"] = page_language


def page_language() -> str:
    """Return the page's language as a BCP 47 tag, for the html element."""
    return i18n.locale().replace("_", "-")
