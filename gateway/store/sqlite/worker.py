"""Queues of functions that run on connections; those waiting for a connection run in batches.

Each has its time. One that is still waiting then is never begun; one that has begun is stopped, if
it can be: a write cannot, so that what its client is told is true.
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
from gateway.store.sqlite.connection import Connection, SQLite
from gateway.store.sqlite.failures import ReadFailures

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]

MAX_BATCH = 256
PATIENCE = 0.005
"""In seconds: how long works wait for a busy connection before another one takes them up.

One thread that reads a lot at a time gets further than several that take turns with the loop for
the interpreter; but a read that takes long is not to keep the others waiting.
"""


SWEPT_EVERY = 0.05
"""How often to look for passed deadlines while something is queued or running, in seconds."""


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

    They go to the first of its connections, and to the next ones while that is busy for long; where
    all are, those that are short go to ``spare``, and none is done together with what may be long.
    A batch has all that are short, or an even share of the others. Each has until its request's
    deadline or, if it belongs to none, so many ``seconds``; 0 is no limit.
    """

    def __init__(
        self,
        connections: Sequence[Connection],
        run_batch: RunBatch,
        failures: ReadFailures,
        *,
        spare: Connection | None = None,
        seconds: float = 0,
    ) -> None:
        self._connections = connections
        self._spare = spare
        self._all = [*connections, spare] if spare else connections
        self._run_batch = run_batch
        self._failures = failures
        self._seconds = seconds
        self._short: deque[Queued] = deque()
        self._others: deque[Queued] = deque()
        self._asleep: list[asyncio.Future[None]] = []
        self._spare_asleep: list[asyncio.Future[None]] = []
        self._busy = 0
        self._taken = 0.0
        """When a connection last took up works."""
        self._look: asyncio.TimerHandle | None = None
        self._sweep: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self.sizes = Histogram(COUNTS)
        """How many works were done at once."""
        self.seconds = Histogram(SECONDS)
        """How long that took."""

    @property
    def waiting(self) -> int:
        """How many works no connection has taken up."""
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
            self._sweep = self._sweep or loop.call_later(SWEPT_EVERY, self._sweep_late)
        (self._short if short else self._others).append(Queued(work, deadline, outcome))
        self._idle.clear()
        if not self._busy:
            self._wake_one()
        elif not self._look and (self._asleep or (short and self._spare_asleep)):
            self._look_later()
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

    def _look_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._look = loop.call_at(self._taken + PATIENCE, self._look_after)

    def _look_after(self) -> None:
        """Wake another connection if the busy ones have been so for ``PATIENCE``."""
        self._look = None
        if not self.waiting:
            return
        if asyncio.get_running_loop().time() - self._taken < PATIENCE:
            self._look_later()
        else:
            self._wake_one()

    def _sweep_late(self) -> None:
        """Stop what has passed its deadline, waiting or running."""
        now = monotonic()
        for queued in (*self._short, *self._others):
            if queued.deadline <= now and not queued.outcome.done():
                queued.outcome.set_exception(self._failures.late(self._seconds))
        for connection in self._all:
            connection.stop_late(now)
        self._sweep = None
        if self._busy:
            loop = asyncio.get_running_loop()
            self._sweep = loop.call_later(SWEPT_EVERY, self._sweep_late)

    async def _serve(
        self,
        connection: Connection,
        queues: Sequence[deque[Queued]],
        asleep: list[asyncio.Future[None]],
    ) -> None:
        while True:
            awake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            asleep.append(awake)
            if self.waiting and not self._busy:  # queued before a connection was there
                self._wake_one()
            await awake
            while any(queues):
                for queue in filter(None, queues):
                    await self._take(connection, queue)
            self._busy -= 1
            if not (self._busy or self.waiting):
                self._idle.set()

    async def _take(self, connection: Connection, queue: deque[Queued]) -> None:
        self._taken = asyncio.get_running_loop().time()
        shares = 1 if queue is self._short else len(self._connections)
        count = min(ceil(len(queue) / shares), MAX_BATCH)
        began = perf_counter()
        await self._do(connection, [queue.popleft() for _ in range(count)])
        self.seconds.observe(perf_counter() - began)
        self.sizes.observe(count)

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
