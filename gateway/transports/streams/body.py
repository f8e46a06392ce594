"""The body of a streaming response: each chunk is sent at once, in one write."""

import asyncio

from gateway.http.request import Request

STALL_TIMEOUT_SECONDS = 60.0
"""How long a client may read nothing before its connection is aborted."""


class Body:
    """Writes the body of one response."""

    def __init__(self, request: Request) -> None:
        transport = request.connection.transport
        if transport is None:
            raise ConnectionResetError("The client disconnected.")
        self._transport = transport
        self._connection = request.connection
        self.chunked = not request.head.is_http_10
        """Whether the body is chunked; otherwise it ends with the connection."""

    @property
    def writing_paused(self) -> bool:
        """Whether to ``drain`` before writing more."""
        return self._connection.writing_paused

    def write(self, data: bytes, head: bytes = b"") -> None:
        """Write a chunk, after the head of the response if it is the first."""
        if self._transport.is_closing():
            raise ConnectionResetError("The client disconnected.")
        chunk = b"%x\r\n%b\r\n" % (len(data), data) if self.chunked and data else data
        self._transport.write(head + chunk)

    def end(self) -> None:
        """Write the end of the body."""
        if self.chunked and not self._transport.is_closing():
            self._transport.write(b"0\r\n\r\n")

    def abort(self) -> None:
        """Abort the connection."""
        self._transport.abort()

    async def drain(self) -> None:
        """Wait until more can be written; raise ``ConnectionError`` if the client disconnected."""
        try:
            async with asyncio.timeout(STALL_TIMEOUT_SECONDS):
                while self.writing_paused and not self._transport.is_closing():
                    await self._connection.writable()
        except TimeoutError:
            self._transport.abort()
        if self._transport.is_closing():
            raise ConnectionResetError("The client disconnected.")
