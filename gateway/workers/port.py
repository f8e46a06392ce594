"""A port that several processes listen on: the system spreads the connections, on Linux evenly.

A socket of its own for each, since a connection then waits for no process but the one that gets it,
and none waits for a process that is gone.
"""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

Address = tuple[socket.AddressFamily, tuple[Any, ...]]


class SharedPort:
    """The addresses of a port, with sockets on them that ``listening`` processes will take over."""

    def __init__(self, addresses: Sequence[Address], *, listening: int) -> None:
        self._addresses = addresses
        self._kept = self._bound()  # the port stays taken, whichever processes there are
        self._listening = [self._bound() for _ in range(listening)]
        for each in self._listening:
            for bound in each:
                bound.listen()  # from now on nobody else can have the port for itself

    @property
    def address(self) -> tuple[Any, ...]:
        """The first of the addresses."""
        return self._addresses[0][1]

    def sockets(self) -> list[socket.socket]:
        """Return the sockets of one more process, one for each address."""
        return self._listening.pop() if self._listening else self._bound()

    def close(self) -> None:
        """Close what no process has taken over."""
        for each in (self._kept, *self._listening):
            for bound in each:
                bound.close()

    def _bound(self) -> list[socket.socket]:
        with ExitStack() as failing:
            bound = [
                failing.enter_context(_bind(*address, shared=True)) for address in self._addresses
            ]
            failing.pop_all()
        return bound


@contextmanager
def shared_port(host: str, port: int, *, listening: int) -> Iterator[SharedPort]:
    """Take a port, any free one for 0.

    Raises ``OSError`` when it cannot be had, or when others listen on it, even if they would share.
    """
    shared = SharedPort(_free(host, port), listening=listening)
    try:
        yield shared
    finally:
        shared.close()


def _free(host: str, port: int) -> list[Address]:
    free: list[Address] = []
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, _, _, _, (name, _, *rest) in dict.fromkeys(found):
        with _bind(family, (name, port, *rest), shared=False) as alone:
            port = alone.getsockname()[1]
            free.append((family, alone.getsockname()))
    return free


def _bind(family: socket.AddressFamily, address: tuple[Any, ...], *, shared: bool) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        # The last connections of a gateway that was stopped just now are nothing to wait for.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound
