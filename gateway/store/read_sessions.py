"""Monotonic reads: a client that reads from standbys sees nothing older than it has seen already.

A standby is behind the primary. So the newest position in the change log that a client has written
or read is stored for as long as a standby may be behind. A client can also send a position, in the
header ``Change-Cursor``, for one request: a process does not know what other gateways or workers
have answered.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

from gateway.lru_cache import LRUCache
from schema.paging import Position

MAX_CLIENTS = 10_000
MARGIN_SECONDS = 2.0
"""How much longer positions are stored, since the lag of a standby is not known exactly."""


def newest(one: Position | None, other: Position) -> Position:
    """Return the newer of two positions, of which ``other`` is in the current log."""
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
        """How many subscriptions it has, each of which shows it changes at once."""

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
        """The positions that the client sent, and must not be shown anything older than."""
        self.seen: Position | None = None
        """The newest position that the request has written or read."""

    def record(self, position: Position) -> None:
        """Record the position of something that was read or written."""
        self.seen = newest(self.seen, position)
        self.client.record(position)

    @contextmanager
    def following(self) -> Iterator[None]:
        """Count a subscription of the client while the block runs."""
        self.client.subscription_count += 1
        try:
            yield
        finally:
            self.client.subscription_count -= 1


READ_SESSION: ContextVar[ReadSession | None] = ContextVar("read_session", default=None)
"""The current reads; outside of requests, and in subscriptions, reads go to the primary."""


class ReadSessions:
    """What clients have seen in the last ``seconds``, and a little before."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds + MARGIN_SECONDS
        self._clients = LRUCache[str, Client](max_items=MAX_CLIENTS)
        self._evicted = Client()
        """What clients that were evicted from the cache have seen."""

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
