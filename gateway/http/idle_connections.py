"""Tables of idle connections, ordered by when each became idle."""

from collections import OrderedDict
from collections.abc import Iterator
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class IdleConnections(Generic[T]):
    """Connections and the time each was added, the oldest first."""

    def __init__(self) -> None:
        self._since: OrderedDict[T, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._since)

    def add(self, connection: T) -> None:
        """Add a connection, or move it to the end with a new time."""
        self._since[connection] = monotonic()
        self._since.move_to_end(connection)

    def discard(self, connection: T) -> None:
        """Remove a connection, if present."""
        self._since.pop(connection, None)

    @property
    def first(self) -> tuple[float, T] | None:
        """The time and the connection that was added first."""
        return next(((since, each) for each, since in self._since.items()), None)

    def pop_older_than(self, seconds: float) -> Iterator[T]:
        """Remove and yield the connections added more than ``seconds`` ago."""
        before = monotonic() - seconds
        while (first := self.first) and first[0] < before:
            self.discard(first[1])
            yield first[1]


class WaitingConnections(Generic[T]):
    """The connections that wait for their client."""

    def __init__(self) -> None:
        self.idle: IdleConnections[T] = IdleConnections()
        """Those between two requests."""
        self.arriving: IdleConnections[T] = IdleConnections()
        """Those whose request has arrived in part, and those without a first request."""

    def oldest(self, *, other_than: T) -> T | None:
        """Return the connection that has waited the longest, unless it is ``other_than``."""
        firsts = [first for first in (self.idle.first, self.arriving.first) if first]
        oldest = min(firsts, default=None, key=lambda first: first[0])
        return None if oldest is None or oldest[1] is other_than else oldest[1]
