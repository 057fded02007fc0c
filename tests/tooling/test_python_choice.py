"""`tools/python` finds a Python that fits, or says in one sentence what to install."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"
FITS = 'exec "{python}" "$@"'
OLD = 'case "$2" in *"(3, 11)"*) exit 1;; *platform*) echo 3.9.2;; *) exit 0;; esac'
NO_VENV = 'case "$2" in *ensurepip*) exit 1;; *) exec "{python}" "$@";; esac'
BROKEN = "exit 127"


@pytest.fixture
def machine(tmp_path):
    """A project folder and a PATH with nothing but what the test puts there."""
    tools, path = tmp_path / "tools", tmp_path / "bin"
    tools.mkdir()
    path.mkdir()
    shutil.copy(TOOLS / "python", tools / "python")
    (tools / "show.py").write_text("import sys; print(sys.argv[1:])")
    for program in ("sh", "dirname"):
        (path / program).symlink_to(shutil.which(program))
    return tmp_path


def interpreter(machine, name, behaviour):
    script = machine / "bin" / name
    note = f'[ "$1" = -c ] || echo "by {name}"\n'
    script.write_text(f"#!/bin/sh\n{note}{behaviour.format(python=sys.executable)}\n")
    script.chmod(0o755)


def start(machine, **environment):
    return subprocess.run(
        [machine / "tools" / "python", "show.py", "run"],
        env={"PATH": str(machine / "bin"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def sentence(done):
    """Return what was said: one line on stderr, and a failure."""
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("lux: ")
    return line


def test_the_newest_that_fits_runs_the_script(machine):
    interpreter(machine, "python3", FITS)
    interpreter(machine, "python3.12", FITS)
    interpreter(machine, "python3.13", BROKEN)
    assert start(machine).stdout == "by python3.12\n['run']\n"


def test_one_that_is_too_old_is_passed_over(machine):
    interpreter(machine, "python3.11", OLD)
    interpreter(machine, "python3", FITS)
    assert "by python3\n" in start(machine).stdout


def test_one_without_venv_is_passed_over(machine):
    interpreter(machine, "python3.12", NO_VENV)
    interpreter(machine, "python3.11", FITS)
    assert "by python3.11\n" in start(machine).stdout


def test_a_missing_venv_module_names_its_package(machine):
    interpreter(machine, "python3", NO_VENV)
    said = sentence(start(machine))
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    assert f"apt-get install {package}" in said


def test_too_old_a_python_is_named_with_its_version(machine):
    interpreter(machine, "python3", OLD)
    said = sentence(start(machine))
    assert "needs Python 3.11 or newer" in said
    assert "python3 3.9.2 is too old" in said


def test_no_python_at_all_says_what_to_install(machine):
    assert "apt-get install python3 python3-venv" in sentence(start(machine))


def test_a_python_named_by_hand_is_the_only_candidate(machine):
    interpreter(machine, "python3", FITS)
    interpreter(machine, "mine", FITS)
    assert "by mine\n" in start(machine, PYTHON="mine").stdout
    assert "PYTHON=none does not start" in sentence(start(machine, PYTHON="none"))


def test_the_projects_own_environment_comes_first(machine):
    interpreter(machine, "python3", FITS)
    folder = machine / ".venv" / "bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(sys.executable)
    (folder.parent / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).resolve().parent}\n")
    (folder.parent / "lib").symlink_to(Path(sys.prefix) / "lib")
    assert start(machine).stdout == "['run']\n"
