"""Start the server: clear words when it can't; what then stays of this process only supervises."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, NoReturn

from lux import supervisor
from lux.cli.errors import CannotStart
from lux.kit.i18n import gettext as _
from lux.kit.settings import environment
from lux.net.ports import CannotListen, Obstacle, listening_address

if TYPE_CHECKING:
    from lux.kit.settings import Settings


def serve(settings: Settings, *, with_jobs: bool) -> NoReturn:
    """Make ready and serve until a signal ends it."""
    address = _address(settings)
    names = environment({"LUX_HOME": str(settings.home)})
    prepared = subprocess.run([sys.executable, "-m", "lux", "prepare"], env=names, check=False)
    if prepared.returncode:
        sys.exit(prepared.returncode)
    supervisor.become(
        address,
        settings.port,
        threads=min(settings.web_threads, (os.cpu_count() or 1) * 2 + 1),
        waiting=settings.web_threads * 4,  # requests that wait here rather than in the kernel
        with_jobs=with_jobs and settings.jobs == "local",
        environment=names,
    )


def _address(settings: Settings) -> str:
    """Return the IP address to listen on; raises CannotStart with what stands in the way and the fix."""
    host, port = settings.host, settings.port
    try:
        return listening_address(host, port)
    except CannotListen as error:
        words, fix = {
            Obstacle.IN_USE: (
                _("Port %(port)s on %(host)s is in use.", port=port, host=host),
                _("End the other program, or choose another port: LUX_PORT=5001 make run"),
            ),
            Obstacle.NOT_ALLOWED: (
                _("Port %(port)s is kept for the system's own services.", port=port),
                _("Choose one from 1024 on (LUX_PORT=5000 make run) and put a proxy in front of it."),
            ),
            Obstacle.NOT_HERE: (
                _("LUX_HOST=%(host)s is not an address of this machine.", host=host),
                _("Name one that is: 127.0.0.1 for this machine alone, 0.0.0.0 for all its addresses."),
            ),
            Obstacle.NO_SUCH_HOST: (
                _("LUX_HOST=%(host)s is not a name that this machine knows.", host=host),
                _("Correct it, or name an address: 127.0.0.1 for this machine alone, 0.0.0.0 for all its addresses."),
            ),
            Obstacle.OTHER: (
                _("LUX can't listen on port %(port)s of %(host)s (%(why)s).", port=port, host=host, why=error.reason),
                _("Choose another LUX_HOST or LUX_PORT."),
            ),
        }[error.obstacle]
        raise CannotStart(words, fix=fix) from error
