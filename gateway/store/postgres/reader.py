"""Reads on a pool of connections; those by id that wait together share a statement.

A round trip costs more than what it carries: 64 operations in one take as long as three alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from math import inf
from time import monotonic, perf_counter
from typing import Any, TypeVar

import asyncpg

from gateway.histogram import COUNTS, SECONDS, Histogram
from gateway.store.deadline import DEADLINE
from gateway.store.page_bytes import LONGEST_READ, too_long
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.failures import LOST, Failures
from gateway.store.postgres.shared_read import SharedRead, SharedReads
from gateway.store.postgres.turns import Turns
from schema.changes import LogBounds
from schema.constraints import is_valid_id
from schema.paging import Position
from schema.resource.operation import StoredOperation

T = TypeVar("T")
Read = Callable[[asyncpg.Connection], Awaitable[T]]
Operations = dict[str, StoredOperation]
_Found = tuple[Position, Operations | None]
"""The end of the change log, and operations; None when they are too long together."""

END_OF_LOG = """
SELECT id AS log, coalesce((SELECT max(position) FROM changes), pruned) AS newest FROM change_log
"""
"""Selects the position after the newest change."""

_FIND = f"""
SELECT log, newest, id, document
FROM ({END_OF_LOG}) AS log LEFT JOIN LATERAL (
  SELECT id, CASE WHEN sum(octet_length(document)) OVER () <= $2 THEN document END AS document
  FROM operations WHERE id = ANY ($1)
) AS found ON true
"""  # noqa: S608  a constant
_SPAN = """
SELECT id, pruned, coalesce((SELECT max(position) FROM changes), pruned) FROM change_log
"""


class Reader:
    """Reads, each within its request's time, on up to ``readers`` connections.

    One more is for reads that are short, so that none waits for those that take long. A read that
    belongs to no request has so many ``seconds``; 0 is no limit.
    """

    def __init__(
        self, connections: Connections, failures: Failures, readers: int, seconds: float
    ) -> None:
        self._connections = connections
        self.interrupt = connections.interrupt
        self._failures = failures
        self._seconds = seconds
        self._turns = Turns(readers)
        self._finding = SharedReads(self._find)
        self._looking = SharedReads(self._look)
        self.waiting = 0
        """How many reads no connection has taken up."""
        self.sizes = Histogram(COUNTS)
        """How many reads were carried out together."""
        self.seconds = Histogram(SECONDS)
        """How long that took."""
        self.span: LogBounds | None = None
        """What the change log held when that was last read."""

    async def find_many(self, operation_ids: Iterable[str]) -> tuple[Position, Operations]:
        """Return the operations that have one of these ids, and maybe others, by their ids.

        Before them comes the end of the change log. Raises ``LimitExceeded`` when they are too long
        together.
        """
        ids = {*filter(is_valid_id, operation_ids)}
        position, found = await self._finding.join(ids, self._deadline())
        if found is None:  # with those that others asked for
            position, found = await self.do(lambda connection: _find(connection, ids))
        if found is None:
            raise too_long()
        return position, found

    async def bounds(self) -> LogBounds:
        """Return what the change log holds."""
        return await self._looking.join((), self._deadline())

    async def select(
        self, statement: str, given: Sequence[Any], parse: Callable[[list[asyncpg.Record]], T]
    ) -> T:
        """Carry out one statement, which may take long, and return what its rows are parsed to."""
        deadline = self._deadline()

        async def read(connection: asyncpg.Connection) -> T:
            return parse(await connection.fetch(statement, *given, timeout=_remaining(deadline)))

        await self._wait_for_turn(deadline)
        try:
            connection = self._connections.take()
            if connection is None:
                return await self._in_task(read, deadline)
            try:
                return await self._use(connection, read)
            except Exception as error:  # noqa: BLE001  it is translated
                if isinstance(error, LOST) and not isinstance(error, TimeoutError):
                    return await self._in_task(read, deadline)
                raise self._failures.translate(error, self._seconds) from None
        finally:
            self._turns.give_back()

    async def do(self, read: Read[T]) -> T:
        """Carry out a read that may take long; it is to be one that can be carried out again."""
        deadline = self._deadline()
        await self._wait_for_turn(deadline)
        try:
            return await self._in_task(read, deadline)
        finally:
            self._turns.give_back()

    def _deadline(self) -> float:
        return (DEADLINE.get() or monotonic() + self._seconds) if self._seconds else inf

    async def _find(self, shared: SharedRead[_Found]) -> _Found:
        async def find(connection: asyncpg.Connection) -> _Found:
            shared.has_begun = True
            return await _find(connection, shared.keys)

        return await self._timed(find, shared)

    async def _look(self, shared: SharedRead[LogBounds]) -> LogBounds:
        async def look(connection: asyncpg.Connection) -> LogBounds:
            shared.has_begun = True
            self.span = LogBounds(*await connection.fetchrow(_SPAN))
            return self.span

        return await self._timed(look, shared)

    async def _wait_for_turn(self, deadline: float) -> None:
        self.waiting += 1
        try:
            await self._turns.take(_remaining(deadline))
        except TimeoutError:
            raise self._failures.late(self._seconds) from None
        finally:
            self.waiting -= 1

    async def _in_task(self, read: Read[T], deadline: float) -> T:
        """Read in a task, which ``asyncio.timeout`` needs."""
        shared = SharedRead[T]()
        shared.count, shared.deadline = 1, deadline
        return await asyncio.create_task(self._timed(read, shared))

    async def _timed(self, read: Read[T], shared: SharedRead[T]) -> T:
        """Read, once more if the connection breaks; raise what clients are told."""
        try:
            async with asyncio.timeout(_remaining(shared.deadline)):
                try:
                    return await self._on_connection(read, shared.count)
                except LOST:
                    return await self._on_connection(read, shared.count)
        except Exception as error:  # noqa: BLE001  it is translated
            raise self._failures.translate(error, self._seconds) from None

    async def _on_connection(self, read: Read[T], count: int) -> T:
        connection = self._connections.take()
        if connection is None:
            self.waiting += 1
            try:
                connection = await self._connections.wait()
            finally:
                self.waiting -= 1
        return await self._use(connection, read, count)

    async def _use(self, connection: asyncpg.Connection, read: Read[T], count: int = 1) -> T:
        began = perf_counter()
        try:
            outcome = await read(connection)
        except asyncpg.InternalClientError:
            connection.terminate()
            raise
        finally:
            self._connections.give_back(connection)
        self._failures.worked()
        self.seconds.observe(perf_counter() - began)
        self.sizes.observe(count)
        return outcome


async def _find(connection: asyncpg.Connection, ids: Iterable[str]) -> _Found:
    records = await connection.fetch(_FIND, [*ids], LONGEST_READ)
    position = Position(*records[0][:2])
    found = [(id_, document) for _, _, id_, document in records if id_ is not None]
    if found and found[0][1] is None:
        return position, None
    return position, {id_: StoredOperation(document) for id_, document in found}


def _remaining(deadline: float) -> float | None:
    return None if deadline == inf else max(deadline - monotonic(), 0)
