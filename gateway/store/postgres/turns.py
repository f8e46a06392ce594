"""A semaphore whose callers wait until a deadline, and need no task for that."""

import asyncio
from collections import deque


class Turns:
    """Up to so many may have a turn at the same time; the others wait, first come, first served."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self, seconds: float | None) -> None:
        """Wait for a turn for so many seconds, or without limit.

        Raises ``TimeoutError`` if none comes.
        """
        if self._left:
            self._left -= 1
            return
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        timer = None if seconds is None else loop.call_later(seconds, _give_up, turn)
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and not turn.exception():
                self.give_back()  # it came at the same time
            raise
        finally:
            if timer:
                timer.cancel()

    def give_back(self) -> None:
        """End a turn: who waits the longest has the next."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._left += 1


def _give_up(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_exception(TimeoutError())
