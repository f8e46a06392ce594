"""The head of a request, without its query options."""

import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

import msgspec
from aiohttp import hdrs
from msgspec import Raw, Struct

from gateway.documents.json import encode
from gateway.graph.faults import VERSION, not_found
from gateway.graph.rest.addresses import Address, Resource, address_of, collection_of
from gateway.graph.rest.headers import (
    Preconditions,
    Preferences,
    preconditions_of,
    preferences_of,
)
from gateway.graph.rest.options import NO_OPTIONS, Options
from gateway.graph_json.writing import EntityFormat, Metadata, key_segment
from gateway.http.head import Head
from gateway.http.media_types import JSON
from gateway.http.request import Request
from gateway.http.responses import Response
from schema.context import Context, Scope
from schema.excerpts import excerpt
from schema.resource.operation import StoredOperation

MEDIA_TYPES = {
    Resource.METADATA: "application/xml",
    Resource.CALL_OPERATIONS_COUNT: "text/plain",
    Resource.OPERATIONS_COUNT: "text/plain",
}
"""The media types of resources that are not JSON."""

CACHE_SIZE = 256
_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}")
_ACROSS_CALLS = {Resource.OPERATIONS, Resource.OPERATIONS_DELTA}


class PreparedRequest(Struct, frozen=True):
    """A request that was read: its cost, and the function that executes it."""

    cost: int
    run: Callable[[Context], Awaitable[Response]]


class RequestHeaders(Struct, frozen=True):
    """The parsed header fields of a request, shared by all requests with equal ones."""

    preferences: Preferences
    preconditions: Preconditions
    base_url: str
    """The scheme and host of the gateway's URLs for the client; empty if it sent no valid host."""
    response_headers: dict[str, str]
    """Those of a response in JSON."""


class RequestTarget(Struct, frozen=True):
    """The address and the headers of a request."""

    head: Head
    address: Address
    headers: RequestHeaders

    @property
    def preferences(self) -> Preferences:
        """The client's preferences for the response."""
        return self.headers.preferences

    @property
    def preconditions(self) -> Preconditions:
        """The conditions on the version of the operation."""
        return self.headers.preconditions

    @property
    def root(self) -> str:
        """The URL of the service root, to which the addresses in a response are relative."""
        return self.headers.base_url + self.address.root

    def entity_format(self, select: frozenset[str] | None) -> EntityFormat:
        """Return the format of entities in the response."""
        return EntityFormat(
            self.preferences.metadata, select, self.address.resource in _ACROSS_CALLS
        )

    def context_url(self, select: frozenset[str] | None, suffix: str) -> str | None:
        """Return the context URL of the response (OData's protocol, section 10).

        It is None if the client wants no control information. ``suffix`` is appended to the path
        of the collection.
        """
        if self.preferences.metadata is Metadata.NONE:
            return None
        return _context_url(self.root, self.address.call_id, select, suffix)

    def with_context(self, entity: bytes, select: frozenset[str] | None) -> bytes:
        """Insert the context URL into an entity, unless the client wants none."""
        headers, address = self.headers, self.address
        if headers.preferences.metadata is Metadata.NONE:
            return entity
        context = _entity_context(headers.base_url, address.version, address.call_id, select)
        return context + entity[1:]

    def url_of(self, operation_id: str) -> str:
        """Return the URL of an operation in the collection."""
        return f"{self.root}{self.address.collection}{key_segment(operation_id)}"

    def json(self, payload: dict[str, Any] | Raw) -> Response:
        """Return a response with a value in JSON."""
        return self.response(bytes(payload) if isinstance(payload, Raw) else encode(payload))

    def page(self, payload: dict[str, Any] | Raw) -> Response:
        """Return a response with a page of a collection."""
        response = self.json(payload)
        size = self.preferences.max_page_size
        if size:
            response.headers["Preference-Applied"] = f"odata.maxpagesize={size}"
        return response

    def response(self, body: bytes, status: int = 200) -> Response:
        """Return a response with a body in JSON."""
        return Response(body, status=status, headers=self.headers.response_headers)

    def empty(self) -> Response:
        """Return a response without a body."""
        response = self.response(b"", 204)
        del response.headers["Content-Type"]
        return response

    def check_found(self, operation: StoredOperation | None) -> StoredOperation:
        """Return the operation at the address; raise ``Fault`` if there is none in its call."""
        call_id = self.address.call_id
        if operation is None or (call_id is not None and operation.call_id != call_id):
            raise not_found(
                f"There is no operation with the id {excerpt(self.address.operation_id)}. It may "
                "have been deleted, or be of another call."
            )
        return operation


def read_target(head: Head) -> RequestTarget:
    """Parse the head of a request; raise ``Fault`` for an unknown path or an invalid header."""
    address = address_of(head.raw_path)
    media_type = MEDIA_TYPES.get(address.resource, JSON)
    headers = head.origin.memo.get(media_type)
    if headers is None:
        headers = head.origin.memo[media_type] = _read_headers(head, media_type)
    return RequestTarget(head, address, headers)


def _read_headers(head: Head, media_type: str) -> RequestHeaders:
    preferences = preferences_of(head, media_type)
    headers = {"Content-Type": preferences.content_type, **VERSION}
    return RequestHeaders(preferences, preconditions_of(head), _base_url(head), headers)


def _base_url(head: Head) -> str:
    host = head.headers.get(hdrs.HOST, "")
    if not _HOST.fullmatch(host):
        return ""
    is_secure = head.headers.get(hdrs.X_FORWARDED_PROTO, "").lower() == "https"
    return f"{'https' if is_secure else 'http'}://{host}"


def _context_url(root: str, call_id: str | None, select: frozenset[str] | None, suffix: str) -> str:
    selected = f"({','.join(sorted(select))})" if select else ""
    return f"{root}$metadata#{collection_of(call_id)}{selected}{suffix}"


@lru_cache(CACHE_SIZE)
def _entity_context(
    base_url: str, version: str, call_id: str | None, select: frozenset[str] | None
) -> bytes:
    """Return the beginning of the JSON of an entity, with its context URL."""
    url = _context_url(f"{base_url}{version}/", call_id, select, "/$entity")
    return b'{"@odata.context":%b,' % msgspec.json.encode(url)


Prepare = Callable[[RequestTarget, Options, Request], Awaitable[PreparedRequest]]
"""Reads the query options and the body of a request; raises ``Fault`` if they are invalid."""


class Operation(Struct, frozen=True):
    """An operation on a resource by a method, with its description in OpenAPI.

    ``name`` is its name in logs and metrics. ``request_type`` and ``response_type`` are the types
    of bodies, empty without a body, and ``status`` is the status of a successful response.
    """

    name: str
    summary: str
    prepare: Prepare
    options: frozenset[str] = NO_OPTIONS
    scope: Scope = Scope.READ
    request_type: str = ""
    response_type: str = ""
    status: int = 200
