"""A limit on the total cost of the requests that run at once.

What a request reads stays in memory until it is answered. A hundred requests for thousands of
operations each would exhaust the memory, and each would be answered as late as the last.
"""

import asyncio
from bisect import insort
from itertools import count

from gateway.tasks import ensure_task
from schema.errors import Overloaded

MAX_WAIT_SECONDS = 5.0
MAX_WAITING = 100
"""More would rarely start within ``MAX_WAIT_SECONDS``."""


class Load:
    """The cost of running requests, and the requests that wait, the cheapest first.

    A request may take at most half of what is left of ``max_cost``, so that cheap requests still
    find room. One that costs more than half of ``max_cost`` counts as half of it.
    """

    def __init__(self, max_cost: int) -> None:
        self._max_cost = max_cost
        self._max_share = max_cost // 2
        self.running_cost = 0
        """The total cost of the running requests."""
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        """The share, the number and the future of each; sorted."""
        self._numbers = count()

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    def try_acquire(self, cost: int) -> bool:
        """Add the cost of a request; return False if there is no room for it now."""
        share = min(self._max_share, cost)
        if share * 2 > self._max_cost - self.running_cost:
            return False
        self.running_cost += share
        return True

    async def acquire(self, cost: int) -> None:
        """Wait until there is room for a request, and add its cost.

        Raises ``Overloaded`` after ``MAX_WAIT_SECONDS``, or at once if too many requests wait.
        """
        share = min(cost, self._max_share)
        if len(self._waiting) >= MAX_WAITING:
            raise _too_much()
        ready = asyncio.get_running_loop().create_future()
        entry = (share, next(self._numbers), ready)
        insort(self._waiting, entry)
        try:
            await ensure_task()
            async with asyncio.timeout(MAX_WAIT_SECONDS):
                await ready
        except BaseException as error:
            if not ready.cancelled():
                self.release(cost)
            elif entry in self._waiting:
                self._waiting.remove(entry)
            if isinstance(error, TimeoutError):
                raise _too_much() from None
            raise

    def release(self, cost: int) -> None:
        """Subtract the cost of a request, and start waiting requests that now have room."""
        self.running_cost -= min(self._max_share, cost)
        while self._waiting and self._has_room(self._waiting[0][0]):
            share, _, ready = self._waiting.pop(0)
            if not ready.cancelled():
                self.running_cost += share
                ready.set_result(None)

    def _has_room(self, share: int) -> bool:
        return share * 2 <= self._max_cost - self.running_cost


def _too_much() -> Overloaded:
    return Overloaded(
        "The gateway is executing as much as it may at once. Nothing was done. Send the request "
        "again later, or ask for less."
    )
