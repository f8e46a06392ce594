"""Waiting for one client to take in what was written, by several at once.

aiohttp cancels the waiting of all when that of one is cancelled, so one task waits for all.
"""

import asyncio
from contextlib import suppress

from gateway.http.request import ClientConnection

LOOKED_EVERY = 5.0
"""In seconds: how often to see whether a client that takes nothing has been given up."""


class SharedDrain:
    """The waiting for one client."""

    def __init__(self, connection: ClientConnection) -> None:
        transport = connection.transport
        if transport is None:
            raise ConnectionResetError("The client is gone.")
        self._transport = transport
        self._connection = connection
        self._draining: asyncio.Task[None] | None = None

    @property
    def writing_paused(self) -> bool:
        """Whether no more is to be written before ``drain``."""
        return self._connection.writing_paused

    async def drain(self) -> None:
        """Wait until more can be written; raise ``ConnectionError`` when the client is gone."""
        while self.writing_paused and not self._transport.is_closing():
            if self._draining is None or self._draining.done():
                self._draining = asyncio.create_task(self._drain())
            await asyncio.wait([self._draining], timeout=LOOKED_EVERY)
        if self._transport.is_closing():
            raise ConnectionResetError("The client is gone.")

    async def _drain(self) -> None:
        with suppress(ConnectionError):
            await self._connection.writable()
