"""The framing of events in the body of a response.

Server-sent events by the GraphQL over SSE protocol in its distinct connections mode (graphql-sse's
PROTOCOL.md), and multipart by Apollo's protocol for subscriptions. If the gateway stops, or a token
expires, a subscription is aborted and not completed: the client should connect again and resume.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.documents.json import encode
from gateway.execution.subscription import Event
from gateway.http.media_types import APOLLO_MULTIPART, EVENT_STREAM
from gateway.http.observing import Transport
from schema.errors import RequestError
from schema.paging import Position


@dataclass(frozen=True)
class Framing:
    """Functions that encode the parts of a body: its start, each event, and its end."""

    transport: Transport
    content_type: str
    start: Callable[[Position | None], bytes]
    event: Callable[[Event], bytes]
    heartbeat: Callable[[Position | None], bytes]
    """Sent if nothing else was for a while, with the position to resume after."""
    completed: bytes
    """The end of a subscription."""
    aborted: Callable[[RequestError], bytes]
    """The end of a response whose subscription has not ended."""


def _server_sent(event: Event) -> bytes:
    """Encode an event. Lines end in LF: some clients do not accept CRLF."""
    position = f"id: {event.cursor}\n" if event.cursor else ""
    return b"%bevent: next\ndata: %b\n\n" % (position.encode(), event.payload)


def _server_sent_position(position: Position | None) -> bytes:
    """Encode a comment or, for Last-Event-ID, an id without an event."""
    return f"id: {position.cursor()}\n\n".encode() if position else b":\n\n"


SERVER_SENT_EVENTS = Framing(
    transport="sse",
    content_type=f"{EVENT_STREAM}; charset=utf-8",
    start=_server_sent_position,
    event=_server_sent,
    heartbeat=_server_sent_position,
    completed=b"event: complete\ndata:\n\n",
    aborted=lambda _reason: b"",
)

_BOUNDARY = b"\r\n--graphql"


def _part(json: bytes) -> bytes:
    """Encode a part, and the boundary after it: clients wait for that."""
    return b"\r\nContent-Type: application/json\r\n\r\n%b%b" % (json, _BOUNDARY)


def _last_part(reason: RequestError) -> bytes:
    error = {"message": reason.message, "extensions": reason.extensions}
    return _part(encode({"payload": None, "errors": [error]})) + b"--\r\n"


MULTIPART = Framing(
    transport="multipart",
    content_type='multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"',
    start=lambda _: _BOUNDARY,
    event=lambda event: _part(b'{"payload":%b}' % event.payload),
    heartbeat=lambda _: _part(b"{}"),
    completed=b"--\r\n",
    aborted=_last_part,
)

FRAMINGS = {EVENT_STREAM: SERVER_SENT_EVENTS, APOLLO_MULTIPART: MULTIPART}
"""Framings by their media types."""
