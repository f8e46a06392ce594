"""Concurrent reads that share one statement."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SharedRead(Generic[T]):
    """A read for all callers that join before it begins."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.count = 0
        """The number of callers."""
        self.deadline = 0.0
        """The latest deadline of the callers, in the seconds of ``time.monotonic``."""
        self.has_begun = False


class SharedReads(Generic[T]):
    """Lets callers join a read that has not begun.

    Later callers start another read, which sees what was written in the meantime.
    """

    def __init__(self, execute: Callable[[SharedRead[T]], Coroutine[Any, Any, T]]) -> None:
        self._execute = execute
        self._read = SharedRead[T]()
        self._task: asyncio.Task[T] | None = None

    async def join(self, keys: Iterable[str], deadline: float) -> T:
        """Add keys to the shared read, and return the result for the keys of all callers."""
        if self._task is None or self._read.has_begun or self._task.done():
            self._read = SharedRead()
            # It begins in the next iteration of the event loop at the earliest.
            self._task = asyncio.create_task(self._execute(self._read))
        self._read.keys.update(keys)
        self._read.count += 1
        self._read.deadline = max(self._read.deadline, deadline)
        return await asyncio.shield(self._task)  # others wait for it even if this caller does not
