"""A request, and what it needs of its connection."""

import asyncio
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol, cast

from aiohttp import HttpVersion, hdrs, web
from aiohttp.http import RawRequestMessage
from multidict import CIMultiDictProxy, MultiMapping

from gateway.http.head import Head
from gateway.http.observing import Observation
from schema.context import Principal

if TYPE_CHECKING:
    from aiohttp.http import StreamWriter

    from gateway.store.read_sessions import ReadSession


class ClientConnection(Protocol):
    """The part of a connection that a request's handler uses."""

    is_spare: bool
    """Whether it exceeds the limit of connections, so that only health checks are answered."""
    transport: asyncio.Transport | None
    """None once it is closed."""

    @property
    def writing_paused(self) -> bool:
        """Whether the client has to read before more is written."""

    async def writable(self) -> None:
        """Wait until more can be written."""

    async def drained(self) -> None:
        """Wait until the client has read most of the response; abort if it does not in time."""

    def awaiting_body(self) -> AbstractContextManager[None]:
        """Release the request's admission while its body arrives."""

    def base_request(self, message: RawRequestMessage, body: bytes) -> web.BaseRequest:
        """Make aiohttp's request object for a request that aiohttp did not parse."""

    def close(self) -> None:
        """Close it after the response."""


class Request:
    """A request whose head has been received.

    Its body is given, or is read from aiohttp's request, ``base``.
    """

    __slots__ = (
        "_base",
        "_body",
        "connection",
        "head",
        "is_admitted",
        "observation",
        "principal",
        "reads",
    )

    observation: Observation
    """What is recorded for logs, metrics and traces."""
    principal: Principal
    """The client, once it is authenticated."""

    def __init__(
        self,
        head: Head,
        connection: ClientConnection,
        *,
        body: bytes = b"",
        base: web.BaseRequest | None = None,
        is_admitted: bool = False,
    ) -> None:
        self.head = head
        self.connection = connection
        self.is_admitted = is_admitted
        """Whether admission control has admitted it."""
        self.reads: ReadSession | None = None
        """Its reads, once they have begun, where there are standbys."""
        self._body = body
        self._base = base

    @property
    def base(self) -> web.BaseRequest:
        """The request as aiohttp's, made when it is first used."""
        if self._base is None:
            self._base = self.connection.base_request(self.head.message, self._body)
        return self._base

    @property
    def whole_body(self) -> bytes | None:
        """The body, if all of it has been received and it has not been read."""
        if self._base is None:
            return self._body
        content = self._base.content
        return content.read_nowait() if content.is_eof() else None

    async def read(self) -> bytes:
        """Read the body; raise ``web.HTTPRequestEntityTooLarge``."""
        if hdrs.EXPECT in self.headers:  # the client waits before it sends it (RFC 9110, 10.1.1)
            await cast("StreamWriter", self.base.writer).write(
                b"HTTP/1.1 100 Continue\r\n\r\n", drain=False
            )
            self.base.writer.output_size = 0
        return await self.base.read()

    @property
    def method(self) -> str:
        """The method."""
        return self.head.method

    @property
    def raw_path(self) -> str:
        """The target as it was sent, with its query."""
        return self.head.raw_path

    @property
    def path(self) -> str:
        """The target's path, decoded."""
        return self.head.path

    @property
    def query(self) -> MultiMapping[str]:
        """The target's query parameters, decoded."""
        return self.head.query

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The header fields."""
        return self.head.headers

    @property
    def version(self) -> HttpVersion:
        """The version of HTTP."""
        return self.head.version
