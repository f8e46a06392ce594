"""A connection's work, done together: what waits while it is busy goes over in one hop."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from gateway.store.errors import BusyDatabaseError, UnusableDatabaseError
from gateway.store.lock import WriteLock
from gateway.store.sqlite.connection import Connection

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]
Together = Callable[[Sequence[Work], sqlite3.Connection], list[Any]]
"""Does several works and returns what each returned, or the exception it raised."""

MAX_BATCH = 256


@dataclass(frozen=True, slots=True)
class _Waiting:
    work: Work
    outcome: asyncio.Future[Any]


class Worker:
    """Does works on one connection in the order they are asked for, as many at once as wait."""

    def __init__(self, connection: Connection, together: Together) -> None:
        self._connection = connection
        self._together = together
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def do(self, work: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """Do ``work``; the future has what it returns or raises, once that is certain."""
        outcome: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(work, outcome))
        self._idle.clear()
        self._wake.set()
        return outcome

    async def run(self) -> None:
        """Do works until cancelled; to be run once, as a task."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                count = min(len(self._waiting), MAX_BATCH)
                await self._do([self._waiting.popleft() for _ in range(count)])
            self._idle.set()

    async def drained(self) -> None:
        """Wait until all that was asked for is done."""
        await self._idle.wait()

    async def _do(self, batch: list[_Waiting]) -> None:
        wanted = [waiting for waiting in batch if not waiting.outcome.cancelled()]
        works = [waiting.work for waiting in wanted]
        try:
            outcomes = await self._connection.run(partial(self._together, works))
        except (sqlite3.Error, UnusableDatabaseError, ValueError) as error:
            outcomes = [error] * len(wanted)
        for waiting, outcome in zip(wanted, outcomes, strict=True):
            if waiting.outcome.cancelled():
                continue
            if isinstance(outcome, Exception):
                waiting.outcome.set_exception(outcome)
            else:
                waiting.outcome.set_result(outcome)


def read_together(works: Sequence[Work], connection: sqlite3.Connection) -> list[Any]:
    """Read one after another; one that fails harms no other."""
    return [_attempt(work, connection) for work in works]


def _attempt(work: Work, connection: sqlite3.Connection) -> object:
    try:
        return work(connection)
    except Exception as error:  # noqa: BLE001  it goes to who asked
        return error


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
