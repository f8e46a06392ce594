"""Sending: whole frames, and the end of them when a client reads too slowly.

aiohttp's own way takes a coroutine a message. These writes go beside it to the same transport, each
of whole frames, and never after a close.
"""

from struct import Struct

from aiohttp import web

from gateway.execution.subscription import Event
from gateway.http.request import Request
from gateway.transports.drain import SharedDrain
from gateway.transports.websocket.messages import next_start

_SHORT, _MIDDLE, _LONG = Struct("!BB"), Struct("!BBH"), Struct("!BBQ")
_TEXT = 0x81
"""The first byte of a frame that is a whole text (RFC 6455, section 5.2)."""


def head(length: int) -> bytes:
    """Make the head of the frame of a text that is ``length`` bytes long."""
    if length < 126:  # noqa: PLR2004  the RFC's
        return _SHORT.pack(_TEXT, length)
    if length < 65_536:  # noqa: PLR2004  same
        return _MIDDLE.pack(_TEXT, 126, length)
    return _LONG.pack(_TEXT, 127, length)


class Wire:
    """The way to one client."""

    def __init__(self, socket: web.WebSocketResponse, request: Request) -> None:
        self.socket = socket
        self.request = request
        self._connection = request.connection
        self.drained = SharedDrain(request.connection).drained
        transport = request.connection.transport
        if transport is None:
            raise ConnectionResetError("The client is gone.")
        self._transport = transport

    @property
    def blocked(self) -> bool:
        """Whether no more is to be sent before ``drained``."""
        return self._connection.writing_paused

    def send(self, *texts: bytes) -> bool:
        """Send texts in one write; false when no more can be taken in before ``drained``.

        Raises ``ConnectionError`` when the client is gone.
        """
        if self.socket.closed or self._transport.is_closing():
            raise ConnectionResetError("The client is gone.")
        self._transport.write(b"".join([head(len(text)) + text for text in texts]))
        return not self.blocked

    def give_up(self) -> None:
        """Let go of what a client does not take, which would keep the connection for ever."""
        if self.blocked:
            self._transport.abort()


class NextSink:
    """Where the events of one operation go."""

    def __init__(self, wire: Wire, id_: str) -> None:
        self._wire = wire
        self._start = next_start(id_)
        self.over = False
        """Whether the client wants no more of it."""
        self.sent = 0
        self.drained = wire.drained

    def send(self, *events: Event) -> bool:
        """Send events at once; false when no more can be taken in before ``drained``."""
        if self.over:
            return True
        self.sent += len(events)
        return self._wire.send(*[self._start + event.payload + b"}" for event in events])
