"""The gate: how many requests a worker takes on at once, so that those it takes are answered soon.

A request counts from when it is read to when it is answered, wherever it waits meanwhile. A count
alone does not know how long a request takes. So the loop's own lag decides how much of the count
there is: late, the worker takes on a quarter less; in time again, step by step more.
What counts is how late its own work makes it: what waits for the processor alone is soon done.
"""

import asyncio
from time import monotonic, process_time

from gateway.histogram import SECONDS, Histogram
from gateway.http.faults import Fault
from schema.errors import ErrorCode

TICK_SECONDS = 0.02
STEPS = 64
"""In so many steps the room grows from nothing to all."""

FEWEST = 64
"""So many are taken on however late the loop is: with fewer it would wait for work in between, and
on a machine that does much else even a few clients would be refused."""

MESSAGE = "The gateway is overloaded. Nothing was done. Send the request again later."


def overloaded(message: str = MESSAGE, **headers: str) -> Fault:
    """Refuse a request that there is no time for."""
    return Fault(503, message, code=ErrorCode.OVERLOADED, headers={"Retry-After": "1", **headers})


class Gate:
    """Counts what is at work, each by the object that stands for it."""

    def __init__(self, *, most: int, max_lag_seconds: float) -> None:
        self._most = most
        self._max_lag_seconds = max_lag_seconds
        self.room = most
        """How many may be at work now."""
        self._at_work: set[object] = set()
        self.lag_seconds = 0.0
        """How late the loop was just now, by what this process did."""
        self.late = Histogram(SECONDS)
        """How late it was each time, for whatever reason."""
        self.refused = 0
        """How many were refused so far."""

    @property
    def at_work(self) -> int:
        """How many are at work."""
        return len(self._at_work)

    def turns_away(self, work: object) -> bool:
        """Tell whether there is no room for a work that is not at work already, and count it."""
        if len(self._at_work) < self.room or work in self._at_work:
            return False
        self.refused += 1
        return True

    def admits(self, work: object) -> bool:
        """Take on a work, unless there is no room for it; one that is at work already stays so."""
        if work not in self._at_work:
            if self.turns_away(work):
                return False
            self._at_work.add(work)
        return True

    def leaves(self, work: object) -> None:
        """Take note that a work is done, or that it waits for others from now on."""
        self._at_work.discard(work)

    async def run(self) -> None:
        """Look at how late the loop is, until cancelled."""
        while True:
            due, worked = monotonic() + TICK_SECONDS, process_time()
            await asyncio.sleep(TICK_SECONDS)
            late = max(monotonic() - due, 0.0)
            self.late.observe(late)
            self.lag_seconds = min(late, process_time() - worked)
            self._adapt()

    def _adapt(self) -> None:
        """Make less room when the loop is late, or else a little more."""
        if self.lag_seconds <= self._max_lag_seconds:
            self.room = min(self.room + max(self._most // STEPS, 1), self._most)
        elif len(self._at_work) <= self.room:  # else what was taken on before is still the reason
            self.room = max(self.room * 3 // 4, min(FEWEST, self._most))
