"""Connections that wait, the longest first."""

from collections import OrderedDict
from collections.abc import Iterator
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class Waiting(Generic[T]):
    """Those who wait for the same, each since it began."""

    def __init__(self) -> None:
        self._since: OrderedDict[T, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._since)

    def begins(self, one: T) -> None:
        """Take note that one begins to wait, after all others."""
        self._since[one] = monotonic()
        self._since.move_to_end(one)

    def ends(self, one: T) -> None:
        """Take note that one waits no more, if it did."""
        self._since.pop(one, None)

    @property
    def first(self) -> tuple[float, T] | None:
        """When who waits the longest began, and who that is."""
        return next(((since, one) for one, since in self._since.items()), None)

    def longer_than(self, seconds: float) -> Iterator[T]:
        """Take out those who wait for longer."""
        before = monotonic() - seconds
        while (first := self.first) and first[0] < before:
            self.ends(first[1])
            yield first[1]
