"""Draining one connection for several concurrent tasks.

aiohttp cancels all waiters if one is cancelled, so a task of its own waits for all of them.
"""

import asyncio
from contextlib import suppress

from gateway.http.request import ClientConnection

POLL_SECONDS = 5.0
"""How often to check whether a connection that does not drain was closed."""


class SharedDrain:
    """Waits for one connection to drain."""

    def __init__(self, connection: ClientConnection) -> None:
        transport = connection.transport
        if transport is None:
            raise ConnectionResetError("The client disconnected.")
        self._transport = transport
        self._connection = connection
        self._draining: asyncio.Task[None] | None = None

    @property
    def writing_paused(self) -> bool:
        """Whether to ``drain`` before writing more."""
        return self._connection.writing_paused

    async def drain(self) -> None:
        """Wait until more can be written; raise ``ConnectionError`` if the client disconnected."""
        while self.writing_paused and not self._transport.is_closing():
            if self._draining is None or self._draining.done():
                self._draining = asyncio.create_task(self._drain())
            await asyncio.wait([self._draining], timeout=POLL_SECONDS)
        if self._transport.is_closing():
            raise ConnectionResetError("The client disconnected.")

    async def _drain(self) -> None:
        with suppress(ConnectionError):
            await self._connection.writable()
