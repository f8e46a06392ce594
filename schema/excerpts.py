"""Excerpts of values for error messages: as JSON, truncated."""

import json

MAX_EXCERPT = 100
"""In characters of a string, or digits of a number."""
BITS_PER_DIGIT = 3


def excerpt(value: object) -> str:
    """Return a scalar as JSON, or only the type of an object or a list."""
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case str() if len(value) > MAX_EXCERPT:
            value = value[:MAX_EXCERPT] + "…"
        case int() if value.bit_length() > BITS_PER_DIGIT * MAX_EXCERPT:
            return "a number of many digits"
    # Lone surrogates, which UTF-8 cannot encode, are escaped as in JSON.
    return json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace").decode()
