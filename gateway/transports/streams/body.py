"""The body of a response that goes on: each piece is sent at once, in one write."""

import asyncio

from gateway.http.request import Request

STALLED_SECONDS = 60.0
"""How long a client may take in nothing of what waits for it."""


class Body:
    """The way to one client, which goes on until one of the two ends it."""

    def __init__(self, request: Request) -> None:
        transport = request.connection.transport
        if transport is None:
            raise ConnectionResetError("The client is gone.")
        self._transport = transport
        self._connection = request.connection
        self.chunked = not request.head.is_http_10
        """Whether the client sees the end of the body, or only that of the connection."""

    @property
    def writing_paused(self) -> bool:
        """Whether no more is to be written before ``drain``."""
        return self._connection.writing_paused

    def write(self, data: bytes, head: bytes = b"") -> None:
        """Send a piece, after the response's head if it is the first."""
        if self._transport.is_closing():
            raise ConnectionResetError("The client is gone.")
        chunk = b"%x\r\n%b\r\n" % (len(data), data) if self.chunked and data else data
        self._transport.write(head + chunk)

    def end(self) -> None:
        """Tell the client that this was all."""
        if self.chunked and not self._transport.is_closing():
            self._transport.write(b"0\r\n\r\n")

    def abort(self) -> None:
        """Let go of a client that takes in nothing."""
        self._transport.abort()

    async def drain(self) -> None:
        """Wait until more can be written; raise ``ConnectionError`` when the client is gone."""
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                while self.writing_paused and not self._transport.is_closing():
                    await self._connection.writable()
        except TimeoutError:
            self._transport.abort()
        if self._transport.is_closing():
            raise ConnectionResetError("The client is gone.")
