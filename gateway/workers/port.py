"""A port that several processes listen on, with SO_REUSEPORT.

Each process has sockets of its own, over which the system spreads new connections, on Linux evenly.
So a connection is not queued for a busy process while another is idle.
"""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

Address = tuple[socket.AddressFamily, tuple[Any, ...]]


class SharedPort:
    """The addresses of a port, with sockets for ``listening`` processes."""

    def __init__(self, addresses: Sequence[Address], *, listening: int) -> None:
        self._addresses = addresses
        self._reserved = self._bind_all()  # so the port stays bound if all processes end
        self._listening = [self._bind_all() for _ in range(listening)]
        for each in self._listening:
            for bound in each:
                bound.listen()  # so no other process can bind the port exclusively

    @property
    def address(self) -> tuple[Any, ...]:
        """The first of the addresses."""
        return self._addresses[0][1]

    def sockets(self) -> list[socket.socket]:
        """Return sockets for one more process, one for each address."""
        return self._listening.pop() if self._listening else self._bind_all()

    def close(self) -> None:
        """Close all sockets that were not returned."""
        for each in (self._reserved, *self._listening):
            for bound in each:
                bound.close()

    def _bind_all(self) -> list[socket.socket]:
        with ExitStack() as failing:
            bound = [
                failing.enter_context(_bind(*address, shared=True)) for address in self._addresses
            ]
            failing.pop_all()
        return bound


@contextmanager
def shared_port(host: str, port: int, *, listening: int) -> Iterator[SharedPort]:
    """Bind a port; 0 is any free one.

    Raises ``OSError`` if it cannot be bound, or if others listen on it, even with SO_REUSEPORT.
    """
    shared = SharedPort(_free_addresses(host, port), listening=listening)
    try:
        yield shared
    finally:
        shared.close()


def _free_addresses(host: str, port: int) -> list[Address]:
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
        # Do not wait for connections in TIME_WAIT of a gateway that was just stopped.
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
