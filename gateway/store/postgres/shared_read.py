"""Reads that are asked for at the same time, and carried out as one."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SharedRead(Generic[T]):
    """What is read for all who asked until it begins."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.count = 0
        """How many asked."""
        self.deadline = 0.0
        """Until when the last of them wants it, in the seconds of ``time.monotonic``."""
        self.has_begun = False


class SharedReads(Generic[T]):
    """Lets callers share a read that has not begun.

    Who asks later gets another one: what was written in the meantime is to be found.
    """

    def __init__(self, carry_out: Callable[[SharedRead[T]], Coroutine[Any, Any, T]]) -> None:
        self._carry_out = carry_out
        self._read = SharedRead[T]()
        self._task: asyncio.Task[T] | None = None

    async def join(self, keys: Iterable[str], deadline: float) -> T:
        """Read, with others' keys as well, and return what was read for all."""
        if self._task is None or self._read.has_begun or self._task.done():
            self._read = SharedRead()
            # It begins in the next iteration of the loop at the earliest.
            self._task = asyncio.create_task(self._carry_out(self._read))
        self._read.keys.update(keys)
        self._read.count += 1
        self._read.deadline = max(self._read.deadline, deadline)
        return await asyncio.shield(self._task)  # one that gives up is not to stop the others
