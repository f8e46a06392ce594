"""Connections with a running request, so that a server can finish them before it stops."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from aiohttp import web


class Traffic:
    """Running requests, and callbacks for when a connection is lost or the server stops."""

    def __init__(self) -> None:
        self.stopping = False
        self._running: set[object] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._on_stop: set[Callable[[], object]] = set()
        self._on_lost: dict[object, Callable[[], object]] = {}

    @contextmanager
    def calling_on_stop(self, on_stop: Callable[[], object]) -> Iterator[None]:
        """Call ``on_stop`` if the server stops while the block runs."""
        self._on_stop.add(on_stop)
        try:
            yield
        finally:
            self._on_stop.remove(on_stop)

    @contextmanager
    def calling_on_lost(self, connection: object, on_lost: Callable[[], object]) -> Iterator[None]:
        """Call ``on_lost`` if the connection is lost while the block runs."""
        self._on_lost[connection] = on_lost
        try:
            yield
        finally:
            del self._on_lost[connection]

    def connection_lost(self, connection: object) -> None:
        """Call the callback registered for a lost connection."""
        if on_lost := self._on_lost.get(connection):
            on_lost()

    def add(self, connection: object) -> None:
        """Add a connection with a running request."""
        self._running.add(connection)
        self._idle.clear()

    def discard(self, connection: object) -> None:
        """Remove a connection whose request has been answered."""
        self._running.discard(connection)
        if not self._running:
            self._idle.set()

    async def drain(self, seconds: float) -> None:
        """Accept requests for ``seconds`` more, each the last of its connection."""
        self.stopping = True
        await asyncio.sleep(seconds)

    async def finish(self, server: web.Server, seconds: float) -> None:
        """Close idle connections, and wait up to ``seconds`` for running requests."""
        for on_stop in tuple(self._on_stop):
            on_stop()
        for connection in server.connections:
            if connection not in self._running:
                connection.force_close()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()
