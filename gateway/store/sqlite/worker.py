"""Queues of functions that run on connections; those waiting for a connection run in batches.

Each has a deadline. After it, a function that waits is not started, and a read that runs is
interrupted. A write that runs is not, so that its client learns the outcome.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil, inf
from time import monotonic, perf_counter
from typing import Any, TypeVar

from gateway.histogram import COUNTS, SECONDS, Histogram
from gateway.store.deadline import DEADLINE
from gateway.store.errors import UnusableDatabaseError
from gateway.store.pausing import pause_after
from gateway.store.sqlite.connection import Connection, SQLite
from gateway.store.sqlite.failures import ReadFailures

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]

MAX_BATCH = 256
PATIENCE_SECONDS = 0.005
"""How long functions wait for a busy connection before another connection runs them.

One thread with large batches is faster than several threads, which compete for the GIL; but a long
read must not delay the others.
"""
SWEEP_SECONDS = 0.05
"""How often to check deadlines while something is queued or running."""


@dataclass(slots=True)
class Queued:
    """A queued function and its deadline, in the seconds of ``time.monotonic``."""

    work: Work
    deadline: float
    outcome: asyncio.Future[Any]


RunBatch = Callable[[Sequence[Queued], SQLite], list[Any]]
"""Runs several functions; returns the result of each, or the exception it raised."""


class Worker:
    """Runs functions in order, those that wait in batches.

    The first connection runs them, and further ones while it is busy for long. If all are, the
    short ones run on ``spare``; short ones are never in a batch with others. A batch has all the
    short ones, or an equal share of the others. If it ``pauses``, it does so between batches. The
    deadline is that of the request or, outside of requests, after ``seconds``; 0 is no limit.
    """

    def __init__(  # noqa: PLR0913  each is independent
        self,
        connections: Sequence[Connection],
        run_batch: RunBatch,
        failures: ReadFailures,
        *,
        spare: Connection | None = None,
        seconds: float = 0,
        pauses: bool = False,
    ) -> None:
        self._connections = connections
        self._spare = spare
        self._all = [*connections, spare] if spare else connections
        self._run_batch = run_batch
        self._failures = failures
        self._seconds = seconds
        self._pauses = pauses
        self._short: deque[Queued] = deque()
        self._others: deque[Queued] = deque()
        self._asleep: list[asyncio.Future[None]] = []
        self._spare_asleep: list[asyncio.Future[None]] = []
        self._busy = 0
        self._batch_started_at = 0.0
        """When a connection last started a batch."""
        self._check: asyncio.TimerHandle | None = None
        self._sweep: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self.sizes = Histogram(COUNTS)
        """The number of functions in each batch."""
        self.seconds = Histogram(SECONDS)
        """The duration of each batch."""

    @property
    def waiting(self) -> int:
        """The number of functions that wait for a connection."""
        return len(self._short) + len(self._others)

    def do(
        self, work: Callable[[sqlite3.Connection], T], *, short: bool = False
    ) -> asyncio.Future[T]:
        """Run ``work``; the future has its result or exception, once that is certain."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[T] = loop.create_future()
        deadline = inf
        if self._seconds:
            now = monotonic()
            deadline = DEADLINE.get() or now + self._seconds
            if deadline <= now:
                outcome.set_exception(self._failures.late(self._seconds))
                return outcome
            self._sweep = self._sweep or loop.call_later(SWEEP_SECONDS, self._sweep_late)
        (self._short if short else self._others).append(Queued(work, deadline, outcome))
        self._idle.clear()
        if not self._busy:
            self._wake_one()
        elif not self._check and (self._asleep or (short and self._spare_asleep)):
            self._schedule_check()
        return outcome

    async def run(self) -> None:
        """Run functions until cancelled; to be called once, in a task."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for connection in reversed(self._connections):
                    queues = (self._short, self._others)
                    tasks.create_task(self._serve(connection, queues, self._asleep))
                if self._spare:
                    tasks.create_task(self._serve(self._spare, (self._short,), self._spare_asleep))
        finally:
            if self._sweep:
                self._sweep.cancel()

    async def drained(self) -> None:
        """Wait until nothing is queued or running."""
        await self._idle.wait()

    def _wake_one(self) -> None:
        """Wake the connection that became idle last: its page cache is the most recent."""
        asleep = self._asleep or (self._spare_asleep if self._short else [])
        if asleep:
            asleep.pop().set_result(None)
            self._busy += 1

    def _schedule_check(self) -> None:
        loop = asyncio.get_running_loop()
        self._check = loop.call_at(self._batch_started_at + PATIENCE_SECONDS, self._wake_if_busy)

    def _wake_if_busy(self) -> None:
        """Wake another connection if no batch was started for ``PATIENCE_SECONDS``."""
        self._check = None
        if not self.waiting:
            return
        if asyncio.get_running_loop().time() - self._batch_started_at < PATIENCE_SECONDS:
            self._schedule_check()
        else:
            self._wake_one()

    def _sweep_late(self) -> None:
        """Stop functions that have passed their deadline, waiting or running."""
        now = monotonic()
        for queued in (*self._short, *self._others):
            if queued.deadline <= now and not queued.outcome.done():
                queued.outcome.set_exception(self._failures.late(self._seconds))
        for connection in self._all:
            connection.stop_late(now)
        self._sweep = None
        if self._busy:
            loop = asyncio.get_running_loop()
            self._sweep = loop.call_later(SWEEP_SECONDS, self._sweep_late)

    async def _serve(
        self,
        connection: Connection,
        queues: Sequence[deque[Queued]],
        asleep: list[asyncio.Future[None]],
    ) -> None:
        while True:
            awake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            asleep.append(awake)
            if self.waiting and not self._busy:  # queued before there was a connection
                self._wake_one()
            await awake
            while any(queues):
                for queue in filter(None, queues):
                    await self._take(connection, queue)
            self._busy -= 1
            if not (self._busy or self.waiting):
                self._idle.set()

    async def _take(self, connection: Connection, queue: deque[Queued]) -> None:
        self._batch_started_at = asyncio.get_running_loop().time()
        shares = 1 if queue is self._short else len(self._connections)
        count = min(ceil(len(queue) / shares), MAX_BATCH)
        began = perf_counter()
        await self._do(connection, [queue.popleft() for _ in range(count)])
        self.seconds.observe(perf_counter() - began)
        self.sizes.observe(count)
        if self._pauses and self.waiting < MAX_BATCH:
            await pause_after(count)

    async def _do(self, connection: Connection, batch: list[Queued]) -> None:
        wanted = [queued for queued in batch if not queued.outcome.done()]
        try:
            outcomes = await connection.run(partial(self._run_batch, wanted))
        except (sqlite3.Error, UnusableDatabaseError, OSError, ValueError) as error:
            outcomes = [error] * len(wanted)
        else:
            self._failures.worked()
        for queued, outcome in zip(wanted, outcomes, strict=True):
            if queued.outcome.done():
                continue
            if isinstance(outcome, Exception):
                queued.outcome.set_exception(self._failures.translate(outcome, self._seconds))
            else:
                queued.outcome.set_result(outcome)
