"""Where reads go: to a standby that has all that the client has seen, or else to the primary.

Each read returns the position in the change log of its own snapshot. So it shows itself whether a
standby had what it needed to have: its position may have been asked of another server, where one
name leads to several.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, TypeVar

import asyncpg

from gateway.store.postgres.reader import Operations, Reader
from gateway.store.postgres.standby import LOOKED_EVERY, Standby
from gateway.store.read_sessions import READ_SESSION, ReadSession, newest
from schema.changes import LogBounds
from schema.errors import RequestError
from schema.paging import Position

T = TypeVar("T")
PositionedRead = Callable[[asyncpg.Connection], Awaitable[tuple[Position, T]]]


class Reads:
    """Reads of requests, on standbys where there are some, and on the primary."""

    def __init__(self, primary: Reader, standbys: Sequence[Standby]) -> None:
        self.primary = primary
        self.standbys = standbys
        self._turns = count()
        self._told: Position | None = None
        """The newest position that was read for nobody, such as for all subscribers."""
        self.counts: Counter[str] = Counter(primary=0, standby=0)
        """How many reads were answered by the primary, and by standbys."""

    def watching(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Return what is to run, as tasks, as long as there are reads."""
        if not self.standbys:
            return ()
        return (self._watch(), *(standby.watch(self.primary) for standby in self.standbys))

    async def find_many(self, operation_ids: Collection[str]) -> Operations:
        """Return the operations that have one of these ids, and maybe others, by their ids.

        Raises ``LimitExceeded`` when they are too long together.
        """
        return await self._answer(lambda reader: reader.find_many(operation_ids))

    async def bounds(self) -> LogBounds:
        """Return what the change log holds."""
        return await self._answer(_bounds)

    async def select(
        self,
        statement: str,
        given: Sequence[Any],
        parse: Callable[[list[asyncpg.Record]], tuple[Position, T]],
    ) -> T:
        """Carry out one statement, which may take long, and return what its rows are parsed to."""
        return await self._answer(lambda reader: reader.select(statement, given, parse))

    async def do(self, read: PositionedRead[T], after: Position | None = None) -> T:
        """Carry out a read that may take long, where there is all up to a position."""
        return await self._answer(lambda reader: reader.do(read), after)

    async def _answer(
        self,
        read: Callable[[Reader], Awaitable[tuple[Position, T]]],
        after: Position | None = None,
    ) -> T:
        session = READ_SESSION.get()
        if session is None or not self.standbys:
            self.counts["primary"] += 1
            position, value = await read(self.primary)
            self._told = newest(self._told, position)
            return value
        needed = self._needed(session, after)
        standby = self._standby(needed)
        answer = await standby.attempt(read, needed) if standby else None
        self.counts["standby" if answer else "primary"] += 1
        position, value = answer or await read(self.primary)
        session.record(position)
        return value

    async def _watch(self) -> None:
        """Look again and again to where the primary's log goes."""
        while True:
            with suppress(RequestError, asyncpg.PostgresError):  # whoever reads is told
                await self.primary.bounds()
            await asyncio.sleep(LOOKED_EVERY)

    def _needed(self, session: ReadSession, after: Position | None) -> list[Position]:
        """Return the positions that a server must have come to."""
        client = session.client
        told = self._told if client.subscription_count else None
        needed = (after, *session.after, client.seen, told)
        return [position for position in needed if position]

    def _standby(self, needed: Collection[Position]) -> Standby | None:
        """Return one of the standbys that have come so far, each in its turn."""
        fit = [standby for standby in self.standbys if standby.has(needed)]
        return fit[next(self._turns) % len(fit)] if fit else None


async def _bounds(reader: Reader) -> tuple[Position, LogBounds]:
    bounds = await reader.bounds()
    return bounds.end, bounds
