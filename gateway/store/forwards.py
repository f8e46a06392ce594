"""The queue of what is to be passed on to a bot: its port, and in which order it is taken.

It is in the store, so that what was acknowledged is passed on even after a crash, and once for all
processes. Whoever takes something has it for a while; if it is not settled by then, it is due
again, so it may be passed on more than once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

Headers = Sequence[tuple[str, str]]

WINDOW = 256
"""How many of the queue are looked at for what may be passed on."""


@dataclass(frozen=True)
class Forward:
    """A request to be passed on, and the calls it is about."""

    calls: Sequence[str]
    headers: Headers
    body: bytes


@dataclass(frozen=True, order=True)
class QueuedForward:
    """A request taken from the queue: for which time, and how many seconds after it came."""

    number: int
    attempt: int
    age_seconds: float
    headers: Headers
    body: bytes


@dataclass(frozen=True)
class Settled:
    """What became of one that was taken: it is done with, or due again after a pause."""

    number: int
    retry_seconds: float | None = None


class ForwardQueue(Protocol):
    """Requests to be passed on, those of one call one after another."""

    async def exchange(
        self, settled: Sequence[Settled], count: int, seconds: float
    ) -> list[QueuedForward]:
        """Settle what was taken, and take up to ``count`` that are due, each for ``seconds``."""

    async def is_due(self) -> bool:
        """Return whether any is due, though it may have to wait for another of its call."""

    async def length(self) -> int:
        """Return how many there are."""


def first_of_their_calls(queue: Iterable[tuple[int, Sequence[str], bool]], count: int) -> list[int]:
    """Return the numbers of those that are due, and have none of the same call before them.

    ``queue`` has the number of each, its calls, and whether it is due.
    """
    taken: list[int] = []
    before: set[str] = set()
    for number, calls, is_due in queue:
        if is_due and before.isdisjoint(calls) and len(taken) < count:
            taken.append(number)
        before.update(calls)
    return taken
