"""JSON as clients send it, odd texts and numbers included, and as it is sent to them."""

import json
import sys
from math import isfinite
from typing import Any, NoReturn

import msgspec

TOO_MANY_DIGITS = f"more than {sys.int_info.default_max_str_digits:,} digits. Give fewer digits."
"""How a message goes on about a number that Python does not read."""


def decode(text: bytes) -> Any:  # noqa: ANN401  JSON
    """Decode JSON in UTF-8, half surrogates and numbers out of range included.

    Raises ``json.JSONDecodeError``, ``UnicodeDecodeError`` or ``RecursionError`` for what is none,
    and ``ValueError`` for a number of more digits than Python reads.
    """
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        decoded = text.decode("utf-8-sig")  # given bytes, it would take UTF-16 and UTF-32 as well
        return json.loads(decoded, parse_constant=_no_constant, parse_float=_number)


def encode(payload: dict[str, Any] | list[Any]) -> bytes:
    """Encode a response; half surrogates, which UTF-8 has no bytes for, go as escapes."""
    try:
        return msgspec.json.encode(payload)
    except UnicodeEncodeError:
        return json.dumps(payload).encode()


class _OutOfRange(float):
    """An infinite number, which only a field's own check takes."""


def _number(digits: str) -> float:
    number = float(digits)
    return number if isfinite(number) else _OutOfRange(number)


def _no_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is no JSON value", name, 0)
