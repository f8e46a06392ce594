"""How much a principal may ask for in a second: a token bucket for each, of cost.

A request is let in as long as its principal has anything left, and charged when its cost is known:
so one that costs more than there is goes through, and those after it wait until that is made up
for. Each worker counts for itself.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from time import monotonic

from schema.errors import LimitExceeded

REMEMBERED = 10_000
"""How many principals are remembered; of more, those that asked longest ago begin anew."""
BURST_SECONDS = 10


class RateExceeded(LimitExceeded):
    """A principal has asked for too much of late."""

    def __init__(self, per_second: float, left: float, retry_after: int) -> None:
        super().__init__(
            f"The requests of this client cost more than the limit of {per_second:,g} a "
            f"second. Send this one again in {retry_after} s, and others less often.",
            limit="rate",
            value=per_second,
            requested=ceil(per_second - left),
            retryAfter=retry_after,
        )
        self.retry_after = retry_after
        """In seconds."""


@dataclass(slots=True)
class _Bucket:
    """What a principal had left at some time."""

    left: float
    at: float


class Rate:
    """What all principals have left: each at most ``burst``, and ``per_second`` more each second.

    Without a ``burst`` it is what comes in 10 seconds.
    """

    def __init__(
        self, per_second: float, burst: float = 0, now: Callable[[], float] = monotonic
    ) -> None:
        self.per_second = per_second
        self._burst = burst or per_second * BURST_SECONDS
        self._now = now
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def left(self, principal: str) -> float:
        """Return what a principal has left; less than nothing after what was too much."""
        bucket = self._buckets.get(principal)
        if bucket is None:
            return self._burst
        now = self._now()
        bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self.per_second)
        bucket.at = now
        return bucket.left

    def check(self, principal: str) -> None:
        """Raise ``RateExceeded`` for a principal that has nothing left."""
        left = self.left(principal)
        if left <= 0:
            raise RateExceeded(self.per_second, left, max(1, ceil((1 - left) / self.per_second)))

    def charge(self, principal: str, cost: int) -> None:
        """Take off what a request costs."""
        left = self.left(principal) - cost
        self._buckets[principal] = _Bucket(left, self._now())
        self._buckets.move_to_end(principal)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
