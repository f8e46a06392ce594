"""Admission control: a worker under overload refuses requests, so that it answers others in time.

A request counts from when it is read until it is answered. Since a count does not say how long
requests take, the limit adapts to the lag of the event loop: it is reduced by a quarter while the
lag is too large, and raised in small steps when it is not. Only lag that the process itself causes
counts, not the time that it waits for a processor.
"""

import asyncio
from time import monotonic, process_time

from gateway.histogram import SECONDS, Histogram
from gateway.http.faults import Fault
from schema.errors import ErrorCode

TICK_SECONDS = 0.02
RECOVERY_STEPS = 64
"""In how many steps the limit grows from 0 to its maximum."""

MIN_LIMIT = 64
"""The lower bound of the limit: with less the loop would be idle in between, and on a busy machine
even a few clients would be refused."""

MESSAGE = "The gateway is overloaded. Nothing was done. Send the request again later."


def overloaded(message: str = MESSAGE, **headers: str) -> Fault:
    """Return the refusal of a request under overload."""
    return Fault(503, message, code=ErrorCode.OVERLOADED, headers={"Retry-After": "1", **headers})


class AdmissionControl:
    """Limits how many requests are in flight; each is represented by a hashable object."""

    def __init__(self, *, max_in_flight: int, max_lag_seconds: float) -> None:
        self._max_in_flight = max_in_flight
        self._max_lag_seconds = max_lag_seconds
        self.limit = max_in_flight
        """How many requests may be in flight now."""
        self._in_flight: set[object] = set()
        self._answered: list[object] = []
        """Those that are removed at the end of this iteration of the event loop."""
        self.lag_seconds = 0.0
        """How late the event loop was when it was last measured, by this process's own work."""
        self.lags = Histogram(SECONDS)
        """All measured lags, whatever caused them."""
        self.refused_count = 0

    @property
    def in_flight_count(self) -> int:
        """How many requests are in flight."""
        return len(self._in_flight)

    def is_full(self, request: object) -> bool:
        """Return True, and count a refusal, if the limit is reached and the request is new."""
        if len(self._in_flight) < self.limit or request in self._in_flight:
            return False
        self.refused_count += 1
        return True

    def try_acquire(self, request: object) -> bool:
        """Add a request, if it is not there; return False if the limit is reached."""
        if request not in self._in_flight:
            if self.is_full(request):
                return False
            self._in_flight.add(request)
        return True

    def release(self, request: object) -> None:
        """Remove a request that is answered, or that waits for its client."""
        self._in_flight.discard(request)

    def release_soon(self, request: object) -> None:
        """Remove a request at the end of this iteration of the event loop.

        Requests that are answered at once would otherwise never reach the limit, however many of
        them one iteration has.
        """
        if not self._answered:
            asyncio.get_running_loop().call_soon(self._release_answered)
        self._answered.append(request)

    def _release_answered(self) -> None:
        self._in_flight.difference_update(self._answered)
        self._answered.clear()

    async def run(self) -> None:
        """Measure the lag of the event loop and adapt the limit, until cancelled."""
        while True:
            due, worked = monotonic() + TICK_SECONDS, process_time()
            await asyncio.sleep(TICK_SECONDS)
            late = max(monotonic() - due, 0.0)
            self.lags.observe(late)
            self.lag_seconds = min(late, process_time() - worked)
            self._adapt()

    def _adapt(self) -> None:
        if self.lag_seconds <= self._max_lag_seconds:
            step = max(self._max_in_flight // RECOVERY_STEPS, 1)
            self.limit = min(self.limit + step, self._max_in_flight)
        elif len(self._in_flight) <= self.limit:  # else requests from before cause the lag
            self.limit = max(self.limit * 3 // 4, min(MIN_LIMIT, self._max_in_flight))
