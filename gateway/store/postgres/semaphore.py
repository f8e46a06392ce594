"""A semaphore with a timeout, whose callers need no task of their own to wait."""

import asyncio
from collections import deque


class Semaphore:
    """A semaphore that is acquired in the order of the calls.

    ``asyncio.timeout`` around ``asyncio.Semaphore`` works only in a task.
    """

    def __init__(self, value: int) -> None:
        self._value = value
        self._waiters: deque[asyncio.Future[None]] = deque()

    @property
    def is_free(self) -> bool:
        """Whether it can be acquired without waiting."""
        return self._value > 0

    async def acquire(self, timeout: float | None) -> None:  # noqa: ASYNC109  see the class
        """Acquire the semaphore; raise ``TimeoutError`` after ``timeout`` seconds, unless None."""
        if self._value:
            self._value -= 1
            return
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        timer = None if timeout is None else loop.call_later(timeout, _expire, waiter)
        self._waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and not waiter.exception():
                self.release()  # it was acquired just before the cancellation
            raise
        finally:
            if timer:
                timer.cancel()

    def release(self) -> None:
        """Release the semaphore: the caller that has waited the longest acquires it."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._value += 1


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())
