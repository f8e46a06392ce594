"""Decoding of untrusted JSON, with limits that are checked before it is decoded."""

import json
from itertools import accumulate
from typing import Any

from gateway.documents.json import TOO_MANY_DIGITS, decode
from gateway.http.faults import Fault
from schema.errors import ErrorCode

MAX_JSON_DEPTH = 200
MAX_JSON_VALUES = 60_000
"""How many objects, lists, strings and other values JSON may have: each takes up to 4 µs."""

_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(set(range(256)) - set(_STEPS))


def check_text(data: bytes, what: str) -> None:
    """Raise ``Fault`` for text that is not UTF-8, or exceeds a limit."""
    try:
        data.isascii() or data.decode()
    except UnicodeDecodeError:
        raise Fault(400, f"{what} is not UTF-8. Send it in UTF-8.") from None
    if len(data) > MAX_JSON_VALUES and (values := _values(data)) > MAX_JSON_VALUES:
        raise _limit_exceeded(
            f"{what} has {values:,} objects, lists, strings and other values. Send less at once.",
            limit="jsonValues",
            value=MAX_JSON_VALUES,
            requested=values,
        )
    if is_shallow(data):
        return
    depth = _depth(data)
    if depth > MAX_JSON_DEPTH:
        raise _limit_exceeded(
            f"{what} is nested {depth:,} levels deep. Nest it less.",
            limit="jsonDepth",
            value=MAX_JSON_DEPTH,
            requested=depth,
        )


def is_shallow(data: bytes) -> bool:
    """Return whether JSON has so few brackets that it cannot be too deep."""
    return data.count(b"[") + data.count(b"{") <= MAX_JSON_DEPTH


def _values(data: bytes) -> int:
    """Return about how many values JSON has; keys count as strings."""
    outside = _without_strings(data)
    opened = outside.count(b"[") + outside.count(b"{")
    return max(opened + outside.count(b'"'), outside.count(b","))


def _depth(data: bytes) -> int:
    """Return how deep JSON is nested, without brackets in strings."""
    brackets = _without_strings(data).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


def _without_strings(data: bytes) -> bytes:
    """Return JSON with each string replaced by one quotation mark."""
    unescaped = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b'"'.join(unescaped.split(b'"')[::2])


def _limit_exceeded(message: str, *, limit: str, value: int, requested: int) -> Fault:
    return Fault(
        400,
        f"{message} The limit is {value:,}.",
        code=ErrorCode.LIMIT_EXCEEDED,
        limit=limit,
        value=value,
        requested=requested,
    )


def decode_json(data: bytes, what: str) -> Any:  # noqa: ANN401  JSON
    """Decode JSON; raise ``Fault`` if it is invalid or exceeds a limit."""
    check_text(data, what)
    try:
        return decode(data)
    except json.JSONDecodeError as error:
        raise Fault(
            400,
            f"{what} is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno}).",
        ) from None
    except ValueError:
        raise Fault(400, f"{what} has a number of {TOO_MANY_DIGITS}") from None
