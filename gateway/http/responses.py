"""Responses that are whole before they are sent: head and body go out as bytes joined once."""

import asyncio
from collections.abc import Mapping, MutableMapping
from email.utils import formatdate
from functools import lru_cache, partial
from http import HTTPStatus
from time import time
from typing import TYPE_CHECKING, Any, cast

from aiohttp import HttpVersion10
from isal import igzip

from gateway.execution.json import encode
from gateway.http.media_types import JSON, accepts_gzip
from gateway.http.request import Request

if TYPE_CHECKING:
    from aiohttp.http import StreamWriter

    from gateway.http.connection import Connection

MIN_COMPRESSED_BYTES = 1_024
# A page becomes as small as by zlib's first level, for a fifth of the time.
COMPRESSION_LEVEL = 1
LARGE_BODY = 262_144
"""In bytes: from here on compressing takes so long that the loop must not wait for it."""

ALWAYS = {
    "Server": "invite-gateway",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""The headers of every response."""

CONTENT_SECURITY_POLICY = "Content-Security-Policy"
_NO_PAGE = f"{CONTENT_SECURITY_POLICY}: default-src 'none'; frame-ancestors 'none'\r\n"
"""What is no page may load nothing, and stand in none."""

_NO_HEADERS: Mapping[str, str] = {}


def _fields(headers: Mapping[str, str]) -> str:
    return "".join([f"{name}: {value}\r\n" for name, value in headers.items()])


_WITHOUT_LENGTH = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
_FIRST_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n{_fields(ALWAYS)}"
    for status in HTTPStatus
}


class Response:
    """A status, headers and a body, sent in one write.

    It has what aiohttp's protocol asks of a response without what aiohttp's own costs: two fifths
    of the time of a short answer. Header values are the gateway's words, never a client's.
    """

    __slots__ = ("body", "headers", "keep_alive", "status")

    def __init__(
        self, body: bytes = b"", *, status: int = 200, headers: Mapping[str, str] = _NO_HEADERS
    ) -> None:
        self.body = body
        self.status = status
        self.headers = {**headers}
        self.keep_alive = True

    def force_close(self) -> None:
        """Make it the connection's last."""
        self.keep_alive = False

    async def compress(self, accept_encoding: str) -> None:
        """Compress the body, if it is long enough for that to pay and the client can take it."""
        if len(self.body) <= MIN_COMPRESSED_BYTES:
            return
        vary(self.headers, "Accept-Encoding")
        if accepts_gzip(accept_encoding):
            self.body = await _compressed(self.body)
            self.headers["Content-Encoding"] = "gzip"

    async def prepare(self, request: Request) -> None:
        """Send it, and wait until the client has taken most of it."""
        self.keep_alive = self.keep_alive and bool(request.keep_alive)
        if self.status not in _WITHOUT_LENGTH:
            self.headers["Content-Length"] = str(len(self.body))
        first = head(self.status, self.headers, request, keep_alive=self.keep_alive)
        whole = first if request.method == "HEAD" else first + self.body
        await cast("StreamWriter", request.writer).write(whole, drain=False)
        connection = cast("Connection", request.protocol)
        if connection.writing_paused:
            await connection.drained()

    async def write_eof(self) -> None:
        """Do nothing: all of it is sent."""


def head(status: int, headers: Mapping[str, str], request: Request, *, keep_alive: bool) -> bytes:
    """Write all that comes before a body; ``headers`` say how long that is."""
    if not keep_alive:
        return _head(status, headers, "Connection: close\r\n")
    old = request.version == HttpVersion10
    return _head(status, headers, "Connection: keep-alive\r\n" if old else "")


def written(response: Response, *, keep_alive: bool) -> bytes:
    """Write all of a response to a request that nobody has parsed."""
    headers = {**response.headers, "Content-Length": str(len(response.body))}
    last = "" if keep_alive else "Connection: close\r\n"
    return _head(response.status, headers, last) + response.body


def _head(status: int, headers: Mapping[str, str], last: str) -> bytes:
    fields = _date(int(time())) + _fields(headers)
    if CONTENT_SECURITY_POLICY not in headers:
        fields += _NO_PAGE
    return f"{_FIRST_LINES[status]}{fields}{last}\r\n".encode()


async def _compressed(body: bytes) -> bytes:
    compress = partial(igzip.compress, body, COMPRESSION_LEVEL, mtime=0)
    return await asyncio.to_thread(compress) if len(body) > LARGE_BODY else compress()


@lru_cache(1)
def _date(second: int) -> str:
    return f"Date: {formatdate(second, usegmt=True)}\r\n"


def vary(headers: MutableMapping[str, str], name: str) -> None:
    """Say that a response would be another with another value of this request header."""
    varies = headers.get("Vary", "")
    if name not in varies:
        headers["Vary"] = f"{varies}, {name}" if varies else name


def json_response(
    payload: dict[str, Any] | list[dict[str, Any]],
    *,
    status: int = 200,
    content_type: str = JSON,
    headers: Mapping[str, str] = _NO_HEADERS,
) -> Response:
    """Make a response in UTF-8 JSON."""
    return Response(
        encode(payload),
        status=status,
        headers={"Content-Type": f"{content_type}; charset=utf-8", **headers},
    )
