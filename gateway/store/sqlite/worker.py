"""Works on connections, done together: what waits while they are busy goes over in one hop."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

from gateway.histogram import COUNTS, SECONDS, Histogram
from gateway.store.errors import BusyDatabaseError, UnusableDatabaseError
from gateway.store.lock import WriteLock
from gateway.store.sqlite.connection import Connection

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]
Together = Callable[[Sequence[Work], sqlite3.Connection], list[Any]]
"""Does several works and returns what each returned, or the exception it raised."""

MAX_BATCH = 256
PATIENCE = 0.005
"""In seconds: how long works wait for a busy connection before another one takes them up.

One thread that reads a lot at a time gets further than several that take turns with the loop for
the interpreter; but a read that takes long is not to keep the others waiting.
"""


@dataclass(frozen=True, slots=True)
class _Waiting:
    work: Work
    outcome: asyncio.Future[Any]


class Worker:
    """Does works in the order they are asked for, as many at once as wait.

    They go to the first of its connections, and to the next ones while that is busy for long.
    """

    def __init__(self, connections: Sequence[Connection], together: Together) -> None:
        self._connections = connections
        self._together = together
        self._waiting: deque[_Waiting] = deque()
        self._asleep: list[asyncio.Future[None]] = []
        self._busy = 0
        self._taken = 0.0
        """When a connection last took up works."""
        self._look: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self.sizes = Histogram(COUNTS)
        """How many works were done at once."""
        self.seconds = Histogram(SECONDS)
        """How long that took."""

    @property
    def waiting(self) -> int:
        """How many works no connection has taken up."""
        return len(self._waiting)

    def do(self, work: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """Do ``work``; the future has what it returns or raises, once that is certain."""
        outcome: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(work, outcome))
        self._idle.clear()
        if not self._busy:
            self._wake_one()
        elif not self._look and self._asleep:
            self._look_later()
        return outcome

    async def run(self) -> None:
        """Do works until cancelled; to be run once, as a task."""
        async with asyncio.TaskGroup() as tasks:
            for connection in reversed(self._connections):
                tasks.create_task(self._serve(connection))

    async def drained(self) -> None:
        """Wait until all that was asked for is done."""
        await self._idle.wait()

    def _wake_one(self) -> None:
        """Let the connection work that was the last to rest: what it read last it has at hand."""
        if self._asleep:
            self._asleep.pop().set_result(None)
            self._busy += 1

    def _look_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._look = loop.call_at(self._taken + PATIENCE, self._look_after)

    def _look_after(self) -> None:
        """See to works that wait, if those who are busy have been so for long."""
        self._look = None
        if not self._waiting:
            return
        if asyncio.get_running_loop().time() - self._taken < PATIENCE:
            self._look_later()
        else:
            self._wake_one()

    async def _serve(self, connection: Connection) -> None:
        while True:
            awake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._asleep.append(awake)
            if self._waiting and not self._busy:  # asked for before there was anybody
                self._wake_one()
            await awake
            while self._waiting:
                self._taken = asyncio.get_running_loop().time()
                count = min(len(self._waiting), MAX_BATCH)
                began = perf_counter()
                await self._do(connection, [self._waiting.popleft() for _ in range(count)])
                self.seconds.observe(perf_counter() - began)
                self.sizes.observe(count)
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    async def _do(self, connection: Connection, batch: list[_Waiting]) -> None:
        wanted = [waiting for waiting in batch if not waiting.outcome.cancelled()]
        works = [waiting.work for waiting in wanted]
        try:
            outcomes = await connection.run(partial(self._together, works))
        except (sqlite3.Error, UnusableDatabaseError, ValueError) as error:
            outcomes = [error] * len(wanted)
        for waiting, outcome in zip(wanted, outcomes, strict=True):
            if waiting.outcome.cancelled():
                continue
            if isinstance(outcome, Exception):
                waiting.outcome.set_exception(outcome)
            else:
                waiting.outcome.set_result(outcome)


def commit_together(
    works: Sequence[Work], connection: sqlite3.Connection, *, lock: WriteLock
) -> list[Any]:
    """Write in one transaction, each work in a savepoint: one that fails harms no other.

    Raises ``BusyDatabaseError`` when others do not let go of the database.
    """
    with lock:  # until after the checkpoint that a commit may end with
        _begin(connection)
        try:
            outcomes = [_in_savepoint(work, connection) for work in works]
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    return outcomes


def _begin(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        raise BusyDatabaseError("Another program is writing to the database.") from error


def _in_savepoint(work: Work, connection: sqlite3.Connection) -> object:
    connection.execute("SAVEPOINT work")
    try:
        outcome = work(connection)
    except Exception as error:
        if not connection.in_transaction:  # SQLite gave up the whole transaction
            raise
        connection.execute("ROLLBACK TO work")
        outcome = error
    connection.execute("RELEASE work")
    return outcome
