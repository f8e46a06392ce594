"""Decoding and encoding of JSON, with lone surrogates and very large numbers."""

import json
import sys
from math import isfinite
from typing import Any, NoReturn

import msgspec

TOO_MANY_DIGITS = f"more than {sys.int_info.default_max_str_digits:,} digits. Give fewer digits."
"""The end of messages on integers that exceed Python's limit."""


def decode(text: bytes) -> Any:  # noqa: ANN401  JSON
    """Decode JSON in UTF-8, also with lone surrogates and floats out of range.

    Raises ``json.JSONDecodeError``, ``UnicodeDecodeError`` or ``RecursionError`` if it is invalid,
    and ``ValueError`` for an integer of too many digits.
    """
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        decoded = text.decode("utf-8-sig")  # ``json.loads`` accepts UTF-16 and UTF-32 in bytes
        return json.loads(decoded, parse_constant=_no_constant, parse_float=_number)


def encode(payload: dict[str, Any] | list[Any]) -> bytes:
    """Encode JSON; lone surrogates, which UTF-8 cannot encode, are escaped.

    A float out of range is encoded as ``Infinity``, which is not valid JSON.
    """
    try:
        return msgspec.json.encode(payload)
    except (UnicodeEncodeError, TypeError):
        return json.dumps(payload).encode()


class _OutOfRange(float):
    """An infinite float, which the validation of its field refuses."""


def _number(digits: str) -> float:
    number = float(digits)
    return number if isfinite(number) else _OutOfRange(number)


def _no_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is no JSON value", name, 0)
