"""Reads on a pool of connections; those by id that wait at the same time go in one statement.

A round trip costs more than what it carries: 64 operations in one take as long as three alone.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from math import inf
from time import monotonic, perf_counter
from typing import Generic, TypeVar

import asyncpg

from gateway.histogram import COUNTS, SECONDS, Histogram
from gateway.store.deadline import DEADLINE
from gateway.store.postgres.failures import LOST, Failures
from schema.changes import LogBounds
from schema.constraints import is_valid_id
from schema.resource.operation import StoredOperation

T = TypeVar("T")
Read = Callable[[asyncpg.Connection], Awaitable[T]]

_FIND = "SELECT id, document FROM operations WHERE id = ANY ($1)"
_SPAN = """
SELECT id, pruned, coalesce((SELECT max(position) FROM changes), pruned) FROM change_log
"""


class _Batch(Generic[T]):
    """Reads that go together, as soon as there is a connection."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.deadline = 0.0
        self.count = 0
        self.task: asyncio.Task[T] | None = None


class Reader:
    """Reads, each within its request's time, on up to ``readers`` connections.

    One more is for reads that are short, so that none waits for those that take long.
    """

    def __init__(
        self, pool: asyncpg.Pool, failures: Failures, readers: int, seconds: float
    ) -> None:
        self._pool = pool
        self._failures = failures
        self._seconds = seconds
        self._free = asyncio.Semaphore(readers)
        self._finding: _Batch[dict[str, StoredOperation]] | None = None
        self._spanning: _Batch[LogBounds] | None = None
        self.waiting = 0
        """How many reads no connection has taken up."""
        self.sizes = Histogram(COUNTS)
        """How many reads were carried out together."""
        self.seconds = Histogram(SECONDS)
        """How long that took."""
        self.span: LogBounds | None = None
        """What the change log held when that was last read."""

    async def find_many(self, operation_ids: Iterable[str]) -> dict[str, StoredOperation]:
        """Return the operations that have one of these ids, by their ids."""
        batch = self._finding
        if batch is None:
            batch = self._finding = _Batch()
            batch.task = self._start(self._find(batch))
        batch.ids.update(filter(is_valid_id, operation_ids))
        return await self._joined(batch)

    async def bounds(self) -> LogBounds:
        """Return what the change log holds."""
        batch = self._spanning
        if batch is None:
            batch = self._spanning = _Batch()
            batch.task = self._start(self._read_span(batch))
        return await self._joined(batch)

    async def do(self, read: Read[T]) -> T:
        """Carry out a read that may take long; it is to be one that can be carried out again."""
        return await self._start(self._do(read, self._deadline()))

    def _deadline(self) -> float:
        return (DEADLINE.get() or monotonic() + self._seconds) if self._seconds else inf

    def _start(self, work: Awaitable[T]) -> asyncio.Task[T]:
        task: asyncio.Task[T] = asyncio.ensure_future(work)
        return task

    async def _joined(self, batch: _Batch[T]) -> T:
        batch.count += 1
        batch.deadline = max(batch.deadline, self._deadline())
        assert batch.task is not None  # noqa: S101  set as it was made
        return await asyncio.shield(batch.task)  # one that gives up is not to stop the others

    async def _find(self, batch: _Batch[dict[str, StoredOperation]]) -> dict[str, StoredOperation]:
        async def find(connection: asyncpg.Connection) -> dict[str, StoredOperation]:
            self._finding = None if self._finding is batch else self._finding
            records = await connection.fetch(_FIND, list(batch.ids))
            return {id_: StoredOperation(document) for id_, document in records}

        try:
            return await self._carried_out(find, batch)
        finally:
            self._finding = None if self._finding is batch else self._finding

    async def _read_span(self, batch: _Batch[LogBounds]) -> LogBounds:
        async def read(connection: asyncpg.Connection) -> LogBounds:
            self._spanning = None if self._spanning is batch else self._spanning
            self.span = LogBounds(*await connection.fetchrow(_SPAN))
            return self.span

        try:
            return await self._carried_out(read, batch)
        finally:
            self._spanning = None if self._spanning is batch else self._spanning

    async def _carried_out(self, read: Read[T], batch: _Batch[T]) -> T:
        await asyncio.sleep(0)
        return await self._timed(read, batch.deadline, lambda: batch.count)

    async def _do(self, read: Read[T], deadline: float) -> T:
        self.waiting += 1
        try:
            async with asyncio.timeout(_remaining(deadline)):
                await self._free.acquire()
        except TimeoutError as error:
            raise self._failures.translate(error, self._seconds) from None
        finally:
            self.waiting -= 1
        try:
            return await self._timed(read, deadline, lambda: 1)
        finally:
            self._free.release()

    async def _timed(self, read: Read[T], deadline: float, count: Callable[[], int]) -> T:
        """Read, once more if the connection breaks; tell what befalls as clients are told it."""
        try:
            async with asyncio.timeout(_remaining(deadline)):
                try:
                    return await self._on_connection(read, count)
                except LOST:
                    return await self._on_connection(read, count)
        except Exception as error:  # noqa: BLE001  it is translated
            raise self._failures.translate(error, self._seconds) from None

    async def _on_connection(self, read: Read[T], count: Callable[[], int]) -> T:
        async with self._acquired() as connection:
            began = perf_counter()
            outcome = await read(connection)
        self._failures.worked()
        self.seconds.observe(perf_counter() - began)
        self.sizes.observe(count())
        return outcome

    @asynccontextmanager
    async def _acquired(self) -> AsyncIterator[asyncpg.Connection]:
        self.waiting += 1
        try:
            connection = await self._pool.acquire()
        finally:
            self.waiting -= 1
        try:
            yield connection
        finally:
            await self._pool.release(connection)


def _remaining(deadline: float) -> float | None:
    return None if deadline == inf else max(deadline - monotonic(), 0)
