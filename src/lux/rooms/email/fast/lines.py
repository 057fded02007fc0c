"""A hit as one line of the spool: what the fact needs and no more."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from lux.gate.hits import Hit
from lux.kit import clock

if TYPE_CHECKING:
    from collections.abc import Iterable

AGENT_LENGTH: Final = 1000  # characters that are looked at to tell a person from a machine; a fact keeps 200
LARGEST: Final = 2**63 - 1
AHEAD: Final = timedelta(days=1)  # a clock may have been set back since; a line from further ahead is none of ours
_LINE: Final = re.compile(rb"h1 (\d{1,19}) (\d{1,9}) (\d{1,16}) ([ -~]*)\Z")


def line(delivery_id: int, number: int, agent: str) -> bytes:
    """Return the line of something that happens now."""
    moment = round(clock.now().timestamp() * 1_000_000)
    # The escapes are ASCII and never a line feed, whatever a program calls itself.
    return b"h1 %d %d %d %s\n" % (delivery_id, number, moment, agent[:AGENT_LENGTH].encode("unicode_escape"))


def hits(lines: Iterable[bytes]) -> tuple[list[Hit], int]:
    """Return what lines say, and how many say nothing that can be read."""
    found, refused, latest = list[Hit](), 0, clock.now() + AHEAD
    for one in lines:
        hit = _hit(one, latest)
        if hit is None:
            refused += 1
        else:
            found.append(hit)
    return found, refused


def _hit(one: bytes, latest: datetime) -> Hit | None:
    parts = _LINE.match(one)
    if parts is None or int(parts[1]) > LARGEST:
        return None
    try:
        at = datetime.fromtimestamp(int(parts[3]) / 1_000_000, UTC)
        agent = parts[4].decode("unicode_escape")
    except (ValueError, OverflowError, OSError):
        return None
    if at > latest:
        return None
    return Hit(delivery_id=int(parts[1]), number=int(parts[2]), at=at, agent=agent)
