"""The messages of graphql-transport-ws, as they come and as they go.

The protocol is that of graphql-ws's PROTOCOL.md, and not the legacy one called graphql-ws. Where
a browser cannot send headers, the payload of ``connection_init`` brings the token, and that of a
``ping``, which may say anything, brings a fresh one.
"""

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Raw

from gateway.documents.request import GraphQLRequest
from gateway.http.faults import Fault
from gateway.transports.parameters import parameters_of
from schema.errors import ErrorCode
from schema.paging import Position

SUBPROTOCOL = "graphql-transport-ws"
MAX_REASON_BYTES = 123
"""How long the reason of a close may be (RFC 6455, section 5.5)."""
MAX_ID_LENGTH = 128
"""In characters: ids are kept, and told again in all that concerns their operations."""

NOTHING = Raw(b"null")

Type = Literal["connection_init", "subscribe", "complete", "ping", "pong"]


class Closing(Exception):
    """The end of a connection: the code, and the reason for people.

    ``error`` is what a request would have been answered that is refused for the same.
    """

    def __init__(self, code: int, reason: str, *, error: ErrorCode | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.error = error
        self.reason = _cut_short(reason)


def _cut_short(reason: str) -> str:
    encoded = reason.encode()
    if len(encoded) <= MAX_REASON_BYTES:
        return reason
    return encoded[: MAX_REASON_BYTES - len("…".encode())].decode(errors="ignore") + "…"


class Message(msgspec.Struct, frozen=True):
    """A message from a client."""

    type: Type
    id: Annotated[str, Meta(max_length=MAX_ID_LENGTH)] = ""
    payload: Raw = NOTHING

    def operation(self) -> GraphQLRequest:
        """Read the payload of a ``subscribe``."""
        try:
            return parameters_of(bytes(self.payload), "The payload")
        except Fault as fault:
            raise invalid(fault.message) from None


_decode = msgspec.json.Decoder(Message).decode


def invalid(why: str) -> Closing:
    """Refuse a message that is none."""
    return Closing(4400, f"Invalid message: {why}")


def read(text: bytes) -> Message:
    """Read a message; raise ``Closing`` for what is none."""
    try:
        text.isascii() or text.decode()
        message = _decode(text)
        is_odd = message.type != "subscribe" and not isinstance(
            msgspec.json.decode(message.payload), dict | None
        )
    except UnicodeDecodeError:
        raise invalid("It is not UTF-8.") from None
    except RecursionError:
        raise invalid("It is nested too deeply.") from None
    except msgspec.ValidationError as error:
        raise invalid(_reason(str(error))) from None
    except (msgspec.DecodeError, ValueError):
        raise invalid("It is not valid JSON.") from None
    if is_odd:
        raise invalid("'payload' is not an object.")
    if message.type in {"subscribe", "complete"} and not message.id:
        raise invalid(f"'{message.type}' needs an 'id', a string that is not empty.")
    return message


def _reason(error: str) -> str:
    """Say what msgspec's error is about, which names types as Python does."""
    if "`id`" in error or error.endswith("`$.id`"):
        return f"'id' is not a string of at most {MAX_ID_LENGTH} characters."
    if "`type`" in error or error.endswith("`$.type`"):
        return f"'type' is not one of {', '.join(get_args(Type))}."
    return "It is not an object."


def authorization(payload: Raw) -> str | None:
    """Return what stands for an Authorization header in a payload, or among its ``headers``."""
    given = msgspec.json.decode(payload) or {}
    headers = given.get("headers")
    for place in (given, headers if isinstance(headers, dict) else {}):
        for name, value in place.items():
            if name.lower() == "authorization" and isinstance(value, str):
                return value
    return None


def acknowledged() -> bytes:
    """Answer ``connection_init``."""
    return b'{"type":"connection_ack"}'


def pong(payload: Raw) -> bytes:
    """Answer ``ping``, with what it said."""
    if payload == NOTHING:
        return b'{"type":"pong"}'
    return b'{"type":"pong","payload":%b}' % bytes(payload)


def ping(place: Position, ids: list[str]) -> bytes:
    """Tell the place up to which everything has been sent of some operations."""
    payload = msgspec.json.encode({"cursor": place.cursor(), "ids": ids})
    return b'{"type":"ping","payload":%b}' % payload


def next_start(id_: str) -> bytes:
    """Begin a ``next``; the payload follows, and a brace."""
    return b'{"id":%b,"type":"next","payload":' % msgspec.json.encode(id_)


def error(id_: str, errors: bytes) -> bytes:
    """Say why an operation did not begin."""
    return b'{"id":%b,"type":"error","payload":%b}' % (msgspec.json.encode(id_), errors)


def complete(id_: str) -> bytes:
    """Say that nothing more comes of an operation."""
    return b'{"id":%b,"type":"complete"}' % msgspec.json.encode(id_)
