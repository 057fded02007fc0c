"""Write the lock files, or with `--check` tell whether they still fit what is asked for.

`requirements/*.lock` pin every package with its hashes; `frontend/package-lock.json` likewise. None
of them names a registry: where packages come from is the business of the machine that installs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import frontend

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
UV = (str(Path(sys.executable).parent / "uv"), "pip", "compile", "pyproject.toml", "--universal")
UV_FLAGS = (
    "--generate-hashes",
    "--no-header",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--python-version=3.11",
    "--fork-strategy=fewest",
    "--quiet",
)
# The largest set first; the others are held to its pins, so that they never differ. What serves is
# installed from wheels alone: no package's own build code runs on the machine.
LOCKS = {
    "dev": ("--group=build", "--group=dev", "--all-extras"),
    "run": ("--group=build", "--only-binary=:all:", "--constraints=requirements/dev.lock"),
    "s3": ("--group=build", "--extra=s3", "--only-binary=:all:", "--constraints=requirements/dev.lock"),
    "celery": ("--group=build", "--extra=celery", "--only-binary=:all:", "--constraints=requirements/dev.lock"),
}


def write(arguments: list[str]) -> None:
    """Resolve all lock files; `--upgrade` in the arguments takes the newest versions that fit."""
    for name, extra in LOCKS.items():
        output = REQUIREMENTS / f"{name}.lock"
        _run(*UV, *UV_FLAGS, *extra, f"--output-file={output}", *arguments)
    node = REQUIREMENTS / "node.lock"
    only_node = [flag for flag in UV if flag != "pyproject.toml"]
    _run(*only_node, *UV_FLAGS, "--group=node", f"--output-file={node}", *arguments)
    _write_npm_lock()


def problems() -> Iterator[str]:
    """Yield one sentence for each way in which a lock file does not fit the project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups, extras = project["dependency-groups"], project["project"]["optional-dependencies"]
    served = [*project["project"]["dependencies"], *groups["build"]]
    wanted = {
        "run": served,
        "s3": [*served, *extras["s3"]],
        "celery": [*served, *extras["celery"]],
        "dev": [*served, *extras["s3"], *extras["celery"], *groups["dev"]],
        "node": groups["node"],
    }
    for name, requirements in wanted.items():
        pins = _pins(REQUIREMENTS / f"{name}.lock")
        for requirement in map(Requirement, requirements):
            version = pins.get(canonicalize_name(requirement.name))
            if version is None:
                yield f"requirements/{name}.lock lacks {requirement.name}: run make lock"
            elif not requirement.specifier.contains(version, prereleases=True):
                yield f"requirements/{name}.lock pins {requirement.name} {version}: run make lock"
    yield from _npm_problems()


def _pins(lock: Path) -> dict[str, str]:
    lines = lock.read_text().splitlines() if lock.is_file() else []
    pinned = (line.split()[0] for line in lines if "==" in line and line[0].isalnum())
    return {canonicalize_name(name): version for name, _, version in (p.partition("==") for p in pinned)}


def _npm_problems() -> Iterator[str]:
    asked = json.loads((frontend.SOURCES / "package.json").read_text())
    locked = json.loads((frontend.SOURCES / "package-lock.json").read_text())["packages"][""]
    for kind in ("dependencies", "devDependencies", "optionalDependencies"):
        if asked.get(kind, {}) != locked.get(kind, {}):
            yield f"frontend/package-lock.json differs from package.json in {kind}: run make lock"


def _write_npm_lock() -> None:
    node = frontend.node_on_path() or frontend.node_in_wheel()
    if node is None:
        raise SystemExit("lux: the npm lock needs Node.js: run make assets first")
    _run(*node.npm, "install", "--package-lock-only", "--no-audit", "--no-fund", cwd=frontend.SOURCES)
    file = frontend.SOURCES / "package-lock.json"
    lock = json.loads(file.read_text())
    for package in lock["packages"].values():
        # Addresses: where it was found, and whom to pay. Neither pins anything.
        package.pop("resolved", None)
        package.pop("funding", None)
    file.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n")


def _run(*command: str, cwd: Path = ROOT) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(command, cwd=cwd, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"lux: {Path(command[0]).name} ended with {done.returncode}")


def main(arguments: list[str]) -> int:
    """Write or check the lock files; return the exit code."""
    if arguments != ["--check"]:
        write(arguments)
    found = list(problems())
    for problem in found:
        print(f"lux: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
