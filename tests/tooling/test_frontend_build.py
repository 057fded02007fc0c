"""The front end is built from its sources by a Node that fits, and only when they have changed."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

import frontend


@pytest.fixture
def sources(monkeypatch, tmp_path):
    """A front end of its own with a build that is up to date."""
    folder, dist = tmp_path / "frontend", tmp_path / "dist"
    (folder / "scss").mkdir(parents=True)
    (folder / "scss" / "app.scss").write_text("a {}")
    (folder / "package.json").write_text("{}")
    (folder / "package-lock.json").write_text("{}")
    dist.mkdir()
    (dist / "manifest.json").write_text("{}")
    monkeypatch.setattr(frontend, "SOURCES", folder)
    monkeypatch.setattr(frontend, "DIST", dist)
    (dist / ".stamp").write_text(frontend.digest(folder))
    return folder


def fake_node(tmp_path, monkeypatch, answer):
    for name in ("node", "npm"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{answer}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("LUX_NODE", raising=False)


def test_a_build_is_fresh_until_a_source_changes(sources):
    assert frontend.is_fresh()
    (sources / "scss" / "app.scss").write_text("b {}")
    assert not frontend.is_fresh()


def test_packages_and_the_checkers_settings_are_no_sources(sources):
    (sources / "node_modules").mkdir()
    (sources / "node_modules" / "x.js").write_text("x")
    (sources / "biome.json").write_text("{}")
    assert frontend.is_fresh()


def test_a_build_without_its_manifest_is_not_fresh(sources):
    (frontend.DIST / "manifest.json").unlink()
    assert not frontend.is_fresh()


@pytest.mark.parametrize(
    ("answer", "fits"),
    [("echo 18.20.0", False), ("echo 20.1.0", True), ("echo 24.0.0", True), ("exit 1", False), ("echo ?", False)],
)
def test_node_on_path_must_be_new_enough(tmp_path, monkeypatch, answer, fits):
    fake_node(tmp_path, monkeypatch, answer)
    assert (frontend.node_on_path() is not None) is fits


def test_node_on_path_can_be_left_aside(tmp_path, monkeypatch):
    fake_node(tmp_path, monkeypatch, "echo 24.0.0")
    monkeypatch.setenv("LUX_NODE", "wheel")
    assert frontend.node_on_path() is None


def test_without_node_the_message_says_what_to_do(sources, monkeypatch):
    (sources / "scss" / "app.scss").write_text("b {}")
    monkeypatch.setattr(frontend, "node_on_path", lambda: None)
    monkeypatch.setattr(frontend, "node_in_wheel", lambda: None)
    with pytest.raises(frontend.BuildError, match=r"Node\.js 20 or newer.*make assets"):
        frontend.build()


def test_a_step_that_fails_is_named_with_its_output(sources, tmp_path, monkeypatch):
    (sources / "scss" / "app.scss").write_text("b {}")
    fake_node(tmp_path, monkeypatch, 'case "$1" in ci) echo "no such registry"; exit 7;; *) echo 24.0.0;; esac')
    with pytest.raises(frontend.BuildError, match=r"`npm ci --no-audit` ended with 7[\s\S]*no such registry"):
        frontend.build()


class TestWhatWasBuilt:
    """The assets of this checkout, as `make test` has just built them."""

    @pytest.fixture(autouse=True)
    def _built(self):
        self.manifest = json.loads((frontend.DIST / "manifest.json").read_text())

    def test_the_manifest_names_what_pages_need(self):
        assert {"app.js", "app.css", "feather.svg"} <= set(self.manifest)

    def test_every_entry_exists_with_its_hash_in_the_name_and_its_integrity(self):
        for key, entry in self.manifest.items():
            body = (frontend.DIST / entry["file"]).read_bytes()
            is_for_other_sites = key == "lux.js"  # LUX hands it out under an address of its own
            assert is_for_other_sites or re.search(r"-[0-9A-Za-z]{8}\.\w+$", entry["file"]), key
            if "integrity" in entry:
                digest = base64.b64encode(hashlib.sha384(body).digest()).decode()
                assert entry["integrity"] == f"sha384-{digest}", key

    def test_style_sheets_load_nothing_from_elsewhere(self):
        sheets = list(frontend.DIST.rglob("*.css"))
        assert sheets
        for sheet in sheets:
            addresses = re.findall(r"url\(\s*[\"']?([^\"')]+)", sheet.read_text())
            foreign = [url for url in addresses if "//" in url and not url.startswith("data:")]
            assert not foreign, sheet.name
            local = [url for url in addresses if "//" not in url and not url.startswith(("data:", "#"))]
            assert not [url for url in local if not (sheet.parent / url).exists()]

    def test_the_sprite_has_the_icons(self):
        sprite = (frontend.DIST / self.manifest["feather.svg"]["file"]).read_text()
        assert 'id="alert-octagon"' in sprite
