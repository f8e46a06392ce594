"""Connections that stay open, for reads to use one after another.

asyncpg has a pool. Its work for each use, among it a task, takes as long as a short statement does.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic

import asyncpg

IDLE_SECONDS = 300.0
"""How long an idle connection is trusted: what lies between may forget it without a sign."""
CLOSE_SECONDS = 1.0


class Connections:
    """Up to so many connections, each opened when it is first needed."""

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]], size: int) -> None:
        self._connect = connect
        self._idle: asyncio.LifoQueue[tuple[asyncpg.Connection | None, float]] = asyncio.LifoQueue()
        """Those that nobody uses, and since when; None for each that is not open."""
        for _ in range(size):
            self._idle.put_nowait((None, 0.0))
        self._in_use: set[asyncpg.Connection] = set()

    def take(self) -> asyncpg.Connection | None:
        """Return an open connection that nobody uses, if there is one."""
        if self._idle.empty():
            return None
        connection = _usable(*self._idle.get_nowait())
        if connection is None:
            self._idle.put_nowait((None, 0.0))
        else:
            self._in_use.add(connection)
        return connection

    async def wait(self) -> asyncpg.Connection:
        """Return a connection that nobody uses: wait for one, or open it."""
        connection = _usable(*await self._idle.get())
        if connection is None:
            try:
                connection = await self._connect()
            except BaseException:
                self._idle.put_nowait((None, 0.0))
                raise
        self._in_use.add(connection)
        return connection

    def give_back(self, connection: asyncpg.Connection) -> None:
        """Let others use a connection that was taken."""
        self._in_use.discard(connection)
        if not connection.is_closed() and connection.is_in_transaction():
            connection.terminate()  # whoever began it could not end it
        self._idle.put_nowait((connection, monotonic()))

    def interrupt(self) -> None:
        """Break those in use, so that what waits for them fails as if the server was away."""
        for connection in tuple(self._in_use):
            connection.terminate()

    async def close(self) -> None:
        """Close those that nobody uses, and break the others."""
        self.interrupt()
        while not self._idle.empty():
            connection, _ = self._idle.get_nowait()
            if connection:
                await connection.close(timeout=CLOSE_SECONDS)


@asynccontextmanager
async def open_connections(
    connect: Callable[[], Awaitable[asyncpg.Connection]], size: int
) -> AsyncIterator[Connections]:
    """Give up to so many connections, and close them afterwards."""
    connections = Connections(connect, size)
    try:
        yield connections
    finally:
        await connections.close()


def _usable(connection: asyncpg.Connection | None, idle_since: float) -> asyncpg.Connection | None:
    """Return a connection if it can be used; one that was idle for too long is given up."""
    if connection and monotonic() - idle_since > IDLE_SECONDS:
        connection.terminate()
    return None if connection is None or connection.is_closed() else connection
