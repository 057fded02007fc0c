"""Where this machine can listen: a name made an address, and the reason when it can't."""

from __future__ import annotations

import enum
import errno
import os
import socket


class Obstacle(enum.Enum):
    """Why nobody can listen there."""

    IN_USE = "in use"  # another program listens
    NOT_ALLOWED = "not allowed"  # ports below 1024 need a right of their own
    NOT_HERE = "not here"  # an address of another machine
    NO_SUCH_HOST = "no such host"  # a name that has no address
    OTHER = "other"  # what the system says in its own words


_OBSTACLES = {
    errno.EADDRINUSE: Obstacle.IN_USE,
    errno.EACCES: Obstacle.NOT_ALLOWED,
    errno.EPERM: Obstacle.NOT_ALLOWED,
    errno.EADDRNOTAVAIL: Obstacle.NOT_HERE,
}


class CannotListen(Exception):
    """Nobody can listen there."""

    def __init__(self, obstacle: Obstacle, reason: str) -> None:
        """Keep the reason, and the system's own words for it."""
        super().__init__(reason)
        self.obstacle = obstacle
        self.reason = reason


def listening_address(host: str, port: int) -> str:
    """Return the IP address on which this process can listen now; raises CannotListen."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:  # UnicodeError: what can't be a name of the DNS
        raise CannotListen(Obstacle.NO_SUCH_HOST, str(error)) from error
    # Of a name with several addresses the IPv4 one: what people write as localhost is 127.0.0.1.
    family, _kind, _protocol, _name, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            obstacle = _OBSTACLES.get(error.errno or 0, Obstacle.OTHER)
            raise CannotListen(obstacle, os.strerror(error.errno or 0)) from error
    return str(address[0])
