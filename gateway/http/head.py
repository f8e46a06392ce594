"""The parsed head of a request, and what depends on it alone."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import HttpVersion, HttpVersion10
from aiohttp.http import RawRequestMessage
from multidict import CIMultiDictProxy, MultiMapping
from yarl import URL

from schema.context import Principal

GRAPHQL_PATH = "/graphql"
"""The path of the GraphQL endpoint."""

Handler = Callable[[Any], Awaitable[Any]]
"""Takes a ``Request`` and returns a ``Sendable``."""
Route = Callable[["Head"], Handler]
"""Returns the handler of the requests that have a head, or raises ``Fault`` to refuse them."""
FaultWriter = Callable[[Any, Any], Any]
"""Takes a ``Request`` and a ``Fault`` and returns a ``Response``."""
EarlyFaultWriter = Callable[[Any], Any]
"""Takes the ``Fault`` of a request that was not read, and returns a ``Response``."""


@dataclass(frozen=True)
class Mount:
    """The route of a path and all paths below it, and the format of its errors."""

    route: Route
    write_fault: FaultWriter
    write_early_fault: EarlyFaultWriter


@dataclass(frozen=True)
class KnownPrincipal:
    """The principal of a token, valid in one generation of the authenticator."""

    principal: Principal
    generation: int


class Head:
    """A request's method, target, version and header fields."""

    __slots__ = (
        "_message",
        "_url",
        "handler",
        "headers",
        "is_gated",
        "is_http_10",
        "keep_alive",
        "memo",
        "method",
        "origin",
        "principal",
        "raw_path",
        "route",
        "version",
        "write_fault",
    )

    def __init__(self, message: RawRequestMessage, url: URL | None = None) -> None:
        self._message: RawRequestMessage | None = message
        self._url: URL | None = message.url if url is None else url
        self.origin: Head = self
        """The head with which this one shares its fields, and what is derived from them."""
        self.method = message.method
        self.raw_path = message.path
        """The target as it was sent, with its query."""
        self.headers: CIMultiDictProxy[str] = message.headers
        self.keep_alive = not message.should_close
        self.version: HttpVersion = message.version
        self.is_http_10 = message.version == HttpVersion10
        self.memo: dict[str, Any] = {}
        """Values derived from its fields, by the names of their users."""
        self.handler: Handler | None = None
        """The handler of requests that have this head, once it was found."""
        self.route: Route | None = None
        """The route of requests whose heads have this one as their origin.

        It is set once their fields have passed the checks of every request.
        """
        self.is_gated = False
        """Whether these requests are subject to admission control; set with ``route``."""
        self.write_fault: FaultWriter | None = None
        """Writes errors of these requests; None for the format of GraphQL."""
        self.principal: KnownPrincipal | None = None
        """The principal of its token, when it was last verified."""

    def at(self, target: str) -> "Head":
        """Return the head of a request for another target, all else being equal.

        The target is in origin form, and has the same mount.
        """
        head = Head.__new__(Head)
        head._message = head._url = None  # noqa: SLF001  its own
        head.origin = self.origin
        head.method = self.method
        head.raw_path = target
        head.headers = self.headers
        head.keep_alive = self.keep_alive
        head.version = self.version
        head.is_http_10 = self.is_http_10
        head.handler = None
        return head

    @property
    def message(self) -> RawRequestMessage:
        """The head as aiohttp's parser has it."""
        if self._message is None:
            self._message = self.origin.message._replace(path=self.raw_path, url=self.url)
        return self._message

    @property
    def url(self) -> URL:
        """The target, relative to the server."""
        if self._url is None:
            path, _, query = self.raw_path.partition("?")
            self._url = URL.build(path=path, query_string=query, encoded=True)
        return self._url

    @property
    def encoded_path(self) -> str:
        """The target's path as it was sent."""
        return self.raw_path.partition("?")[0] if self._url is None else self._url.raw_path

    @property
    def path(self) -> str:
        """The target's path, decoded."""
        return self.url.path

    @property
    def query(self) -> MultiMapping[str]:
        """The target's query parameters, decoded."""
        return self.url.query
