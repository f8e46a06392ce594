"""The parts of requests and events in single connection mode (graphql-sse's PROTOCOL.md)."""

import msgspec
from aiohttp import hdrs

from gateway.documents.request import GraphQLRequest
from gateway.http.faults import Fault
from gateway.http.head import Head

TOKEN_HEADER = "X-GraphQL-Event-Stream-Token"  # noqa: S105  a header's name
TOKEN_PARAMETER = "token"  # noqa: S105  a parameter's name
MAX_ID_LENGTH = 128
"""In characters: ids are stored, and sent with each event of their operation."""


def token_of_stream(head: Head) -> str | None:
    """Return the token of a stream from a header or, as EventSource sends it, from the URL."""
    token = head.headers.get(TOKEN_HEADER)
    if token is None and "?" in head.raw_path:
        return head.query.get(TOKEN_PARAMETER)
    return token


def is_single_connection(head: Head) -> bool:
    """Return whether a request uses single connection mode."""
    if head.method in {hdrs.METH_PUT, hdrs.METH_DELETE}:
        return True
    is_operation = head.method in {hdrs.METH_GET, hdrs.METH_POST}
    return is_operation and token_of_stream(head) is not None


def operation_id(graphql_request: GraphQLRequest) -> str:
    """Return the client's id of an operation; raise ``Fault`` if it is missing."""
    return check_id((graphql_request.extensions or {}).get("operationId"), "extensions.operationId")


def check_id(id_: object, name: str) -> str:
    """Return an id if it is valid; raise ``Fault`` with its ``name`` otherwise."""
    if not isinstance(id_, str) or not 0 < len(id_) <= MAX_ID_LENGTH:
        raise Fault(
            400,
            f"{name} is missing, or not a text of 1 to {MAX_ID_LENGTH} characters. Give each "
            "operation of a stream an id of its own there.",
        )
    return id_


def next_event(start: bytes, payload: bytes) -> bytes:
    """Encode a result; ``start`` is that of ``next_start``."""
    return b"event: next\ndata: %b%b}\n\n" % (start, payload)


def next_start(id_: str) -> bytes:
    """Encode the start of results' data, before the payload and a closing brace."""
    return b'{"id":%b,"payload":' % msgspec.json.encode(id_)


def complete_event(id_: str) -> bytes:
    """Encode the end of an operation."""
    return b'event: complete\ndata: {"id":%b}\n\n' % msgspec.json.encode(id_)
