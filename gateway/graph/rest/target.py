"""A request, as far as it is read before its query options and its body."""

import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

import msgspec
from aiohttp import hdrs
from msgspec import Raw, Struct

from gateway.documents.json import encode
from gateway.graph.faults import VERSION, not_found
from gateway.graph.rest.addresses import Address, Resource, address_of
from gateway.graph.rest.headers import (
    Preconditions,
    Preferences,
    preconditions_of,
    preferences_of,
)
from gateway.graph.rest.options import NONE, Options
from gateway.graph_json.writing import Form, Metadata, key_segment
from gateway.http.head import Head
from gateway.http.media_types import JSON
from gateway.http.request import Request
from gateway.http.responses import Response
from schema.context import Context, Scope
from schema.excerpts import excerpt
from schema.resource.operation import StoredOperation

OTHER_TYPES = {
    Resource.METADATA: "application/xml",
    Resource.CALL_OPERATIONS_COUNT: "text/plain",
    Resource.OPERATIONS_COUNT: "text/plain",
}
"""The media types of what is not JSON."""

REMEMBERED = 256
_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}")
_ACROSS_CALLS = {Resource.OPERATIONS, Resource.OPERATIONS_DELTA}


class Work(Struct, frozen=True):
    """What a request comes to once it is read: its cost, and the doing."""

    cost: int
    run: Callable[[Context], Awaitable[Response]]


class Fields(Struct, frozen=True):
    """What the header fields of a request ask for: found out once for all that have the same."""

    preferences: Preferences
    preconditions: Preconditions
    server: str
    """How the gateway's URLs begin as the client has them; empty if that is unclear."""
    headers: dict[str, str]
    """Those of an answer in JSON."""


class RequestTarget(Struct, frozen=True):
    """What the head of a request asks for."""

    head: Head
    address: Address
    fields: Fields

    @property
    def preferences(self) -> Preferences:
        """How the client wants its answer."""
        return self.fields.preferences

    @property
    def preconditions(self) -> Preconditions:
        """Which versions of an operation the request is for."""
        return self.fields.preconditions

    @property
    def root(self) -> str:
        """The URL of the service, to which the addresses in an answer are relative."""
        return self.fields.server + self.address.root

    def form(self, select: frozenset[str] | None) -> Form:
        """Return how entities are written."""
        return Form(self.preferences.metadata, select, self.address.resource in _ACROSS_CALLS)

    def context_url(self, select: frozenset[str] | None, suffix: str) -> str | None:
        """Return the address of what describes the answer, if the client wants control information.

        The suffix says what of the collection is answered (OData's protocol, section 10).
        """
        if self.preferences.metadata is Metadata.NONE:
            return None
        selected = f"({','.join(sorted(select))})" if select else ""
        return f"{self.root}$metadata#{self.address.collection}{selected}{suffix}"

    def with_context(self, entity: bytes, select: frozenset[str] | None) -> bytes:
        """Put the address of what describes an entity into the entity, if the client wants it."""
        url = self.context_url(select, "/$entity")
        return entity if url is None else _context_member(url) + entity[1:]

    def url_of(self, operation_id: str) -> str:
        """Return the URL of an operation in the collection."""
        return f"{self.root}{self.address.collection}{key_segment(operation_id)}"

    def json(self, payload: dict[str, Any] | Raw) -> Response:
        """Answer in JSON."""
        return self.response(bytes(payload) if isinstance(payload, Raw) else encode(payload))

    def response(self, body: bytes, status: int = 200) -> Response:
        """Answer with a body that is JSON already."""
        return Response(body, status=status, headers=self.fields.headers)

    def empty(self) -> Response:
        """Answer with headers alone."""
        response = self.response(b"", 204)
        del response.headers["Content-Type"]
        return response

    def found(self, operation: StoredOperation | None) -> StoredOperation:
        """Return the operation at the address; raise ``Fault`` if there is none in its call."""
        call_id = self.address.call_id
        if operation is None or (call_id is not None and operation.call_id != call_id):
            raise not_found(
                f"There is no operation with the id {excerpt(self.address.operation_id)} here. It "
                "may have been deleted, or be of another call."
            )
        return operation


def read_target(head: Head) -> RequestTarget:
    """Read a head; raise ``Fault`` for a path that names nothing or a header without sense."""
    path = head.raw_path.partition("?")[0].partition("#")[0]
    address = address_of(path)
    media_type = OTHER_TYPES.get(address.resource, JSON)
    fields = head.origin.memo.get(media_type)
    if fields is None:
        fields = head.origin.memo[media_type] = _fields_of(head, media_type)
    return RequestTarget(head, address, fields)


def _fields_of(head: Head, media_type: str) -> Fields:
    preferences = preferences_of(head, media_type)
    headers = {"Content-Type": preferences.content_type, **VERSION}
    if preferences.applied:
        headers["Preference-Applied"] = preferences.applied
    return Fields(preferences, preconditions_of(head), _server(head), headers)


def _server(head: Head) -> str:
    host = head.headers.get(hdrs.HOST, "")
    if not _HOST.fullmatch(host):
        return ""
    is_secure = head.headers.get(hdrs.X_FORWARDED_PROTO, "").lower() == "https"
    return f"{'https' if is_secure else 'http'}://{host}"


@lru_cache(REMEMBERED)
def _context_member(url: str) -> bytes:
    return b'{"@odata.context":%b,' % msgspec.json.encode(url)


Prepare = Callable[[RequestTarget, Options, Request], Awaitable[Work]]
"""Reads the rest of a request; raises ``Fault`` for what it must not ask for."""


class Operation(Struct, frozen=True):
    """What a method does at a resource, as it is done and as it is described.

    ``name`` is what logs and metrics call requests for it. ``takes`` and ``gives`` name the types
    of bodies, and ``status`` is that of a success.
    """

    name: str
    summary: str
    prepare: Prepare
    options: frozenset[str] = NONE
    scope: Scope = Scope.READ
    takes: str = ""
    gives: str = ""
    status: int = 200
