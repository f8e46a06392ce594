"""What each client has seen: where reads go to standbys, none shows it anything older.

A standby is behind the primary. So it is kept for each client to which position in the change log
it has written and read, for as long as a standby may be behind. What a client gives itself, a
``Change-Cursor``, holds for one request; it is for who asks several gateways or workers, since each
knows only what it has answered itself.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

from gateway.lru_cache import LRUCache
from schema.paging import Position

MAX_CLIENTS = 10_000
MARGIN_SECONDS = 2.0
"""How much longer a position is kept than a standby may be behind, which is not known exactly."""


def newest(one: Position | None, other: Position) -> Position:
    """Return the newer of two positions; ``other`` is that of the log there is now."""
    if one is None or one.log != other.log:
        return other
    return max(one, other, key=lambda position: position.number)


class Client:
    """What a client has seen through this process."""

    __slots__ = ("seen", "seen_at", "subscription_count")

    def __init__(self) -> None:
        self.seen: Position | None = None
        """The newest position that it has written or read."""
        self.seen_at = 0.0
        self.subscription_count = 0
        """How many subscriptions it has, which tell it of changes as soon as they are made."""

    def record(self, position: Position) -> None:
        """Record a position that it was shown."""
        self.seen = newest(self.seen, position)
        self.seen_at = monotonic()


class ReadSession:
    """The reads of one request."""

    __slots__ = ("after", "client", "seen")

    def __init__(self, client: Client, after: Sequence[Position] = ()) -> None:
        self.client = client
        self.after = after
        """Positions that the client gave: it is to be shown nothing older."""
        self.seen: Position | None = None
        """The newest position that the request has written or read."""

    def record(self, position: Position) -> None:
        """Record the position of something that was read or written."""
        self.seen = newest(self.seen, position)
        self.client.record(position)

    @contextmanager
    def following(self) -> Iterator[None]:
        """Record for the block that the client has a subscription."""
        self.client.subscription_count += 1
        try:
            yield
        finally:
            self.client.subscription_count -= 1


READ_SESSION: ContextVar[ReadSession | None] = ContextVar("read_session", default=None)
"""Whose reads these are; those of nobody go to the primary, and so do those of subscriptions."""


class ReadSessions:
    """What the clients have seen that asked in the last ``seconds``, and a little before."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds + MARGIN_SECONDS
        self._clients = LRUCache[str, Client](max_items=MAX_CLIENTS)
        self._evicted = Client()
        """What any of those has seen that were more than there may be."""

    def session(self, name: str, after: Sequence[Position] = ()) -> ReadSession:
        """Begin the reads of a client's request."""
        client = self._clients.get(name)
        if client is None:
            client = self._add(name)
        else:
            self._clients.move_to_end(name)
        if self._is_old(client):
            client.seen = None
        return ReadSession(client, after)

    def _add(self, name: str) -> Client:
        if len(self._clients) >= MAX_CLIENTS:
            _, evicted = self._clients.popitem(last=False)
            if evicted.seen and not self._is_old(evicted):
                self._evicted.record(evicted.seen)
        client = Client()
        client.seen, client.seen_at = self._evicted.seen, self._evicted.seen_at
        self._clients.put(name, client)
        return client

    def _is_old(self, client: Client) -> bool:
        return monotonic() - client.seen_at > self._seconds
