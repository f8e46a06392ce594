"""The parsed head of a request, and what depends on it alone."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import HttpVersion, HttpVersion10
from aiohttp.http import RawRequestMessage
from multidict import CIMultiDictProxy, MultiMapping
from yarl import URL

from schema.context import Principal

Handler = Callable[[Any], Awaitable[Any]]
"""Takes a ``Request`` and returns a ``Sendable``."""
Route = Callable[["Head"], Handler]
"""Returns the handler of the requests that have a head, or raises ``Fault`` to refuse them."""
FaultWriter = Callable[[Any, Any], Any]
"""Takes a ``Request`` and a ``Fault`` and returns a ``Response``."""


@dataclass(frozen=True)
class Mount:
    """What answers at a path and all paths below it, and in what form it refuses requests."""

    route: Route
    write_fault: FaultWriter


@dataclass(frozen=True)
class KnownPrincipal:
    """The principal of a token, valid in one generation of the authenticator."""

    principal: Principal
    generation: int


class Head:
    """A request's method, target, version and header fields."""

    __slots__ = (
        "handler",
        "headers",
        "is_http_10",
        "keep_alive",
        "message",
        "method",
        "principal",
        "raw_path",
        "url",
        "write_fault",
    )

    def __init__(self, message: RawRequestMessage, url: URL | None = None) -> None:
        self.message = message
        self.method = message.method
        self.raw_path = message.path
        """The target as it was sent, with its query."""
        self.url = message.url if url is None else url
        """The target, relative to the server."""
        self.headers: CIMultiDictProxy[str] = message.headers
        self.keep_alive = not message.should_close
        self.is_http_10 = message.version == HttpVersion10
        self.handler: Handler | None = None
        """The handler of requests that have this head, once it is known."""
        self.write_fault: FaultWriter | None = None
        """What writes refusals of these requests, if it is not the form of GraphQL's errors."""
        self.principal: KnownPrincipal | None = None
        """The principal of its token, when that was last checked."""

    @property
    def path(self) -> str:
        """The target's path, decoded."""
        return self.url.path

    @property
    def query(self) -> MultiMapping[str]:
        """The target's query parameters, decoded."""
        return self.url.query

    @property
    def version(self) -> HttpVersion:
        """The version of HTTP."""
        return self.message.version
