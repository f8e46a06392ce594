"""One task that writes, for all who want to: writes that wait together are committed together."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from gateway.store.sqlite.connection import Connection

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]

MAX_BATCH = 256


@dataclass(frozen=True)
class _Write:
    work: Work
    outcome: asyncio.Future[Any] = field(default_factory=asyncio.Future)


class Writer:
    """Carries out writes one after another, each all or nothing, and answers once it is durable."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: asyncio.Queue[_Write] = asyncio.Queue()

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in a transaction; return what it returns, or raise what it raises."""
        write = _Write(work)
        self._waiting.put_nowait(write)
        outcome: T = await write.outcome
        return outcome

    async def run(self) -> None:
        """Carry out writes until cancelled; call once, as a task."""
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < MAX_BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            await self._carry_out(batch)

    async def drained(self) -> None:
        """Wait until all that was asked for is carried out."""
        await self._waiting.join()

    async def _carry_out(self, batch: list[_Write]) -> None:
        wanted = [write for write in batch if not write.outcome.cancelled()]
        try:
            works = [write.work for write in wanted]
            outcomes = await self._connection.run(partial(_commit_together, works))
        except (sqlite3.Error, ValueError) as error:
            outcomes = [error] * len(wanted)
        for write, outcome in zip(wanted, outcomes, strict=True):
            if write.outcome.cancelled():
                continue
            if isinstance(outcome, Exception):
                write.outcome.set_exception(outcome)
            else:
                write.outcome.set_result(outcome)
        for _ in batch:
            self._waiting.task_done()


def _commit_together(works: Sequence[Work], connection: sqlite3.Connection) -> list[Any]:
    """Run each work in a savepoint of one transaction: one that fails harms no other."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        outcomes = [_in_savepoint(work, connection) for work in works]
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes


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
