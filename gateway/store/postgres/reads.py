"""Routing of reads: to a standby that has everything the client has seen, or to the primary.

Each read also returns the end of the change log in its own snapshot, by which the result of a
standby is checked: where one host name has several servers, the standby's position may have been
read from another one.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Hashable, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, TypeVar

import asyncpg

from gateway.store.postgres.reader import Operations, Reader
from gateway.store.postgres.standby import POLL_SECONDS, Standby
from gateway.store.read_sessions import READ_SESSION, ReadSession, newest
from schema.changes import LogBounds
from schema.errors import RequestError
from schema.paging import Position

T = TypeVar("T")
PositionedRead = Callable[[asyncpg.Connection], Awaitable[tuple[Position, T]]]


class Reads:
    """Reads on the primary and, in requests, on standbys."""

    def __init__(self, primary: Reader, standbys: Sequence[Standby]) -> None:
        self.primary = primary
        self.standbys = standbys
        self._next_standby = count()
        self._seen_outside_requests: Position | None = None
        """The newest position that was read outside of requests, such as for all subscribers."""
        self.counts: Counter[str] = Counter(primary=0, standby=0)
        """The number of reads on the primary, and on standbys."""

    def watchers(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Return the coroutines that poll the servers, to be run in tasks."""
        if not self.standbys:
            return ()
        return (self._poll_primary(), *(standby.poll(self.primary) for standby in self.standbys))

    async def find_many(self, operation_ids: Collection[str]) -> Operations:
        """Return the operations that have one of these ids, by id; there may be others.

        Raises ``LimitExceeded`` if they are too long together.
        """
        return await self._route(lambda reader: reader.find_many(operation_ids))

    async def bounds(self) -> LogBounds:
        """Return the bounds of the change log."""
        return await self._route(_bounds)

    async def select(
        self,
        statement: str,
        given: Sequence[Any],
        parse: Callable[[list[asyncpg.Record]], tuple[Position, T]],
        key: Hashable,
    ) -> T:
        """Execute one statement, which may take long, and return its parsed rows.

        Reads that have the same key return the same, and may share one execution.
        """
        return await self._route(lambda reader: reader.select(statement, given, parse, key))

    async def do(self, read: PositionedRead[T], after: Position | None = None) -> T:
        """Run a read that may take long, on a server that has reached the position ``after``."""
        return await self._route(lambda reader: reader.do(read), after)

    async def _route(
        self,
        read: Callable[[Reader], Awaitable[tuple[Position, T]]],
        after: Position | None = None,
    ) -> T:
        session = READ_SESSION.get()
        if session is None or not self.standbys:
            self.counts["primary"] += 1
            position, value = await read(self.primary)
            self._seen_outside_requests = newest(self._seen_outside_requests, position)
            return value
        required = self._required(session, after)
        standby = self._choose_standby(required)
        result = await standby.try_read(read, required) if standby else None
        self.counts["standby" if result else "primary"] += 1
        position, value = result or await read(self.primary)
        session.record(position)
        return value

    async def _poll_primary(self) -> None:
        """Read the primary's bounds at intervals, with which standbys are compared."""
        while True:
            with suppress(RequestError, asyncpg.PostgresError):  # the log has the reason already
                await self.primary.bounds()
            await asyncio.sleep(POLL_SECONDS)

    def _required(self, session: ReadSession, after: Position | None) -> list[Position]:
        """Return the positions that a server must have reached."""
        client = session.client
        subscribed = self._seen_outside_requests if client.subscription_count else None
        required = (after, *session.after, client.seen, subscribed)
        return [position for position in required if position]

    def _choose_standby(self, required: Collection[Position]) -> Standby | None:
        """Return the next standby that has reached some positions, or None."""
        usable = [standby for standby in self.standbys if standby.has_reached(required)]
        return usable[next(self._next_standby) % len(usable)] if usable else None


async def _bounds(reader: Reader) -> tuple[Position, LogBounds]:
    bounds = await reader.bounds()
    return bounds.end, bounds
