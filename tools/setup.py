"""Bring .venv and the front end up to date: `setup.py run` for serving, `setup.py dev` for working.

Started by `tools/python` on any Python from 3.11 on, before anything is installed: standard library
only. Every step leaves a stamp, so a second run only compares digests.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import frontend

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOG = VENV / "setup.log"
PROFILES = ("run", "dev")
NO_NETWORK = (
    "Temporary failure in name resolution",
    "Name or service not known",
    "nodename nor servname",
    "Network is unreachable",
    "Connection refused",
    "Failed to establish a new connection",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ETIMEDOUT",
    "ConnectTimeout",
    "ReadTimeout",
    "Read timed out",
    "ProxyError",
    "Cannot connect to proxy",
)


NOT_TRUSTED = ("CERTIFICATE_VERIFY_FAILED", "SELF_SIGNED_CERT", "UNABLE_TO_GET_ISSUER_CERT", "UNABLE_TO_VERIFY")


class SetupError(Exception):
    """The environment could not be set up; the message is the one sentence people see."""


def lock_file(profile: str) -> Path:
    """Return the file of pinned, hashed packages of a profile."""
    return ROOT / "requirements" / f"{profile}.lock"


def make_venv() -> None:
    """Create .venv unless it works already.

    Raises:
        SetupError: the folder is not writable, or Python could not make the environment.
    """
    if _works(PYTHON) and not _is_other_version():
        return
    try:
        if VENV.is_symlink() or VENV.exists():
            shutil.rmtree(VENV)
        VENV.mkdir()
    except OSError as error:
        raise SetupError(
            f"{ROOT} is not writable ({error.strerror}): run make as the owner of this folder, "
            "or clone LUX into a folder of your own."
        ) from error
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        raise SetupError(
            f"{sys.executable} could not make a virtual environment: "
            f"install its venv module (Debian, Ubuntu: apt-get install {package}). "
            f"{_last_line(done.stdout + done.stderr)}"
        )


def install_packages(profile: str) -> None:
    """Install what the lock file names, each file checked against its hash."""
    lock = lock_file(profile)
    wanted = _digest(lock)
    if _stamp(profile) == wanted:
        return
    _step(
        f"installing packages from requirements/{lock.name} (once; about a minute)",
        lambda: _pip("--require-hashes", "-r", str(lock)),
    )
    _write_stamp(profile, wanted)
    if profile == "dev":  # it holds the others
        for smaller in ("run", "s3", "celery"):
            _write_stamp(smaller, _digest(lock_file(smaller)))


def install_extras(profile: str) -> None:
    """Install what the settings ask for besides: s3fs for a store at a distance, Celery for many machines."""
    if profile != "run":
        return
    if os.environ.get("LUX_FILE_STORE", "").startswith("s3://"):
        install_packages("s3")
    if os.environ.get("LUX_JOBS", "") == "celery":
        install_packages("celery")


def build_assets() -> None:
    """Bundle the front end; fetch Node from PyPI where PATH has none that fits."""
    if frontend.is_fresh() and frontend.is_installed():
        return
    lock = lock_file("node")
    if frontend.node_on_path() is None and _stamp("node") != _digest(lock):
        _step("fetching Node.js (once)", lambda: _pip("--require-hashes", "-r", str(lock)))
        _write_stamp("node", _digest(lock))
    _step("building the front end", lambda: _call(PYTHON, ROOT / "tools" / "frontend.py"))


def install_project() -> None:
    """Install LUX itself, editable, so that the code in src/ is what runs."""
    wanted = _digest(ROOT / "pyproject.toml", ROOT / "hatch_build.py")
    if _stamp("project") == wanted and (VENV / "bin" / "lux").exists():
        return
    _step("installing LUX", lambda: _pip("--no-deps", "--no-build-isolation", "--editable", str(ROOT)))
    _write_stamp("project", wanted)


def set_up(profile: str) -> None:
    """Run all steps of a profile, one process at a time.

    Raises:
        SetupError: a step failed; the message names the fix.
    """
    with Path(__file__).open("rb") as mutex:
        fcntl.flock(mutex, fcntl.LOCK_EX)
        make_venv()
        install_packages(profile)
        install_extras(profile)
        build_assets()
        install_project()


def _works(python: Path) -> bool:
    if not python.exists():
        return False
    code = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _is_other_version() -> bool:
    """Tell whether PYTHON names another release than the one .venv was made with."""
    wanted = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return "PYTHON" in os.environ and not (VENV / "lib" / f"python{wanted}").is_dir()


def _digest(*files: Path) -> str:
    total = hashlib.sha256()
    for file in (VENV / "pyvenv.cfg", *files):
        total.update(file.read_bytes())
    return total.hexdigest()


def _stamp(name: str) -> str | None:
    file = VENV / f".lux-{name}"
    return file.read_text() if file.is_file() else None


def _write_stamp(name: str, value: str) -> None:
    (VENV / f".lux-{name}").write_text(value)


def _step(what: str, work: Callable[[], None]) -> None:
    print(f"lux: {what} …", flush=True)
    began = time.monotonic()
    work()
    print(f"lux:   done in {time.monotonic() - began:.0f} s", flush=True)


def _pip(*arguments: str) -> None:
    flags = ("--disable-pip-version-check", "--no-input", "--retries", "2", "--quiet")
    _call(PYTHON, "-m", "pip", "install", *flags, *arguments)


def _call(*command: str | Path) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, "PIP_USER": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        LOG.write_text(done.stdout)
        raise SetupError(_explain(done.stdout))


def _explain(output: str) -> str:
    if any(sign in output for sign in NO_NETWORK):
        return (
            "the package index could not be reached: check the network (pip's and npm's own "
            "settings for proxies and mirrors are honoured), then run make again. "
            f"Details: {LOG.relative_to(ROOT)}."
        )
    if any(sign in output for sign in NOT_TRUSTED):
        return (
            "the package index shows a certificate that is not trusted here: name your authority's file "
            f"in PIP_CERT and NODE_EXTRA_CA_CERTS, then run make again. Details: {LOG.relative_to(ROOT)}."
        )
    if "DO NOT MATCH THE HASHES" in output:
        return (
            "a package does not match its hash in requirements/ and was not installed: run make "
            f"again; if it stays, the index serves another file. Details: {LOG.relative_to(ROOT)}."
        )
    if "No space left on device" in output:
        return "the disk is full: LUX needs about 600 MB here; free some space and run make again."
    return f"{_last_line(output)} Details: {LOG.relative_to(ROOT)}."


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    told = [line for line in lines if "rror" in line and not line.startswith("note:")]
    return (told or lines or ["It gave no reason."])[-1]


def main(arguments: list[str]) -> int:
    """Set up one profile; return the exit code."""
    if len(arguments) != 1 or arguments[0] not in PROFILES:
        print(f"usage: setup.py {'|'.join(PROFILES)}", file=sys.stderr)
        return 2
    try:
        set_up(arguments[0])
    except SetupError as error:
        print(f"lux: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lux: stopped; run make again to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
