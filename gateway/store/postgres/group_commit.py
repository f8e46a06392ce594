"""Group commit: writes that wait are committed in one transaction, at the cost of one write."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg

from gateway.histogram import COUNTS, SECONDS, Histogram
from gateway.store.deadline import DEADLINE
from gateway.store.errors import BusyDatabaseError
from gateway.store.pausing import pause_after
from gateway.store.postgres.connection import PostgresOptions
from gateway.store.postgres.failures import CONFLICTS, LOST, Failures
from gateway.store.postgres.log_identity import continue_log
from gateway.store.postgres.rows import LoadedRows, LoggedChange
from gateway.store.postgres.transactions import (
    UnknownOutcomeError,
    can_notify,
    commit_together,
    was_committed,
)
from gateway.store.writes.methods import Write
from schema.errors import Overloaded

if TYPE_CHECKING:
    from schema.paging import Position

T = TypeVar("T")

MAX_BATCH = 256
MAX_ATTEMPTS = 5
"""How often a transaction is attempted that has conflicts or loses its connection."""
OUTCOME_SECONDS = 30.0
"""How long to try to find out whether a transaction was committed."""
RETRY_SECONDS = 0.2
"""How long to wait before trying that again."""


@dataclass(slots=True)
class Queued:
    """A queued write and its deadline, in the seconds of ``time.monotonic``."""

    write: Write[Any]
    deadline: float
    outcome: asyncio.Future[Any]


class GroupCommit:
    """Executes writes in the order in which they are queued, on a connection of its own.

    The deadline of a write is that of the request or, outside of requests, after ``seconds``; 0 is
    no limit. After it, the write is not started.
    """

    def __init__(self, options: PostgresOptions, failures: Failures, seconds: float) -> None:
        self._options = options
        self._failures = failures
        self._seconds = seconds
        self._queue: deque[Queued] = deque()
        self._is_queued = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._connection: asyncpg.Connection | None = None
        self._notifies = False  # whether the database supports notifications
        self.position: Position | None = None
        """The position after the newest change that this process has seen when writing."""
        self._last_change: LoggedChange | None = None
        """The last change that this process has written."""
        self.sizes = Histogram(COUNTS)
        """The number of writes in each batch."""
        self.seconds = Histogram(SECONDS)
        """The duration of each batch."""

    @property
    def failing(self) -> bool:
        """Whether the last write failed because of the database."""
        return self._failures.failing

    @property
    def worked_at(self) -> float:
        """The time of the last successful write, in the seconds of ``time.monotonic``."""
        return self._failures.worked_at

    @property
    def waiting(self) -> int:
        """The number of writes that wait for the connection."""
        return len(self._queue)

    def do(self, write: Write[T]) -> asyncio.Future[T]:
        """Queue a write; the future has its result or exception, once that is certain."""
        outcome: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        deadline = (DEADLINE.get() or monotonic() + self._seconds) if self._seconds else inf
        self._queue.append(Queued(write, deadline, outcome))
        self._is_queued.set()
        self._idle.clear()
        return outcome

    async def run(self) -> None:
        """Execute writes until cancelled; to be called once, in a task."""
        try:
            while True:
                await self._is_queued.wait()
                while self._queue:
                    await self._run_batch()
                self._is_queued.clear()
                self._idle.set()
        finally:
            if self._connection:
                self._connection.terminate()

    async def drained(self) -> None:
        """Wait until nothing is queued or running."""
        await self._idle.wait()

    async def _run_batch(self) -> None:
        count = min(len(self._queue), MAX_BATCH)
        began, now = perf_counter(), monotonic()
        batch: list[Queued] = []
        for queued in [self._queue.popleft() for _ in range(count)]:
            if queued.deadline <= now:
                self._resolve(queued, self._failures.late(self._seconds))
            elif not queued.outcome.done():
                batch.append(queued)
        try:
            outcomes = await self._commit([queued.write for queued in batch])
        except Exception as error:  # noqa: BLE001  it is the result of the writes
            outcomes = [self._failures.translate(error, self._seconds)] * len(batch)
        else:
            self._failures.worked()
        for queued, outcome in zip(batch, outcomes, strict=True):
            self._resolve(queued, outcome)
        self.seconds.observe(perf_counter() - began)
        self.sizes.observe(count)
        if len(self._queue) < MAX_BATCH:
            await pause_after(count)

    def _resolve(self, queued: Queued, outcome: Any) -> None:  # noqa: ANN401  any write's
        if queued.outcome.done():
            return
        if isinstance(outcome, Exception):
            queued.outcome.set_exception(outcome)
        else:
            queued.outcome.set_result(outcome)

    async def _commit(self, writes: Sequence[Write[Any]]) -> list[Any]:
        """Execute writes in a transaction, again after a conflict or a lost connection.

        Return the result of each, or the exception it raised.
        """
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                connection = await self._connected()
                rows, outcomes = await commit_together(connection, writes, notify=self._notifies)
            except UnknownOutcomeError as unknown:
                if await self._was_committed(unknown.rows):
                    self._record(unknown.rows)
                    return unknown.outcomes
            except TimeoutError as error:
                raise BusyDatabaseError("The change log is locked.") from error
            except (*CONFLICTS, *LOST):
                if attempt == MAX_ATTEMPTS or self._connection is None:
                    raise
            else:
                self._record(rows)
                return outcomes
        raise Overloaded(
            "The database cannot be written: the connection was lost repeatedly. Nothing was "
            "changed. Send the request again later."
        )

    def _record(self, rows: LoadedRows) -> None:
        self.position = rows.position
        if rows.changes:
            self._last_change = rows.changes[-1]

    async def _connected(self) -> asyncpg.Connection:
        """Return the connection; open a new one if it was lost."""
        if self._connection is None or self._connection.is_closed():
            self._connection = None
            connection = await self._options.connect()
            try:
                seen = self.position.number if self.position else 0
                await continue_log(connection, seen, self._last_change)
                self._notifies = await can_notify(connection)
            except BaseException:
                connection.terminate()
                raise
            self._connection = connection
        return self._connection

    async def _was_committed(self, rows: LoadedRows) -> bool:
        """Return whether a transaction was committed; raise ``Overloaded`` if it stays unknown."""
        deadline = monotonic() + OUTCOME_SECONDS
        while True:
            try:
                return await was_committed(await self._connected(), rows)
            except (*LOST, *CONFLICTS, TimeoutError):
                if monotonic() >= deadline:
                    raise Overloaded(
                        "The connection to the database was lost during the commit, and it is "
                        "unknown whether the change was committed. Read the operation before you "
                        "send the request again."
                    ) from None
                await asyncio.sleep(RETRY_SECONDS)
