"""An operation on a stream."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Protocol

from gateway.execution.subscription import Event
from gateway.transports.single_connection.protocol import complete_event, next_event, next_start

if TYPE_CHECKING:
    from asyncio import Task


class Writer(Protocol):
    """What an operation's events are written to."""

    def write(self, data: bytes) -> bool:
        """Send events at once; false when no more can be taken in before ``drain``."""

    def drain(self) -> Awaitable[None]:
        """Wait until more can be sent; raise ``ConnectionError`` when the client is gone."""


class Operation:
    """An operation under way, and where its events go."""

    def __init__(self, stream: Writer, id_: str) -> None:
        self._stream = stream
        self._start = next_start(id_)
        self.id = id_
        self.task: Task[None] | None = None
        """What sends its results."""
        self.is_subscription = False
        self.is_over = False
        """Whether the client wants no more of it, or is gone."""
        self.sent = 0
        """How many events were sent."""

    async def drain(self) -> None:
        """Wait until more can be sent; raise ``ConnectionError`` when the client is gone."""
        await self._stream.drain()

    def send(self, *events: Event) -> bool:
        """Send events at once; false when no more can be taken in before ``drain``."""
        if self.is_over:
            return True
        self.sent += len(events)
        written = [next_event(self._start, event.payload) for event in events]
        return self._stream.write(b"".join(written))

    def complete(self) -> None:
        """Tell the client that this was all."""
        if not self.is_over:
            self._stream.write(complete_event(self.id))

    def end(self) -> None:
        """Send no more, and stop what runs it."""
        self.is_over = True
        if self.task:
            self.task.cancel()
