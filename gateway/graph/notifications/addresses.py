"""The addresses in notifications, with the ids of the call and the operation.

/communications/calls/{call}/operations/{operation}         resourceUrl
/app/calls/{call}/operations/{operation}                    resource, in an older form
/communications/calls('{call}')/operations('{operation}')   also with id='{operation}'
/communications/calls/{call}/operations/participants        without the operation's id

An address may be an absolute URL, and may be percent-encoded in parts or as a whole.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TypeGuard
from urllib.parse import unquote

from msgspec import Struct

from gateway.store.reports import is_guid

MAX_ADDRESS = 2_048
"""In characters: longer addresses are ignored."""

_PLAIN = re.compile(r"/(?:communications|app)/calls/([\w-]+)/operations/([\w-]+)", re.ASCII)
"""The usual form of an operation's address, which needs no decoding."""
_END_OF_PATH = re.compile(r"[?#]")
_PARENTHESES = re.compile(r"[()]")
_KEY_NAME = re.compile(r"\A\w+\s*=\s*(?=.)")
"""The name of a key property before its value."""
_CAST = re.compile(r"(?:microsoft\.)?graph\.\w+", re.IGNORECASE)
"""A type cast segment, which restricts a collection to a type."""


class Address(Struct, frozen=True):
    """The ids in an address, as far as it has them."""

    call_id: str | None = None
    operation_id: str | None = None
    is_operation: bool = False
    """Whether it is the address of an operation, even without its id."""


def read_address(*texts: object) -> Address:
    """Return the ids in several addresses of a resource, each from the first that has it.

    Values that are not addresses are ignored.
    """
    plain = _PLAIN.fullmatch(texts[0]) if texts and _is_address(texts[0]) else None
    if plain and _is_id(plain[2]):
        return Address(plain[1], plain[2], is_operation=True)
    given = [list(_segments(text)) for text in texts if _is_address(text)]
    calls = (_after("calls", segments) for segments in given)
    operations = (_after("operations", segments) for segments in given)
    return Address(
        call_id=next(filter(None, calls), None),
        operation_id=next((found for found in operations if found and _is_id(found)), None),
        is_operation=any("operations" in map(str.lower, segments) for segments in given),
    )


def _is_address(text: object) -> TypeGuard[str]:
    return isinstance(text, str) and len(text) <= MAX_ADDRESS


def _segments(text: str) -> Iterator[str]:
    """Yield the segments of a path; keys in quotes and parentheses are separate segments."""
    path = _END_OF_PATH.split(text, maxsplit=1)[0]
    for segment in (path if "/" in path else unquote(path)).split("/"):
        for part in _PARENTHESES.split(unquote(segment)):
            name = _KEY_NAME.sub("", part.strip()).strip(" '\"")
            if name and not _CAST.fullmatch(name):
                yield name


def _after(collection: str, segments: list[str]) -> str | None:
    """Return the segment that follows the name of a collection."""
    following = (key for name, key in pairwise(segments) if name.lower() == collection)
    return next(following, None)


def _is_id(segment: str) -> bool:
    """Return whether a segment is an id rather than a name such as ``participants``."""
    is_word = segment.isascii() and segment.isalpha()
    return not is_word or is_guid(segment)
