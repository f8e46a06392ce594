"""Values as messages show them: as JSON has them, and cut short."""

import json

MAX_EXCERPT = 100
"""In characters of a string or digits of a number."""
BITS_OF_A_DIGIT = 3


def excerpt(value: object) -> str:
    """Return a scalar as JSON, and only the kind of an object or a list."""
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case str() if len(value) > MAX_EXCERPT:
            value = value[:MAX_EXCERPT] + "…"
        case int() if value.bit_length() > BITS_OF_A_DIGIT * MAX_EXCERPT:
            return "a number of many digits"
    # Half surrogates, which have no bytes in UTF-8, are escaped as JSON does.
    return json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace").decode()
