"""Responses in the form that aiohttp's protocol sends, for requests that aiohttp parsed."""

from typing import TYPE_CHECKING, cast

from aiohttp import web

from gateway.http.head import Head
from gateway.http.request import ClientConnection
from gateway.http.responses import Response

if TYPE_CHECKING:
    from aiohttp.http import StreamWriter


class AiohttpResponse:
    """A response to a request that aiohttp parsed."""

    def __init__(
        self, response: Response, connection: ClientConnection, head: Head | None = None
    ) -> None:
        self._response = response
        self._connection = connection
        self._head = head
        self.keep_alive = response.keep_alive and head is not None and head.keep_alive

    async def prepare(self, request: web.BaseRequest) -> None:
        """Send it, and wait until the client has read most of it."""
        whole = self._response.encode(self._head)
        await cast("StreamWriter", request.writer).write(whole, drain=False)
        if self._connection.writing_paused:
            await self._connection.drained()

    async def write_eof(self) -> None:
        """Do nothing: ``prepare`` has sent it all."""
