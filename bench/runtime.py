"""An environment as `make run` makes it: the tools of this one load packages into LUX that nobody has who uses it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
LOCK: Final = ROOT / "requirements" / "run.lock"


def python() -> Path:
    """Return the interpreter with the packages of requirements/run.lock, and LUX as it stands here."""
    folder = Path(sys.prefix) / "bench"
    stamp, wanted = folder / ".lux-run", hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    interpreter = folder / "bin" / "python"
    if not stamp.is_file() or stamp.read_text() != wanted:
        print("… setting up an environment as `make run` makes it (once)", flush=True)
        venv.create(folder, clear=True)
        command = [sys.executable, "-m", "pip", "--python", str(interpreter), "install", "--quiet", "--no-input"]
        subprocess.run([*command, "--disable-pip-version-check", "--require-hashes", "-r", str(LOCK)], check=True)
        (site,) = folder.glob("lib/python*/site-packages")
        (site / "lux-here.pth").write_text(f"{ROOT / 'src'}\n{ROOT}\n")
        stamp.write_text(wanted)
    return interpreter
