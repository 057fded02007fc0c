"""The settings page says what the settings object says: name, default, meaning."""

from __future__ import annotations

from pydantic import SecretStr

from lux.kit.settings import Settings
from tests.house import sources

# Read by make and the tests, not by the product.
OF_THE_TOOLS = {"LUX_NODE", "LUX_BROWSER"}

PAGE = sources.ROOT / "docs" / "howto" / "settings.md"


def row(name, field):
    default = field.get_default(call_default_factory=True)
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    shown = "" if default in ("", ()) else f"`{default}`"
    return f"| `LUX_{name.upper()}` | {shown} | {field.description} |"


def test_every_setting_stands_on_the_page_with_its_default_and_meaning():
    text = PAGE.read_text(encoding="utf-8")
    missing = [expected for name, field in Settings.model_fields.items() if (expected := row(name, field)) not in text]
    assert not missing, f"put into {sources.name_of(PAGE)}:\n" + "\n".join(missing)


def test_the_page_names_no_setting_that_is_gone():
    known = {f"LUX_{name.upper()}" for name in Settings.model_fields} | OF_THE_TOOLS
    rows = [line.split("`")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `LUX_")]
    assert not [name for name in rows if name not in known]
