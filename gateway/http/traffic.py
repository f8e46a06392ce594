"""The connections with a request under way, so that a server can finish them before it stops."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from aiohttp import web


class Traffic:
    """What is under way, and who is to be told that a connection is lost or the server stops."""

    def __init__(self) -> None:
        self.stopping = False
        self._under_way: set[object] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._on_stop: set[Callable[[], object]] = set()
        self._on_lost: dict[object, Callable[[], object]] = {}

    @contextmanager
    def calling_on_stop(self, on_stop: Callable[[], object]) -> Iterator[None]:
        """Call ``on_stop`` when what goes on within the block is to come to its end."""
        self._on_stop.add(on_stop)
        try:
            yield
        finally:
            self._on_stop.remove(on_stop)

    @contextmanager
    def calling_on_lost(self, connection: object, on_lost: Callable[[], object]) -> Iterator[None]:
        """Call ``on_lost`` when the connection is lost while the block lasts."""
        self._on_lost[connection] = on_lost
        try:
            yield
        finally:
            del self._on_lost[connection]

    def connection_lost(self, connection: object) -> None:
        """Tell who follows a connection that it is lost."""
        if on_lost := self._on_lost.get(connection):
            on_lost()

    def add(self, connection: object) -> None:
        """Add a connection that has a request under way."""
        self._under_way.add(connection)
        self._idle.clear()

    def discard(self, connection: object) -> None:
        """Remove a connection whose request is answered."""
        self._under_way.discard(connection)
        if not self._under_way:
            self._idle.set()

    async def drain(self, seconds: float) -> None:
        """Take requests in for a while, each the last of its connection."""
        self.stopping = True
        await asyncio.sleep(seconds)

    async def finish(self, server: web.Server, seconds: float) -> None:
        """Close what is idle, and wait for the answers to what is under way."""
        for on_stop in tuple(self._on_stop):
            on_stop()
        for connection in server.connections:
            if connection not in self._under_way:
                connection.force_close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)
