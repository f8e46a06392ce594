"""The addresses in notifications: which call, and which operation, one is about.

/communications/calls/{call}/operations/{operation}     resourceUrl
/app/calls/{call}/operations/{operation}                resource, in an older form
/communications/calls('{call}')/operations('{operation}')
/communications/calls/{call}/operations/participants    of an operation that it does not name
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

_CALL = re.compile(r"/calls(?:/|\(')([^/'()?#]+)", re.IGNORECASE)
_OPERATION = re.compile(r"/operations(?:/|\(')([^/'()?#]+)", re.IGNORECASE)
_OPERATIONS = re.compile(r"/operations\b", re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """What an address tells."""

    call_id: str | None = None
    operation_id: str | None = None
    is_operation: bool = False
    """Whether it is that of an operation at all."""


def read_address(*texts: object) -> Address:
    """Read the address that is given in one place or another, the first that tells something."""
    given = [text for text in texts if isinstance(text, str)]
    return Address(
        call_id=next(filter(None, (_segment(_CALL, text) for text in given)), None),
        operation_id=next(
            (found for text in given if (found := _segment(_OPERATION, text)) and _is_id(found)),
            None,
        ),
        is_operation=any(map(_OPERATIONS.search, given)),
    )


def _segment(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return unquote(found[1]) if found else None


def _is_id(segment: str) -> bool:
    """Tell an id from the name of a collection, such as ``participants``, which is a plain word."""
    return not (segment.isascii() and segment.isalpha())
