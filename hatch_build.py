"""Build hook of wheel and editable install: the front end is bundled before files are collected."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent / "tools"))

import frontend  # importable only after the line above


class FrontendHook(BuildHookInterface[Any]):
    """Bundle frontend/ into the package; ask for a Node wheel only where none is on PATH."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what the isolated build environment needs besides hatchling."""
        if (frontend.is_fresh() and frontend.is_installed()) or frontend.node_on_path():
            return []
        return [frontend.NODE_REQUIREMENT]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the assets unless they are up to date."""
        frontend.build()
