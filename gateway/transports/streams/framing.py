"""How the events of a subscription are told apart in the body of a response.

Server-sent events as GraphQL over SSE has them, in its mode of distinct connections (graphql-sse's
PROTOCOL.md), and the parts that Apollo's clients read (Apollo's multipart protocol for
subscriptions). When the gateway stops, or a token expires, a subscription is cut off and not
completed: its client is to come back, and to go on from where it was.
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
    """A way to write events: what comes first, each event, and what may come last."""

    transport: Transport
    content_type: str
    start: Callable[[Position | None], bytes]
    event: Callable[[Event], bytes]
    heartbeat: Callable[[Position | None], bytes]
    """What breaks a silence, with the position to go on from, if there is one."""
    completed: bytes
    """Nothing more will come of the subscription."""
    cut_off: Callable[[RequestError], bytes]
    """More would come, but not from here, or not to this client."""


def _server_sent(event: Event) -> bytes:
    """Write an event in lines that end in LF, which some clients split on alone."""
    position = f"id: {event.cursor}\n" if event.cursor else ""
    return b"%bevent: next\ndata: %b\n\n" % (position.encode(), event.payload)


def _server_sent_place(position: Position | None) -> bytes:
    """Write a comment or, which is no event either, an id: a client that is cut off names it."""
    return f"id: {position.cursor()}\n\n".encode() if position else b":\n\n"


SERVER_SENT_EVENTS = Framing(
    transport="sse",
    content_type=f"{EVENT_STREAM}; charset=utf-8",
    start=_server_sent_place,
    event=_server_sent,
    heartbeat=_server_sent_place,
    completed=b"event: complete\ndata:\n\n",
    cut_off=lambda _reason: b"",
)

_BOUNDARY = b"\r\n--graphql"


def _part(json: bytes) -> bytes:
    """Write a part with the boundary after it: it is read as soon as that has come."""
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
    cut_off=_last_part,
)

FRAMINGS = {EVENT_STREAM: SERVER_SENT_EVENTS, APOLLO_MULTIPART: MULTIPART}
"""By the media types that are asked for."""
