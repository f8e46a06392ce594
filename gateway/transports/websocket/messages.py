"""The messages of the graphql-transport-ws protocol (graphql-ws's PROTOCOL.md).

Browsers cannot send headers, so a token may be in the payload of ``connection_init``, and a new one
in that of a ``ping``; so may what other requests have in ``Change-Cursor``.
"""

from collections.abc import Iterator
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Raw

from gateway.documents.request import GraphQLRequest
from gateway.http.authentication import CHANGE_CURSOR
from gateway.http.faults import Fault
from gateway.transports.parameters import parse_parameters
from schema.errors import ErrorCode
from schema.paging import Position

SUBPROTOCOL = "graphql-transport-ws"
MAX_REASON_BYTES = 123
"""The maximum length of a close reason (RFC 6455, section 5.5)."""
MAX_ID_LENGTH = 128
"""In characters: ids are stored, and sent with each message on their operation."""

NO_PAYLOAD = Raw(b"null")

Type = Literal["connection_init", "subscribe", "complete", "ping", "pong"]


class ConnectionClose(Exception):
    """Raised to close a connection, with a close code and a reason.

    ``error`` is the error code of an HTTP request that is refused for the same reason.
    """

    def __init__(self, code: int, reason: str, *, error: ErrorCode | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.error = error
        self.reason = _truncate(reason)


def _truncate(reason: str) -> str:
    encoded = reason.encode()
    if len(encoded) <= MAX_REASON_BYTES:
        return reason
    return encoded[: MAX_REASON_BYTES - len("…".encode())].decode(errors="ignore") + "…"


class Message(msgspec.Struct, frozen=True):
    """A message from a client."""

    type: Type
    id: Annotated[str, Meta(max_length=MAX_ID_LENGTH)] = ""
    payload: Raw = NO_PAYLOAD

    def request(self) -> GraphQLRequest:
        """Return the request in the payload of a ``subscribe``; raise ``ConnectionClose``."""
        try:
            return parse_parameters(bytes(self.payload), "The payload")
        except Fault as fault:
            raise invalid_message(fault.message) from None


_decode = msgspec.json.Decoder(Message).decode


def invalid_message(why: str) -> ConnectionClose:
    """Return the close for an invalid message."""
    return ConnectionClose(4400, f"Invalid message: {why}")


def decode_message(text: bytes) -> Message:
    """Decode a message; raise ``ConnectionClose`` if it is invalid."""
    try:
        text.isascii() or text.decode()
        message = _decode(text)
        has_invalid_payload = message.type != "subscribe" and not isinstance(
            msgspec.json.decode(message.payload), dict | None
        )
    except UnicodeDecodeError:
        raise invalid_message("It is not UTF-8.") from None
    except RecursionError:
        raise invalid_message("It is nested too deeply.") from None
    except msgspec.ValidationError as error:
        raise invalid_message(_reason(str(error))) from None
    except (msgspec.DecodeError, ValueError):
        raise invalid_message("It is not valid JSON.") from None
    if has_invalid_payload:
        raise invalid_message("'payload' is not an object.")
    if message.type in {"subscribe", "complete"} and not message.id:
        raise invalid_message(f"'{message.type}' needs an 'id', a string that is not empty.")
    return message


def _reason(error: str) -> str:
    """Return a message for a validation error, without msgspec's names of types."""
    if "`id`" in error or error.endswith("`$.id`"):
        return f"'id' is not a string of at most {MAX_ID_LENGTH} characters."
    if "`type`" in error or error.endswith("`$.type`"):
        return f"'type' is not one of {', '.join(get_args(Type))}."
    return "It is not an object."


def authorization(payload: Raw) -> str | None:
    """Return the value of ``authorization`` in a payload, or in its ``headers``."""
    values = _headers(payload, "authorization")
    return next((value for value in values if isinstance(value, str)), None)


def change_cursors(payload: Raw) -> list[str]:
    """Return what a payload has for ``Change-Cursor``; raise ``ConnectionClose`` for no string."""
    values = []
    for value in _headers(payload, CHANGE_CURSOR.lower()):
        if not isinstance(value, str):
            raise invalid_message(f"'{CHANGE_CURSOR}' is not a string.")
        values.append(value)
    return values


def _headers(payload: Raw, wanted: str) -> Iterator[object]:
    """Return the values that a payload, and the ``headers`` in it, have for a lower-case name."""
    given = msgspec.json.decode(payload) or {}
    headers = given.get("headers")
    for fields in (given, headers if isinstance(headers, dict) else {}):
        for name, value in fields.items():
            if name.lower() == wanted:
                yield value


def connection_ack() -> bytes:
    """Encode the answer to ``connection_init``."""
    return b'{"type":"connection_ack"}'


def pong(payload: Raw) -> bytes:
    """Encode the answer to a ``ping``, with its payload."""
    if payload == NO_PAYLOAD:
        return b'{"type":"pong"}'
    return b'{"type":"pong","payload":%b}' % bytes(payload)


def ping(position: Position, ids: list[str]) -> bytes:
    """Encode the position up to which all events of some operations were sent."""
    payload = msgspec.json.encode({"cursor": position.cursor(), "ids": ids})
    return b'{"type":"ping","payload":%b}' % payload


def next_start(id_: str) -> bytes:
    """Encode the start of a ``next``, before the payload and a closing brace."""
    return b'{"id":%b,"type":"next","payload":' % msgspec.json.encode(id_)


def error(id_: str, errors: bytes) -> bytes:
    """Encode the errors of an operation that was not started."""
    return b'{"id":%b,"type":"error","payload":%b}' % (msgspec.json.encode(id_), errors)


def complete(id_: str) -> bytes:
    """Encode the end of an operation."""
    return b'{"id":%b,"type":"complete"}' % msgspec.json.encode(id_)
