"""What the house tests read: every file of the project that is tracked or about to be."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "lux"
ROOMS = SRC / "rooms"

# Templates that become mail, not pages: mail clients know neither style sheets nor our tokens.
MAIL_FOLDERS = {"mail", "mails", "starters"}


@cache
def project_files() -> tuple[Path, ...]:
    """Return all files Git knows or would know."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


def under(folder: Path, *suffixes: str) -> list[Path]:
    """Return the files below a folder; once there are rooms, finding none is a failure."""
    found = [path for path in project_files() if path.is_relative_to(folder)]
    found = [path for path in found if not suffixes or path.suffix in suffixes]
    assert found or not ROOMS.is_dir(), f"nothing to check below {name_of(folder)}"
    return found


def modules() -> list[Path]:
    """Return the product's Python modules."""
    return under(SRC, ".py")


def templates() -> list[Path]:
    """Return the templates of pages and fragments, without those that become mail."""
    return [
        path
        for path in under(SRC, ".html", ".jinja", ".svg")
        if "templates" in path.parts and not MAIL_FOLDERS & set(path.parts)
    ]


def rooms() -> list[str]:
    """Return the names of the rooms."""
    return sorted(path.parent.name for path in ROOMS.glob("*/__init__.py"))


@cache
def tree(path: Path) -> ast.Module:
    """Return a module's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imported_names(module: ast.Module) -> dict[str, str]:
    """Return what each name bound by an import stands for: `dt` → `datetime`."""
    names: dict[str, str] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                names[bound] = alias.name if alias.asname else bound
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, full dotted name) for each module, or thing of a module, that a module imports, wherever it does."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def uses(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, full dotted name) for each imported thing a module names."""
    module = tree(path)
    names = imported_names(module)
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Attribute | ast.Name):
            dotted = _dotted(node)
            first, _, rest = dotted.partition(".")
            if first in names:
                yield node.lineno, f"{names[first]}.{rest}".rstrip(".")


def name_of(path: Path) -> str:
    """Return a path as people write it."""
    return path.relative_to(ROOT).as_posix()


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        inner = _dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return node.id if isinstance(node, ast.Name) else ""
