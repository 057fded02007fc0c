"""The file STOP in the data folder: whether it is there, and why that stops the installation."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from lux.kit.i18n import gettext as _

STOP_FILE: Final = "STOP"


def is_stop_file_there(home: Path) -> bool:
    """Say whether the file STOP stops the installation; a folder that can't be read, or is gone, counts as stopped."""
    try:
        os.lstat(home / STOP_FILE)  # also a link that leads nowhere
    except FileNotFoundError:
        return not home.is_dir()
    except OSError:
        return True
    return True


def reason_of(home: Path) -> str:
    """Return why the file stops the installation, in words."""
    if not is_stop_file_there(home):
        return _("The file STOP is gone: the stop ends within seconds.")
    if home.is_dir() and os.access(home, os.R_OK | os.X_OK):
        return _("The file STOP is in the data folder.")
    return _("The data folder can't be read, so LUX can't see whether the file STOP is in it.")
