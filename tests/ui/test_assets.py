"""The manifest of the built front end, and the tags made from it."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from flask import Flask

from lux.kit import i18n
from lux.ui import assets as assets_module
from lux.ui import csp, icons
from lux.ui.assets import Assets, AssetsMissing

MANIFEST = {
    "app.css": {"file": "scss/app-1.css"},
    "app.js": {"file": "js/app-2.js", "css": "js/app-3.css", "preload": ["chunks/dom-4.js"]},
    "feather.svg": {"file": "feather-5.svg"},
}
TOKENS = Path(__file__).parents[2] / "frontend/scss/_tokens.scss"
COLOUR = re.compile(r"#(?:[0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b")
SPRITE = '<svg><defs><symbol id="send"></symbol><symbol viewBox="0 0 1 1" id="x-circle"></symbol></defs></svg>'


@pytest.fixture
def dist(tmp_path):
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST))
    (tmp_path / "feather-5.svg").write_text(SPRITE)
    return tmp_path


@pytest.fixture
def app(dist):
    app = Flask("lux", static_folder="ui/static")
    assets_module.register(app, Assets(dist))
    csp.register(app)
    icons.register(app)
    with app.test_request_context():
        yield app


def rendered(app, source):
    return app.jinja_env.from_string(source).render()


def test_a_style_sheet_is_a_link(app):
    assert rendered(app, "{{ assets.tags('app.css') }}") == (
        '<link rel="stylesheet" href="/static/dist/scss/app-1.css">'
    )


def test_a_module_brings_its_style_its_preloads_and_the_nonce(app):
    nonce = csp.nonce()
    assert rendered(app, "{{ assets.tags('app.js') }}").splitlines() == [
        '<link rel="stylesheet" href="/static/dist/js/app-3.css">',
        f'<link rel="modulepreload" href="/static/dist/chunks/dom-4.js" nonce="{nonce}">',
        f'<script type="module" src="/static/dist/js/app-2.js" nonce="{nonce}"></script>',
    ]


def test_a_missing_build_says_what_to_run(tmp_path):
    with pytest.raises(AssetsMissing, match="make assets"):
        _ = Assets(tmp_path).manifest


def test_a_new_build_is_seen_without_a_restart(app, dist):
    before = (dist / "manifest.json").stat().st_mtime_ns
    rendered(app, "{{ assets.tags('app.css') }}")
    (dist / "manifest.json").write_text(json.dumps({"app.css": {"file": "scss/app-9.css"}}))
    os.utime(dist / "manifest.json", ns=(before + 1_000_000, before + 1_000_000))
    assert "app-9.css" in rendered(app, "{{ assets.tags('app.css') }}")


def test_a_missing_entry_names_those_there_are(dist):
    with pytest.raises(AssetsMissing, match=r"pages/none\.js.*app\.css, app\.js, feather\.svg"):
        Assets(dist).entry("pages/none.js")


def test_the_built_front_end_has_the_entries_that_pages_ask_for():
    for name in ("app.css", "app.js", "public.css", "pages/report.js", "feather.svg"):
        file = assets_module.DIST / Assets().entry(name)["file"]
        assert file.is_file(), name


def test_the_text_font_is_fetched_early(app, dist):
    (dist / "assets").mkdir()
    (dist / "assets" / "inter-latin-wght-normal-1.woff2").touch()
    shown = rendered(app, "{{ assets.font_tag() }}")
    assert 'href="/static/dist/assets/inter-latin-wght-normal-1.woff2"' in shown
    assert "crossorigin" in shown  # fonts are fetched without credentials: without it they are fetched twice


@pytest.mark.parametrize("sheet", ["app.css", "public.css"])
def test_the_built_sheet_holds_no_colour_that_is_not_a_token(sheet):
    """What Bootstrap and other packages bring is covered too."""
    tokens = TOKENS.read_text(encoding="utf-8").lower()
    known = {long(colour) for colour in COLOUR.findall(tokens)} | {"#000000", "#ffffff"}
    built = (assets_module.DIST / Assets().entry(sheet)["file"]).read_text(encoding="utf-8").lower()
    assert {long(colour) for colour in COLOUR.findall(built)} <= known
    assert not re.findall(r"\b(?:rgb|hsl)a?\(\s*[1-9][^)]*\)", built)


def long(colour):
    digits = colour[1:] if len(colour) > 5 else "".join(digit * 2 for digit in colour[1:4])
    return f"#{digits[:6]}"


def test_an_icon_is_silent_without_a_label(app):
    shown = rendered(app, "{{ icon('send') }}")
    assert 'aria-hidden="true"' in shown
    assert '<use href="/static/dist/feather-5.svg#send">' in shown
    assert 'width="16"' in shown


def test_an_icon_with_a_label_speaks(app):
    assert 'role="img" aria-label="a &#34;b&#34;"' in rendered(app, "{{ icon('x-circle', 20, 'a \"b\"') }}")


def test_an_unknown_icon_is_an_error(app):
    with pytest.raises(icons.UnknownIcon, match="sned"):
        rendered(app, "{{ icon('sned') }}")


def test_a_sparkline_fills_its_box():
    assert icons.spark_points([0, 5, 10], 96, 32) == "0.0,30.0 48.0,16.0 96.0,2.0"


def test_a_flat_sparkline_is_flat():
    assert icons.spark_points([7, 7], 96, 32) == "0.0,30.0 96.0,30.0"


def test_one_value_makes_no_line():
    assert icons.spark_points([7]) == ""


def test_the_language_is_a_language_tag():
    with i18n.use_locale("pt_BR"):
        assert assets_module.page_language() == "pt-BR"
