"""An operation on a stream."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Protocol

from gateway.execution.subscription import Event
from gateway.transports.single_connection.protocol import complete_event, next_event, next_start

if TYPE_CHECKING:
    from asyncio import Task


class Writer(Protocol):
    """Writes the events of an operation."""

    def write(self, data: bytes) -> bool:
        """Write events; return False if the caller should ``drain`` before sending more."""

    def drain(self) -> Awaitable[None]:
        """Wait until more can be sent; raise ``ConnectionError`` if the client disconnected."""


class Operation:
    """An operation that is running, and the sink of its events."""

    def __init__(self, stream: Writer, id_: str) -> None:
        self._stream = stream
        self._start = next_start(id_)
        self.id = id_
        self.task: Task[None] | None = None
        """The task that sends its results."""
        self.is_subscription = False
        self.is_over = False
        """Whether the client has ended it or disconnected."""
        self.sent = 0
        """How many events were sent."""

    async def drain(self) -> None:
        """Wait until more can be sent; raise ``ConnectionError`` if the client disconnected."""
        await self._stream.drain()

    def send(self, *events: Event) -> bool:
        """Write events; return False if the caller should ``drain`` before sending more."""
        if self.is_over:
            return True
        self.sent += len(events)
        written = [next_event(self._start, event.payload) for event in events]
        return self._stream.write(b"".join(written))

    def complete(self) -> None:
        """Send the end of the operation."""
        if not self.is_over:
            self._stream.write(complete_event(self.id))

    def end(self) -> None:
        """Send no more events, and cancel the task."""
        self.is_over = True
        if self.task:
            self.task.cancel()
