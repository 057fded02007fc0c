"""The project names no machine: no one's folders, no registry."""

from __future__ import annotations

import re

from tests.house import sources

SLASH = "/"  # so that the patterns below do not find themselves
FOLDERS = ("work", "root", "farm", "Users", "tmp/lux")
MACHINE = re.compile(rf"(?<![\w.:/@-]){SLASH}(?:{'|'.join(FOLDERS)}|home{SLASH}[a-z]\w*)/")
REGISTRIES = re.compile(r"registry\.npmjs|registry\.yarnpkg|pypi\.org/simple|files\.pythonhosted|test\.pypi")
TEXT = {".png", ".jpg", ".gif", ".ico", ".woff2", ".gz", ".zip", ".xlsx", ".mo"}


def texts():
    for path in sources.project_files():
        if path.suffix not in TEXT and path != sources.Path(__file__).resolve():
            yield path, path.read_text(encoding="utf-8", errors="replace")


def test_no_file_names_a_machine_of_ours():
    found = [
        f"{sources.name_of(path)}:{text.count(chr(10), 0, match.start()) + 1} {match.group()}"
        for path, text in texts()
        for match in MACHINE.finditer(text)
    ]
    assert not found


def test_no_file_names_a_package_registry():
    assert not [sources.name_of(path) for path, text in texts() if REGISTRIES.search(text)]
