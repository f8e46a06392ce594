"""The queue of requests to forward to a bot: its port, and the order of delivery.

The queue is in the store, so acknowledged requests are forwarded even after a crash, by one of all
processes. A process that takes a request has to settle it within some time; otherwise the request
is due again. So it may be forwarded more than once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

Headers = Sequence[tuple[str, str]]

WINDOW = 256
"""How many requests at the head of the queue are considered for delivery."""


@dataclass(frozen=True)
class Forward:
    """A request to forward, and the ids of the calls that it concerns."""

    calls: Sequence[str]
    headers: Headers
    body: bytes


@dataclass(frozen=True, order=True)
class QueuedForward:
    """A request taken from the queue, with the number of the attempt and its age."""

    number: int
    attempt: int
    age_seconds: float
    headers: Headers
    body: bytes


@dataclass(frozen=True)
class Settled:
    """The outcome of an attempt: the request is removed, or due again after a pause."""

    number: int
    retry_seconds: float | None = None


class ForwardQueue(Protocol):
    """Requests to forward, those of one call in order, one at a time."""

    async def exchange(
        self, settled: Sequence[Settled], count: int, seconds: float
    ) -> list[QueuedForward]:
        """Settle requests, and take up to ``count`` that are due, each for ``seconds``."""

    async def is_due(self) -> bool:
        """Return whether a request is due, even if an earlier one of its call is not settled."""

    async def length(self) -> int:
        """Return the number of requests in the queue."""


def first_of_their_calls(queue: Iterable[tuple[int, Sequence[str], bool]], count: int) -> list[int]:
    """Return the numbers of requests that are due and the first in the queue of their calls.

    ``queue`` has the number of each, its calls, and whether it is due.
    """
    taken: list[int] = []
    before: set[str] = set()
    for number, calls, is_due in queue:
        if is_due and before.isdisjoint(calls) and len(taken) < count:
            taken.append(number)
        before.update(calls)
    return taken
