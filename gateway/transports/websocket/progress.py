"""Telling clients how far their subscriptions have come when they take little of what happens.

A filter may take nothing for days, and a client that goes on from its last event would have all of
that looked through again, or find that the log keeps it no more. So now and then a ping has a place
in its payload: of an operation, whichever came last, an event's cursor or this, is where to go on.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from gateway.execution.subscription import Subscription
from gateway.transports.websocket import messages
from gateway.transports.websocket.wire import Wire
from schema.paging import Position

Running = Callable[[], Iterable[tuple[str, Subscription]]]


class Progress:
    """The places told to one client, of what it has ``running`` by their ids."""

    def __init__(self, wire: Wire, running: Running) -> None:
        self._wire = wire
        self._running = running
        self._told: dict[Position, list[str]] = {}

    @contextmanager
    def telling(self, seconds: float) -> Iterator[None]:
        """Tell every so often, as long as the block lasts."""
        self._tell_after(seconds)
        try:
            yield
        finally:
            self._next.cancel()

    def _tell_after(self, seconds: float) -> None:
        self._next = asyncio.get_running_loop().call_later(seconds, self._tell, seconds)

    def _tell(self, seconds: float) -> None:
        if not self._wire.blocked:
            with suppress(ConnectionError):  # which ends the connection in its own way
                self._tell_what_is_new()
        self._tell_after(seconds)

    def _tell_what_is_new(self) -> None:
        found = defaultdict[Position, list[str]](list)
        for id_, subscription in self._running():
            if place := subscription.place:
                found[place].append(id_)
        for place, ids in found.items():
            if self._told.get(place) != ids:
                self._wire.send(messages.ping(place, ids))
        self._told = dict(found)
