"""What the requests under way cost together: only so much is in memory at once.

What a request reads is held until its answer is made. A hundred that ask for thousands of
operations each would fill the memory, and all would be answered as late as the last of them.
"""

import asyncio
from bisect import insort
from itertools import count

from gateway.tasks import ensure_task
from schema.errors import Overloaded

LONGEST_WAIT = 5.0
"""In seconds."""
MOST_WAITING = 100
"""More would hardly have their turn in that time."""


class Load:
    """The requests under way, and those that wait for others to end, the cheapest first.

    Each may take half of what is left of ``most``, so that something is left for those that cost
    little. What costs more than half of it all counts as that.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._largest = most // 2
        self.under_way = 0
        """What the requests under way cost together."""
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        """What each costs, its number, and what tells it to begin; in that order."""
        self._numbers = count()

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    def try_acquire(self, cost: int) -> bool:
        """Take a share for a request, if there is room for it now; tell whether that is so."""
        share = min(self._largest, cost)
        if share * 2 > self._most - self.under_way:
            return False
        self.under_way += share
        return True

    async def acquire(self, cost: int) -> None:
        """Wait until there is room for a request; raise ``Overloaded`` if there is none for long.

        It is raised at once where many wait already.
        """
        share = min(cost, self._largest)
        if len(self._waiting) >= MOST_WAITING:
            raise _too_much()
        told = asyncio.get_running_loop().create_future()
        one = (share, next(self._numbers), told)
        insort(self._waiting, one)
        try:
            await ensure_task()
            async with asyncio.timeout(LONGEST_WAIT):
                await told
        except BaseException as error:
            if not told.cancelled():
                self.release(cost)
            elif one in self._waiting:
                self._waiting.remove(one)
            if isinstance(error, TimeoutError):
                raise _too_much() from None
            raise

    def release(self, cost: int) -> None:
        """Give back the share of a request, and let those begin that there is room for now."""
        self.under_way -= min(self._largest, cost)
        while self._waiting and self._has_room(self._waiting[0][0]):
            share, _, told = self._waiting.pop(0)
            if not told.cancelled():
                self.under_way += share
                told.set_result(None)

    def _has_room(self, share: int) -> bool:
        return share * 2 <= self._most - self.under_way


def _too_much() -> Overloaded:
    return Overloaded(
        "The gateway is executing as much as it may at once. Nothing was done. Send the request "
        "again later, or ask for less."
    )
