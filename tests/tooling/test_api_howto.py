"""The shell sessions of docs/howto/api.md are run as they stand, in order, against a server; no line is refused."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
from PIL import Image

from lux.identity.api_keys import Scope
from tests.callers import Caller
from tests.factories import Installation
from tests.faults.server import RunningServer
from tests.rooms.email.campaigns import ready
from tests.services import run

PAGE: Final = Path("docs/howto/api.md")
BEFORE: Final = r"""set -euo pipefail
curl() { command curl --fail-with-body --no-progress-meter "$@" || { echo "refused: $*" >&2; return 1; }; }
"""
AFTER: Final = r"""
call "$LUX/contacts/$ANN" | jq -e '.city == "Bonn" and .fields.shoe_size == 41 and .consents[0].state == "given"'
call "$LUX/campaigns/$CAMPAIGN" | jq -e '.state == "pending"'
call "$LUX/segments/$LIST/members" | jq -e '.data | length == 1'
"""


@pytest.mark.server
def test_every_command_of_the_page_works_in_order(lux_sqlite: Installation, tmp_path: Path) -> None:
    if missing := [name for name in ("bash", "curl", "jq") if shutil.which(name) is None]:
        run.missing(f"apt-get install {' '.join(missing)}")
    lux = lux_sqlite
    key = Caller(lux, ready(lux), *Scope).shown
    lux.db.close()
    server = RunningServer(lux.settings, tmp_path / "server.log")
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    script = BEFORE + "\n".join(blocks).replace("https://lux.example.com", server.url).replace("01a2….…", key) + AFTER
    Image.new("RGB", (700, 300), "#b00020").save(tmp_path / "lantern.jpg")
    server.start()
    try:
        done = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )
    finally:
        server.stop()
    assert (done.returncode, done.stderr) == (0, ""), f"{done.stdout[-1500:]}\n{done.stderr}"
    with (tmp_path / "contacts.csv").open(encoding="utf-8-sig", newline="") as file:
        _head, *rows = csv.reader(file)
    assert ["ann@example.com" in row for row in rows] == [True]
