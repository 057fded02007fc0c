"""Looking a host up within a time limit: the system's resolver knows none, so it is asked in a thread of its own."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterable, Sequence

from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.net.guard import Endpoint, resolve
from lux.ports.provider_errors import ProviderError, Transient
from lux.ports.receipts import HeldBack

_SLICE = 0.25  # seconds of waiting between two questions whether to go on


def look_up(
    host: str,
    port: int,
    *,
    allow_hosts: Iterable[str],
    deadline: float,
    may_go: Callable[[], bool],
    provider: str,
) -> Sequence[Endpoint]:
    """Return the checked addresses of a host before a moment (`clock.monotonic`).

    Raises ProviderError, and HeldBack when `may_go`, which is asked while it waits, says no.
    """
    found: list[Sequence[Endpoint] | Exception] = []

    def look() -> None:
        try:
            found.append(resolve(host, port, allow_hosts=allow_hosts, provider=provider))
        except (ProviderError, OSError, RuntimeError) as error:
            found.append(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(look,), daemon=True)
    thread.start()
    while thread.is_alive() and (left := deadline - clock.monotonic()) > 0:
        thread.join(min(left, _SLICE))
        if thread.is_alive() and not may_go():
            raise HeldBack
    if not found:
        message = _("The name servers do not answer, so “%(host)s” can't be found now.", host=host)
        raise Transient(message, provider=provider, field="host")
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]
