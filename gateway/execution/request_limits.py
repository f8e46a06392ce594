"""How much requests may ask for: what all interfaces check before and while a request runs."""

from contextvars import Token
from dataclasses import dataclass
from time import monotonic

from gateway.admission.cooperative_lock import CooperativeLock
from gateway.admission.load import Load
from gateway.admission.rate import Rate
from gateway.documents.limit import MOST_SAID
from gateway.store.deadline import DEADLINE
from schema.errors import LimitExceeded

LARGE_COST = 1_000
"""From here on a request waits for an iteration of the loop of its own, even if it is cached."""
MIN_CHARGE = 1
REFUSAL_CHARGE = 100
"""What a principal is charged for a request that is refused: it was read all the same."""


@dataclass(frozen=True)
class RequestLimits:
    """How much requests may ask for, one by one and together."""

    max_cost: int
    load: Load
    turns: CooperativeLock
    rate: Rate | None = None
    seconds: float = 0
    """How long an operation may take; 0 is no limit."""

    def check_rate(self, principal: str) -> None:
        """Raise ``RateExceeded`` for a principal that has nothing left."""
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
        """Acquire a share of the load; raise ``Overloaded`` if there is none for long."""
        if cost >= LARGE_COST:
            await self.turns.acquire()
        if not self.load.try_acquire(cost):
            await self.load.acquire(cost)

    def start_clock(self) -> Token[float | None]:
        """Set the time by which what runs now has to end."""
        return DEADLINE.set(monotonic() + self.seconds if self.seconds else None)

    def release(self, cost: int, outside: Token[float | None]) -> None:
        """Give back a share of the load, and the deadline there was outside."""
        DEADLINE.reset(outside)
        self.load.release(cost)


def too_costly(cost: int, limit: int) -> LimitExceeded:
    """Return the refusal of a request that costs more than the limit."""
    cost = min(cost, MOST_SAID)
    return LimitExceeded(
        f"The request costs {cost:,}, and the limit is {limit:,}. Ask for smaller "
        "pages, especially of lists within lists, or send several requests.",
        limit="cost",
        value=limit,
        requested=cost,
    )
