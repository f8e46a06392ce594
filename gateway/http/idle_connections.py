"""Tables of connections that keep the gateway waiting, ordered by when each was added."""

from collections import OrderedDict
from collections.abc import Iterator
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class IdleConnections(Generic[T]):
    """Connections by the time since which they wait for the same, the longest first."""

    def __init__(self) -> None:
        self._since: OrderedDict[T, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._since)

    def add(self, connection: T) -> None:
        """Add a connection, or put it last again."""
        self._since[connection] = monotonic()
        self._since.move_to_end(connection)

    def discard(self, connection: T) -> None:
        """Remove a connection, if it is there."""
        self._since.pop(connection, None)

    @property
    def first(self) -> tuple[float, T] | None:
        """The connection that was added first, and when that was."""
        return next(((since, each) for each, since in self._since.items()), None)

    def pop_older_than(self, seconds: float) -> Iterator[T]:
        """Remove connections added more than so many seconds ago, one after another."""
        before = monotonic() - seconds
        while (first := self.first) and first[0] < before:
            self.discard(first[1])
            yield first[1]


class WaitingConnections(Generic[T]):
    """All connections that keep the gateway waiting."""

    def __init__(self) -> None:
        self.idle: IdleConnections[T] = IdleConnections()
        """Those between two requests."""
        self.arriving: IdleConnections[T] = IdleConnections()
        """Those whose request has not come as a whole yet, and those whose first has not begun."""

    def oldest(self, *, but: T) -> T | None:
        """Return the connection that has waited the longest, if there is one but this."""
        firsts = [first for first in (self.idle.first, self.arriving.first) if first]
        oldest = min(firsts, default=None, key=lambda first: first[0])
        return None if oldest is None or oldest[1] is but else oldest[1]
