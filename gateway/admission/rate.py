"""Rate limiting: a token bucket of cost for each principal.

A request is accepted while its principal's bucket is not empty, and charged when its cost is known.
So a bucket may become negative, and later requests are refused until it has refilled. Each worker
has its own buckets.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from time import monotonic

from gateway.lru_cache import LRUCache
from schema.errors import LimitExceeded

MAX_BUCKETS = 10_000
"""How many buckets are kept; the least recently used one is evicted first."""
BURST_SECONDS = 10


class RateExceeded(LimitExceeded):
    """The bucket of a principal is empty."""

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
    """What a bucket contained at a time."""

    left: float
    at: float


class Rate:
    """The buckets of all principals: of ``burst`` each, refilled by ``per_second``.

    Without a ``burst`` it is the amount of 10 seconds.
    """

    def __init__(
        self, per_second: float, burst: float = 0, now: Callable[[], float] = monotonic
    ) -> None:
        self.per_second = per_second
        self._burst = burst or per_second * BURST_SECONDS
        self._now = now
        self._buckets = LRUCache[str, _Bucket](max_items=MAX_BUCKETS)

    def left(self, principal: str) -> float:
        """Return what a bucket contains; negative after requests that cost more."""
        bucket = self._buckets.get(principal)
        if bucket is None:
            return self._burst
        now = self._now()
        bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self.per_second)
        bucket.at = now
        return bucket.left

    def check(self, principal: str) -> None:
        """Raise ``RateExceeded`` if the principal's bucket is empty."""
        left = self.left(principal)
        if left <= 0:
            raise RateExceeded(self.per_second, left, max(1, ceil((1 - left) / self.per_second)))

    def charge(self, principal: str, cost: int) -> None:
        """Subtract the cost of a request."""
        left = self.left(principal) - cost
        self._buckets.put(principal, _Bucket(left, self._now()))
