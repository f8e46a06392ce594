"""Complete responses, sent with head and body in one write."""

import asyncio
from collections.abc import Mapping, MutableMapping
from email.utils import formatdate
from functools import lru_cache, partial
from http import HTTPStatus
from time import time
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web
from isal import igzip

from gateway.documents.json import encode
from gateway.http.head import Head
from gateway.http.media_types import JSON

if TYPE_CHECKING:
    from gateway.http.request import Request

MIN_COMPRESSED_BYTES = 1_024
"""Shorter bodies are not compressed."""
# A page becomes as small as by zlib's first level, for a fifth of the time.
COMPRESSION_LEVEL = 1
LARGE_BODY = 262_144
"""Longer bodies are compressed in a thread, so that the event loop is not blocked."""

ALWAYS = {
    "Server": "invite-gateway",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""The headers of every response."""

CONTENT_SECURITY_POLICY = "Content-Security-Policy"
_NO_PAGE = "default-src 'none'; frame-ancestors 'none'"
"""For everything but pages: nothing is loaded, and it cannot be framed."""

_NO_HEADERS: Mapping[str, str] = {}


def _fields(headers: Mapping[str, str]) -> str:
    fields = ""  # mostly two or three, for which this is faster than joining a list
    for name, value in headers.items():
        fields += f"{name}: {value}\r\n"
    return fields


_WITHOUT_LENGTH = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
_FIRST_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n{_fields(ALWAYS)}"
    for status in HTTPStatus
}


class Response:
    """A status, headers and a body, sent in one write.

    Header values are the gateway's words, or a client's of which each character was checked.
    """

    __slots__ = ("body", "headers", "keep_alive", "own_headers", "request_id", "status")

    def __init__(
        self, body: bytes = b"", *, status: int = 200, headers: Mapping[str, str] = _NO_HEADERS
    ) -> None:
        self.body = body
        self.status = status
        self.headers = {**headers}
        self.own_headers: Mapping[str, str] = _NO_HEADERS
        """Those that few other responses have: the others are written once for all alike."""
        self.keep_alive = True
        self.request_id = ""

    def force_close(self) -> None:
        """Close the connection after it."""
        self.keep_alive = False

    async def compress(self) -> None:
        """Compress the body with gzip."""
        self.body = await _compressed(self.body)
        self.headers["Content-Encoding"] = "gzip"

    def encode(self, head: Head | None = None) -> bytes:
        """Return all of its bytes, for a request with this head or, without one, of HTTP/1.1."""
        keep_alive = self.keep_alive and (head is None or head.keep_alive)
        first = encode_head(self.status, self.headers, head, keep_alive=keep_alive)
        own = f"X-Request-Id: {self.request_id}\r\n" if self.request_id else ""
        own += _fields(self.own_headers)
        if self.status not in _WITHOUT_LENGTH:
            own += f"Content-Length: {len(self.body)}\r\n"
        body = b"" if head is not None and head.method == "HEAD" else self.body
        return b"%b%b\r\n%b" % (first, own.encode(), body)


class StreamedResponse(Protocol):
    """A response that is sent in parts: it has headers, and then is run."""

    headers: dict[str, str]
    keep_alive: bool
    status: int

    def force_close(self) -> None:
        """Close the connection after it."""

    async def run(self, request: "Request") -> None:
        """Send it from start to end."""


Sendable = Response | web.StreamResponse | StreamedResponse


def encode_head(
    status: int, headers: Mapping[str, str], head: Head | None, *, keep_alive: bool
) -> bytes:
    """Return the bytes before the length of the body, for a request with this head."""
    if not keep_alive:
        connection = "close"
    else:
        connection = "keep-alive" if head is not None and head.is_http_10 else ""
    return _encoded_head(int(time()), status, tuple(headers.items()), connection)


@lru_cache(64)
def _encoded_head(
    second: int, status: int, headers: tuple[tuple[str, str], ...], connection: str
) -> bytes:
    """Return the bytes of a head, cached for the second that its Date is valid."""
    fields = dict(headers)
    if CONTENT_SECURITY_POLICY not in fields:
        fields[CONTENT_SECURITY_POLICY] = _NO_PAGE
    if connection:
        fields["Connection"] = connection
    date = formatdate(second, usegmt=True)
    return f"{_FIRST_LINES[status]}Date: {date}\r\n{_fields(fields)}".encode()


async def _compressed(body: bytes) -> bytes:
    compress = partial(igzip.compress, body, COMPRESSION_LEVEL, mtime=0)
    return await asyncio.to_thread(compress) if len(body) > LARGE_BODY else compress()


def vary(headers: MutableMapping[str, str], name: str) -> None:
    """Add a request header to ``Vary``."""
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
