"""A pool of connections for reads.

asyncpg's own pool creates a task for each use, which takes as long as a short statement.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import NamedTuple

import asyncpg

from gateway.store.postgres.failures import LOST

IDLE_SECONDS = 300.0
"""The idle time after which a connection is replaced: a firewall may have dropped it silently."""
CLOSE_SECONDS = 1.0
"""How long closing connections may take."""


class _Idle(NamedTuple):
    """A connection that is not in use; None in the place of one that is not open."""

    connection: asyncpg.Connection | None
    since: float
    is_cancelling: bool
    """Whether its last statement was cancelled, and may still run on the server."""


_NOT_OPEN = _Idle(None, 0.0, is_cancelling=False)


class Connections:
    """At most ``size`` connections, each opened when it is first needed."""

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]], size: int) -> None:
        self._connect = connect
        self._idle: asyncio.LifoQueue[_Idle] = asyncio.LifoQueue()
        for _ in range(size):
            self._idle.put_nowait(_NOT_OPEN)
        self._in_use: set[asyncpg.Connection] = set()

    def try_acquire(self) -> asyncpg.Connection | None:
        """Return an open, idle connection, or None if ``acquire`` is needed."""
        if self._idle.empty():
            return None
        idle = self._idle.get_nowait()
        connection = _usable(idle)
        if connection is None or idle.is_cancelling:
            self._idle.put_nowait(idle)
            return None
        self._in_use.add(connection)
        return connection

    async def acquire(self) -> asyncpg.Connection:
        """Return an idle connection; open one or wait for one if necessary.

        It is to be used in a task: asyncpg needs one to wait until a statement is cancelled.
        """
        idle = await self._idle.get()
        try:
            connection = await self._recovered(idle) or await self._connect()
        except BaseException:
            self._idle.put_nowait(_NOT_OPEN)
            raise
        self._in_use.add(connection)
        return connection

    async def _recovered(self, idle: _Idle) -> asyncpg.Connection | None:
        """Return a connection if it is usable, and after a cancelled statement if it recovers."""
        connection = _usable(idle)
        if connection is None or not idle.is_cancelling:
            return connection
        is_recovered = False
        self._in_use.add(connection)  # so that ``interrupt`` ends the wait
        try:
            with suppress(asyncpg.PostgresError, *LOST):
                # This is answered after the cancelled statement. It ends the one that asyncpg
                # leaves open if it is cancelled while it is prepared.
                await connection.execute("SELECT 1")
                is_recovered = not connection.is_in_transaction()
        finally:
            if not is_recovered:
                self._in_use.discard(connection)
                connection.terminate()
        return connection if is_recovered else None

    def release(self, connection: asyncpg.Connection, *, is_cancelling: bool = False) -> None:
        """Return a connection to the pool, even while its last statement is being cancelled."""
        self._in_use.discard(connection)
        if not connection.is_closed() and connection.is_in_transaction():
            connection.terminate()  # the read was cancelled before it ended its transaction
        self._idle.put_nowait(_Idle(connection, monotonic(), is_cancelling))

    def interrupt(self) -> None:
        """Terminate the connections in use, so that their reads fail with a lost connection."""
        for connection in tuple(self._in_use):
            connection.terminate()

    async def close(self) -> None:
        """Close the idle connections, and terminate those in use."""
        self.interrupt()
        idle = [self._idle.get_nowait().connection for _ in range(self._idle.qsize())]
        closing = (each.close(timeout=CLOSE_SECONDS) for each in idle if each)
        await asyncio.gather(*closing, return_exceptions=True)  # those that fail are terminated


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


@asynccontextmanager
async def transaction(
    connection: asyncpg.Connection, *, isolation: str | None = None, readonly: bool = False
) -> AsyncIterator[None]:
    """Execute the statements of the block in one transaction.

    Terminate the connection if the transaction cannot be started or its start is cancelled:
    asyncpg would take the next transaction on this connection for one nested in it.
    """
    is_started = False
    try:
        async with connection.transaction(isolation=isolation, readonly=readonly):
            is_started = True
            yield
    finally:
        if not is_started:
            connection.terminate()


def _usable(idle: _Idle) -> asyncpg.Connection | None:
    """Return a connection if it is usable; terminate one that was idle for too long."""
    connection = idle.connection
    if connection and monotonic() - idle.since > IDLE_SECONDS:
        connection.terminate()
    return None if connection is None or connection.is_closed() else connection
