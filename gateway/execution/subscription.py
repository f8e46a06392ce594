"""A subscription that was started, and the sink that its events are written to."""

from typing import Protocol

import msgspec

from gateway.documents.operation_info import OperationInfo
from gateway.store.read_sessions import ReadSession
from schema.paging import Position


class Event(msgspec.Struct, frozen=True):
    """A response of a subscription, encoded once for all of its subscribers.

    ``cursor`` is the position in the change log to resume after, for events that have one.
    """

    payload: bytes
    cursor: str | None = None


class Sink(Protocol):
    """The events' way to one client: a WebSocket, or a streaming response."""

    def send(self, *events: Event) -> bool:
        """Write events; return False if the caller should ``drain`` before sending more."""

    async def drain(self) -> None:
        """Wait until more can be sent; raise ``ConnectionError`` if the client disconnected."""


class Subscription(Protocol):
    """A subscription whose document and arguments are valid."""

    info: OperationInfo | None

    @property
    def position(self) -> Position | None:
        """The position in the change log up to which everything was sent, if it is known.

        It may be far beyond the last event if few changes match.
        """

    async def run(self, sink: Sink) -> None:
        """Send all events to ``sink``, in order, until the subscription ends or is cancelled.

        Nothing is queued for a sink that is full: after it has drain, the subscription reads on
        from its position, without gaps. Raises what ``drain`` raises.
        """


class RecordedSubscription:
    """A subscription that has recorded what its client sees, for its reads elsewhere."""

    def __init__(self, subscription: Subscription, reads: ReadSession) -> None:
        self.info = subscription.info
        self._subscription = subscription
        self._reads = reads

    @property
    def position(self) -> Position | None:
        """The position up to which everything was sent."""
        return self._subscription.position

    async def run(self, sink: Sink) -> None:
        """Send all events until the subscription ends or is cancelled."""
        with self._reads.following():
            try:
                await self._subscription.run(sink)
            finally:
                if position := self.position:
                    self._reads.record(position)
