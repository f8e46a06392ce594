"""What the GraphQL specification requires of every response (section 7.1)."""

import re
from typing import Any

Json = Any

QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'')
PYTHON_WORDS = re.compile(
    r"\b(None|NoneType|True|False|dict|dictionary|tuple|str|bool|float|pydantic|msgspec|Traceback"
    r"|instance of|isinstance|\w*Exception|\w+Error)\b|<[^>]*>|`|Input should|Value error"
)
"""Python's terms; those of GraphQL and JSON are null, object, list, string and Boolean."""
SENTENCE_ENDS = (".", "?", "…")
BY_PROTOCOL = {"PersistedQueryNotFound", "PersistedQueryNotSupported"}
"""Messages that Apollo's clients compare."""


def assert_well_formed(response: Json) -> None:
    """Assert that a decoded response is valid."""
    assert isinstance(response, dict)
    assert response.keys() <= {"data", "errors", "extensions"}
    assert response.keys() & {"data", "errors"}
    errors = response.get("errors")
    if "errors" in response:
        assert isinstance(errors, list)
        assert errors
        assert next(iter(response)) == "errors"
    for error in errors or []:
        assert_error(error)
    if "data" in response:
        data = response["data"]
        assert isinstance(data, dict) or (data is None and errors)
        for error in errors or []:
            assert_null_at(data, error["path"])
    else:
        assert not any("path" in error for error in errors or [])


def assert_error(error: Json) -> None:
    """Assert that an error is valid, and has one of the gateway's codes."""
    assert error.keys() <= {"message", "locations", "path", "extensions"}
    assert error["message"]
    assert_plain(error["message"])
    assert isinstance(error["extensions"]["code"], str)
    for location in error.get("locations", []):
        assert location.keys() == {"line", "column"}
        assert location["line"] >= 1
        assert location["column"] >= 1
    for step in error.get("path", []):
        assert type(step) in {str, int}


def assert_plain(message: str) -> None:
    """Assert that a message consists of sentences, and uses GraphQL's terms outside quotes."""
    if message in BY_PROTOCOL:
        return
    assert message.endswith(SENTENCE_ENDS), message
    unquoted = QUOTED.sub("", message)
    assert not PYTHON_WORDS.search(unquoted.replace("Syntax Error", "")), message


def assert_null_at(data: Json, path: list[str | int]) -> None:
    """Assert that the position of an error, or a parent of it, is null."""
    for step in path:
        if data is None:
            return
        data = data[step]
    assert data is None
