"""The head of a request, parsed: what it asks for, and what was decided for all that have it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import HttpVersion, HttpVersion10
from aiohttp.http import RawRequestMessage
from multidict import CIMultiDictProxy, MultiMapping
from yarl import URL

from schema.context import Principal

Handler = Callable[[Any], Awaitable[Any]]
"""Answers requests: takes a ``Request`` and returns a ``Sendable``."""
Route = Callable[["Head"], Handler]
"""Decides by a head what answers the requests that have it, or raises ``Fault`` to refuse them."""
FaultWriter = Callable[[Any, Any], Any]
"""Writes a refusal: takes a ``Request`` and a ``Fault`` and returns a ``Response``."""


@dataclass(frozen=True)
class Mount:
    """What answers at a path and all paths below it, and in what form it refuses requests."""

    route: Route
    write_fault: FaultWriter


@dataclass(frozen=True)
class KnownPrincipal:
    """Whose a token was found to be, in a generation of the authenticator's."""

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
        """What answers requests that have this head, once that is decided."""
        self.write_fault: FaultWriter | None = None
        """What writes refusals of these requests, if it is not the form of GraphQL's errors."""
        self.principal: KnownPrincipal | None = None
        """Whose the token in it was when it was last looked at."""

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
