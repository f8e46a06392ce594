"""The parts of requests and events in single connection mode (graphql-sse's PROTOCOL.md)."""

import msgspec
from aiohttp import hdrs

from gateway.documents.request import GraphQLRequest
from gateway.http.faults import Fault
from gateway.http.head import Head

TOKEN_HEADER = "X-GraphQL-Event-Stream-Token"  # noqa: S105  a header's name
TOKEN_PARAMETER = "token"  # noqa: S105  a parameter's name
MAX_ID_LENGTH = 128
"""In characters: ids are kept, and repeated in all that concerns their operations."""


def token_of_stream(head: Head) -> str | None:
    """Return the token that a request gives in a header, or in its URL as EventSource has to."""
    token = head.headers.get(TOKEN_HEADER)
    if token is None and "?" in head.raw_path:
        return head.query.get(TOKEN_PARAMETER)
    return token


def is_single_connection(head: Head) -> bool:
    """Return whether a request is one of single connection mode."""
    if head.method in {hdrs.METH_PUT, hdrs.METH_DELETE}:
        return True
    is_operation = head.method in {hdrs.METH_GET, hdrs.METH_POST}
    return is_operation and token_of_stream(head) is not None


def operation_id(wanted: GraphQLRequest) -> str:
    """Return the id that a client gives an operation; raise ``Fault`` if it gives none."""
    return checked_id((wanted.extensions or {}).get("operationId"), "extensions.operationId")


def checked_id(id_: object, name: str) -> str:
    """Return an id if it is one; raise ``Fault`` that calls it ``name`` if not."""
    if not isinstance(id_, str) or not 0 < len(id_) <= MAX_ID_LENGTH:
        raise Fault(
            400,
            f"{name} is missing, or not a text of 1 to {MAX_ID_LENGTH} characters. Give each "
            "operation of a stream an id of its own there.",
        )
    return id_


def next_event(start: bytes, payload: bytes) -> bytes:
    """Write a result of an operation, whose id ``start`` has."""
    return b"event: next\ndata: %b%b}\n\n" % (start, payload)


def next_start(id_: str) -> bytes:
    """Begin the data of an operation's results; the payload follows, and a brace."""
    return b'{"id":%b,"payload":' % msgspec.json.encode(id_)


def complete_event(id_: str) -> bytes:
    """Say that nothing more comes of an operation."""
    return b'event: complete\ndata: {"id":%b}\n\n' % msgspec.json.encode(id_)
