"""A pool of connections for reads.

asyncpg's own pool creates a task for each use, which takes as long as a short statement.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic

import asyncpg

IDLE_SECONDS = 300.0
"""The idle time after which a connection is replaced: a firewall may have dropped it silently."""
CLOSE_SECONDS = 1.0
"""How long closing a connection may take."""


class Connections:
    """At most ``size`` connections, each opened when it is first needed."""

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]], size: int) -> None:
        self._connect = connect
        self._idle: asyncio.LifoQueue[tuple[asyncpg.Connection | None, float]] = asyncio.LifoQueue()
        """The idle connections with the time since which they are idle; None if not open."""
        for _ in range(size):
            self._idle.put_nowait((None, 0.0))
        self._in_use: set[asyncpg.Connection] = set()

    def try_acquire(self) -> asyncpg.Connection | None:
        """Return an open, idle connection, or None if there is none."""
        if self._idle.empty():
            return None
        connection = _usable(*self._idle.get_nowait())
        if connection is None:
            self._idle.put_nowait((None, 0.0))
        else:
            self._in_use.add(connection)
        return connection

    async def acquire(self) -> asyncpg.Connection:
        """Return an idle connection; open one or wait for one if necessary."""
        connection = _usable(*await self._idle.get())
        if connection is None:
            try:
                connection = await self._connect()
            except BaseException:
                self._idle.put_nowait((None, 0.0))
                raise
        self._in_use.add(connection)
        return connection

    def release(self, connection: asyncpg.Connection) -> None:
        """Return a connection to the pool."""
        self._in_use.discard(connection)
        if not connection.is_closed() and connection.is_in_transaction():
            connection.terminate()  # the read was cancelled before it ended its transaction
        self._idle.put_nowait((connection, monotonic()))

    def interrupt(self) -> None:
        """Terminate the connections in use, so that their reads fail with a lost connection."""
        for connection in tuple(self._in_use):
            connection.terminate()

    async def close(self) -> None:
        """Close the idle connections, and terminate those in use."""
        self.interrupt()
        while not self._idle.empty():
            connection, _ = self._idle.get_nowait()
            if connection:
                await connection.close(timeout=CLOSE_SECONDS)


@asynccontextmanager
async def open_connections(
    connect: Callable[[], Awaitable[asyncpg.Connection]], size: int
) -> AsyncIterator[Connections]:
    """Return a pool of at most ``size`` connections, which is closed after the block."""
    connections = Connections(connect, size)
    try:
        yield connections
    finally:
        await connections.close()


def _usable(connection: asyncpg.Connection | None, idle_since: float) -> asyncpg.Connection | None:
    """Return a connection if it is usable; terminate one that was idle for too long."""
    if connection and monotonic() - idle_since > IDLE_SECONDS:
        connection.terminate()
    return None if connection is None or connection.is_closed() else connection
