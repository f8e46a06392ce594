"""Writing text frames to the transport of a WebSocket.

aiohttp needs a coroutine for each message. These writes bypass it, each of whole frames, and none
after a close frame.
"""

from struct import Struct

from aiohttp import web

from gateway.execution.subscription import Event
from gateway.http.request import Request
from gateway.transports.drain import SharedDrain
from gateway.transports.websocket.messages import next_start

_SHORT, _MIDDLE, _LONG = Struct("!BB"), Struct("!BBH"), Struct("!BBQ")
_TEXT = 0x81
"""The first byte of an unfragmented text frame (RFC 6455, section 5.2)."""


def head(length: int) -> bytes:
    """Return the header of a frame with a text of ``length`` bytes."""
    if length < 126:  # noqa: PLR2004  the RFC's
        return _SHORT.pack(_TEXT, length)
    if length < 65_536:  # noqa: PLR2004  same
        return _MIDDLE.pack(_TEXT, 126, length)
    return _LONG.pack(_TEXT, 127, length)


class FrameWriter:
    """Writes to one client."""

    def __init__(self, socket: web.WebSocketResponse, request: Request) -> None:
        self.socket = socket
        self.request = request
        self._connection = request.connection
        self.drain = SharedDrain(request.connection).drain
        transport = request.connection.transport
        if transport is None:
            raise ConnectionResetError("The client disconnected.")
        self._transport = transport

    @property
    def writing_paused(self) -> bool:
        """Whether to ``drain`` before sending more."""
        return self._connection.writing_paused

    def send(self, *texts: bytes) -> bool:
        """Send texts in one write; return False if the caller should ``drain`` next.

        Raises ``ConnectionError`` if the client disconnected.
        """
        if self.socket.closed or self._transport.is_closing():
            raise ConnectionResetError("The client disconnected.")
        self._transport.write(b"".join([head(len(text)) + text for text in texts]))
        return not self.writing_paused

    def abort_if_paused(self) -> None:
        """Abort a connection whose client does not read, which would never be closed otherwise."""
        if self.writing_paused:
            self._transport.abort()


class OperationSink:
    """Writes the results of one operation."""

    def __init__(self, writer: FrameWriter, id_: str) -> None:
        self._writer = writer
        self._start = next_start(id_)
        self.is_complete = False
        """Whether the client has completed it: no more results are sent."""
        self.sent = 0
        self.drain = writer.drain

    def send(self, *events: Event) -> bool:
        """Write events; return False if the caller should ``drain`` before sending more."""
        if self.is_complete:
            return True
        self.sent += len(events)
        return self._writer.send(*[self._start + event.payload + b"}" for event in events])
