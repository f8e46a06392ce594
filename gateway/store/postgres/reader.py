"""Reads on a pool of connections; concurrent reads by id share a statement.

A round trip costs more than its content: 64 operations in one take as long as 3 one by one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from math import inf
from time import monotonic, perf_counter
from typing import Any, TypeVar, cast

import asyncpg

from gateway.histogram import COUNTS, SECONDS, Histogram
from gateway.store.deadline import DEADLINE
from gateway.store.page_bytes import LONGEST_READ, too_long
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.equal_reads import EqualReads, Outcome
from gateway.store.postgres.failures import LOST, Failures
from gateway.store.postgres.semaphore import Semaphore
from gateway.store.postgres.shared_read import SharedRead, SharedReads
from schema.changes import LogBounds
from schema.constraints import is_valid_id
from schema.paging import Position
from schema.resource.operation import StoredOperation

T = TypeVar("T")
Read = Callable[[asyncpg.Connection], Awaitable[T]]
Operations = dict[str, StoredOperation]
_Found = tuple[Position, Operations | None]
"""The end of the change log, and operations; None if they are too long together."""

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
_BOUNDS = """
SELECT id, pruned, coalesce((SELECT max(position) FROM changes), pruned) FROM change_log
"""


class Reader:
    """Runs reads on the connections of a pool, each until the deadline of its request.

    Long reads use up to ``readers`` connections. The pool has one more for short reads, so that
    they do not wait for long ones. A read outside of requests may take ``seconds``; 0 is no limit.
    """

    def __init__(
        self, connections: Connections, failures: Failures, readers: int, seconds: float
    ) -> None:
        self._connections = connections
        self.interrupt = connections.interrupt
        self._failures = failures
        self._seconds = seconds
        self._semaphore = Semaphore(readers)
        self._shared_finds = SharedReads(self._find_shared)
        self._shared_bounds = SharedReads(self._read_bounds)
        self._equal_reads = EqualReads()
        self.waiting = 0
        """The number of reads that wait for a connection."""
        self.sizes = Histogram(COUNTS)
        """The number of reads in each batch."""
        self.seconds = Histogram(SECONDS)
        """The duration of each batch."""
        self.last_bounds: LogBounds | None = None
        """The bounds of the change log when they were last read."""

    async def find_many(self, operation_ids: Iterable[str]) -> tuple[Position, Operations]:
        """Return the end of the change log, and the operations that have one of these ids, by id.

        There may be others, whose ids concurrent callers gave. Raises ``LimitExceeded`` if they are
        too long together.
        """
        ids = {*filter(is_valid_id, operation_ids)}
        position, found = await self._shared_finds.join(ids, self._deadline())
        if found is None:  # too long together with the operations of other callers
            position, found = await self.do(lambda connection: _find(connection, ids))
        if found is None:
            raise too_long()
        return position, found

    async def bounds(self) -> LogBounds:
        """Return the bounds of the change log."""
        return await self._shared_bounds.join((), self._deadline())

    async def select(
        self,
        statement: str,
        given: Sequence[Any],
        parse: Callable[[list[asyncpg.Record]], T],
        key: Hashable,
    ) -> T:
        """Execute one statement, which may take long, and return its parsed rows.

        Reads that have the same key return the same, and may share one execution. It runs without
        a task of its own if a connection is open and idle.
        """
        deadline = self._deadline()

        async def read(connection: asyncpg.Connection) -> T:
            return parse(await connection.fetch(statement, *given, timeout=_remaining(deadline)))

        if self._semaphore.is_free:
            await self._acquire(deadline)
            return await self._select(read, deadline)
        joined = await self._join(key, deadline)
        if joined is not None:
            return cast("T", joined.value)
        with self._equal_reads.waiting(key, deadline) as waiting:
            await self._acquire(deadline)
            self._equal_reads.begin(key, waiting)
            waiting.value = value = await self._select(read, deadline, waiting.count)
        return value

    async def _join(self, key: Hashable, deadline: float) -> Outcome | None:
        """Join an equal read as ``EqualReads`` does."""
        self.waiting += 1
        try:
            return await self._equal_reads.join(key, deadline)
        finally:
            self.waiting -= 1

    async def _select(self, read: Read[T], deadline: float, count: int = 1) -> T:
        """Run a read for ``count`` callers, and release the semaphore."""
        try:
            connection = self._connections.try_acquire()
            if connection is None:
                return await self._run_in_task(read, deadline, count)
            try:
                return await self._run_on(connection, read, count)
            except Exception as error:  # noqa: BLE001  it is translated
                if isinstance(error, LOST) and not isinstance(error, TimeoutError):
                    return await self._run_in_task(read, deadline, count)
                raise self._failures.translate(error, self._seconds) from None
        finally:
            self._semaphore.release()

    async def do(self, read: Read[T]) -> T:
        """Run a read that may take long; it runs again if its connection is lost."""
        deadline = self._deadline()
        await self._acquire(deadline)
        try:
            return await self._run_in_task(read, deadline)
        finally:
            self._semaphore.release()

    def _deadline(self) -> float:
        return (DEADLINE.get() or monotonic() + self._seconds) if self._seconds else inf

    async def _acquire(self, deadline: float) -> None:
        """Acquire the semaphore for long reads."""
        self.waiting += 1
        try:
            await self._semaphore.acquire(_remaining(deadline))
        except TimeoutError:
            raise self._failures.late(self._seconds) from None
        finally:
            self.waiting -= 1

    async def _find_shared(self, shared: SharedRead[_Found]) -> _Found:
        async def find(connection: asyncpg.Connection) -> _Found:
            shared.has_begun = True
            return await _find(connection, shared.keys)

        return await self._run(find, shared.deadline, shared.count)

    async def _read_bounds(self, shared: SharedRead[LogBounds]) -> LogBounds:
        async def read(connection: asyncpg.Connection) -> LogBounds:
            shared.has_begun = True
            self.last_bounds = LogBounds(*await connection.fetchrow(_BOUNDS))
            return self.last_bounds

        return await self._run(read, shared.deadline, shared.count)

    async def _run_in_task(self, read: Read[T], deadline: float, count: int = 1) -> T:
        """Run a read for ``count`` callers in a task, which ``asyncio.timeout`` needs."""
        return await asyncio.create_task(self._run(read, deadline, count))

    async def _run(self, read: Read[T], deadline: float, count: int = 1) -> T:
        """Run a read for ``count`` callers, again if the connection is lost.

        Raises the error that a client receives.
        """
        try:
            async with asyncio.timeout(_remaining(deadline)):
                try:
                    return await self._run_on(await self._connection(), read, count)
                except LOST:
                    return await self._run_on(await self._connection(), read, count)
        except Exception as error:  # noqa: BLE001  it is translated
            raise self._failures.translate(error, self._seconds) from None

    async def _connection(self) -> asyncpg.Connection:
        """Acquire a connection."""
        connection = self._connections.try_acquire()
        if connection is None:
            self.waiting += 1
            try:
                connection = await self._connections.acquire()
            finally:
                self.waiting -= 1
        return connection

    async def _run_on(self, connection: asyncpg.Connection, read: Read[T], count: int = 1) -> T:
        """Run a read for ``count`` callers on a connection, and release the connection."""
        began = perf_counter()
        is_cancelling = False
        try:
            outcome = await read(connection)
        except (asyncio.CancelledError, TimeoutError):
            is_cancelling = True
            raise
        except asyncpg.InternalClientError:  # the statement may still run
            connection.terminate()
            raise
        finally:
            self._connections.release(connection, is_cancelling=is_cancelling)
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
