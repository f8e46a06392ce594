"""The limits on requests, which all interfaces check before and while a request runs."""

from collections.abc import Awaitable, Callable
from contextvars import Token
from dataclasses import dataclass
from time import monotonic
from typing import ParamSpec, TypeVar

from gateway.admission.cooperative_lock import CooperativeLock
from gateway.admission.load import Load
from gateway.admission.rate import Rate
from gateway.documents.limit import MAX_REPORTED
from gateway.store.deadline import DEADLINE
from schema.errors import LimitExceeded

P = ParamSpec("P")
T = TypeVar("T")

LARGE_COST = 1_000
"""A request of this cost or more waits for an iteration of the loop without other long work."""
MIN_CHARGE = 1
REFUSAL_CHARGE = 100
"""What a principal is charged for a refused request, which was read nevertheless."""


@dataclass(frozen=True)
class RequestLimits:
    """The limits on requests, each by itself and together."""

    max_cost: int
    load: Load
    lock: CooperativeLock
    rate: Rate | None = None
    timeout_seconds: float = 0
    """How long an operation may take; 0 is no limit."""

    def check_rate(self, principal: str) -> None:
        """Raise ``RateExceeded`` if a principal has reached its limit."""
        if self.rate:
            self.rate.check(principal)

    def charge(self, principal: str, cost: int) -> None:
        """Charge a principal for a request."""
        if self.rate:
            self.rate.charge(principal, max(cost, MIN_CHARGE))

    def check_cost(self, cost: int) -> None:
        """Raise ``LimitExceeded`` for a request that costs more than one may."""
        if cost > self.max_cost:
            raise too_costly(cost, self.max_cost)

    async def acquire(self, cost: int) -> None:
        """Acquire a share of the load; raise ``Overloaded`` if there is no room in time."""
        if cost >= LARGE_COST:
            await self.lock.acquire()
        if not self.load.try_acquire(cost):
            await self.load.acquire(cost)

    def try_acquire(self, cost: int) -> bool:
        """Acquire a share of the load, unless ``acquire`` has to wait for it."""
        return cost < LARGE_COST and self.load.try_acquire(cost)

    def start_clock(self) -> Token[float | None]:
        """Set the deadline of what runs now; return the token to reset it by."""
        return DEADLINE.set(monotonic() + self.timeout_seconds if self.timeout_seconds else None)

    async def run(
        self, cost: int, work: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run work with a share of the load and a deadline, and return its result.

        The endpoints of short requests do the same themselves, for one coroutine less.
        """
        if not self.try_acquire(cost):
            await self.acquire(cost)
        outside = self.start_clock()
        try:
            return await work(*args, **kwargs)
        finally:
            self.release(cost, outside)

    def release(self, cost: int, outside: Token[float | None]) -> None:
        """Release a share of the load, and reset the deadline."""
        DEADLINE.reset(outside)
        self.load.release(cost)


def too_costly(cost: int, limit: int) -> LimitExceeded:
    """Return the error for a request that costs more than the limit."""
    cost = min(cost, MAX_REPORTED)
    return LimitExceeded(
        f"The request costs {cost:,}, and the limit is {limit:,}. Ask for smaller "
        "pages, especially of lists within lists, or send several requests.",
        limit="cost",
        value=limit,
        requested=cost,
    )
