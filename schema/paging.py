"""Keyset pagination: a cursor has the sort keys of its row, not an offset."""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

import msgspec
import strawberry

from schema.errors import BadUserInput, LimitExceeded
from schema.ordering import Order, SortField
from schema.resource.operation import StoredOperation

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 500

T = TypeVar("T")

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Natural = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Keys = tuple[str | Int64 | None, ...]
"""The values of an order's keys in one row, then its sequence number."""

_INTEGERS = {
    SortField.STATUS,
    SortField.RESULT_CODE,
    SortField.RESULT_SUBCODE,
    SortField.VERSION,
}


MAX_CURSOR_LENGTH = 65_536
"""In characters: more than a cursor with the longest values of all keys has."""


@dataclass(frozen=True)
class Slice:
    """The part of an ordered list to read: ``limit`` rows from its start, or from its end.

    ``after`` and ``before`` bound the list exclusively; ``offset`` skips rows at its start.
    """

    limit: int
    backward: bool = False
    after: Keys | None = None
    before: Keys | None = None
    offset: int = 0


class Position(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A position in a change log: after the change of this number."""

    log: Natural
    number: Natural

    def cursor(self) -> str:
        """Return the position as an opaque cursor."""
        return pack(self)


@dataclass(frozen=True)
class Page:
    """The operations of a slice in the list's order, and the sort keys of each.

    ``more`` is whether the list goes on beyond the limit. ``position`` is the end of the change log
    in the snapshot that was read.
    """

    operations: Sequence[StoredOperation]
    keys: Sequence[Keys]
    more: bool
    position: Position


def empty_page(position: Position) -> Page:
    """Return a page without operations, read when the change log ended at a position."""
    return Page((), (), more=False, position=position)


@strawberry.type(description="Information about a page (Relay's cursor connections).")
class PageInfo:
    """Relay's ``PageInfo``."""

    has_next_page: bool = strawberry.field(
        description=(
            "Whether there are items after this page. With `last`: whether `before` was given."
        )
    )
    has_previous_page: bool = strawberry.field(
        description=(
            "With `last`: whether there are items before this page. Otherwise: whether `after`, or "
            "an `offset` above 0, was given."
        )
    )
    start_cursor: str | None = strawberry.field(
        description="The cursor of the first item; null if the page is empty."
    )
    end_cursor: str | None = strawberry.field(
        description=(
            "The cursor to continue after. For operations, that of the last item; null if the page "
            "is empty. For changes, it is never null, and may be after the last item, because "
            "changes that do not match are passed over."
        )
    )


LAST_EVENT_ID = "Last-Event-ID"
"""The header in which a reconnecting client sends its position in the change log; it overrides
the argument ``after`` (HTML, section 9.2.4)."""


def pack(parts: object) -> str:
    """Encode the parts of a cursor as an opaque text."""
    return urlsafe_b64encode(msgspec.msgpack.encode(parts)).rstrip(b"=").decode()


def unpack(cursor: str, type_: type[T], argument: str) -> T:
    """Decode the parts of a cursor; raise ``BadUserInput`` if it is invalid."""
    if len(cursor) > MAX_CURSOR_LENGTH:
        raise _invalid_cursor(argument)
    try:
        packed = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        return msgspec.msgpack.decode(packed, type=type_)
    except (ValueError, msgspec.DecodeError):
        raise _invalid_cursor(argument) from None


def _fingerprint(order: Order) -> int:
    return zlib.crc32(repr(order).encode())


def encode_cursor(order: Order, keys: Keys) -> str:
    """Return the cursor of the row with these keys."""
    return pack((_fingerprint(order), keys))


def decode_cursor(order: Order, cursor: str, argument: str) -> Keys:
    """Decode a cursor of ``order``; raise ``BadUserInput`` if it is invalid."""
    fingerprint, keys = unpack(cursor, tuple[int, Keys], argument)
    if fingerprint != _fingerprint(order):
        raise BadUserInput(
            f"The cursor in '{argument}' was made for another order. Give the 'orderBy' that it "
            "was made for, or leave the cursor out to start at the first page.",
            reason="CURSOR_ORDER_MISMATCH",
            argument=argument,
        )
    types = [int if key.field in _INTEGERS else str for key in order]
    *values, seq = keys or (None,)
    fits = len(values) == len(types) and all(
        value is None or (type(value) is expected and "\0" not in str(value))
        for value, expected in zip(values, types, strict=True)
    )
    if not fits or type(seq) is not int:
        raise _invalid_cursor(argument)
    return keys


def source(name: str) -> dict[str, str]:
    """Return the extension of an error with the argument or header that has the value."""
    return {"header" if name == LAST_EVENT_ID else "argument": name}


def _invalid_cursor(argument: str) -> BadUserInput:
    if argument == LAST_EVENT_ID:
        return BadUserInput(
            "The header Last-Event-ID is not the id of an event of this stream. Send the last id "
            "received as it came, or begin anew without the header.",
            reason="CURSOR_INVALID",
            **source(argument),
        )
    return BadUserInput(
        f"The value of '{argument}' is not a cursor of this list. Give a cursor as it was "
        f"returned, or leave '{argument}' out.",
        reason="CURSOR_INVALID",
        argument=argument,
    )


def page_size(argument: str, value: int) -> int:
    """Return the size of a page in ``argument`` if it is 0 to ``MAX_PAGE_SIZE``.

    Raises ``BadUserInput`` or ``LimitExceeded``.
    """
    if value < 0:
        raise BadUserInput(f"'{argument}' is {value}. Give 0 or more.", argument=argument)
    if value > MAX_PAGE_SIZE:
        raise LimitExceeded(
            f"'{argument}' is {value:,}, and the limit is {MAX_PAGE_SIZE}. Read more page by page.",
            limit=argument,
            value=MAX_PAGE_SIZE,
            requested=value,
        )
    return value


def slice_of(
    order: Order,
    *,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
    offset: int | None,
) -> Slice:
    """Return the slice of a connection's arguments.

    Raises ``BadUserInput`` or ``LimitExceeded``, naming the argument.
    """
    if first is not None and last is not None:
        raise BadUserInput("Give 'first' or 'last', not both.", argument="last")
    if offset is not None and offset < 0:
        raise BadUserInput(f"'offset' is {offset}. Give 0 or more.", argument="offset")
    if offset and last is not None:
        raise BadUserInput("Give 'offset' with 'first', not with 'last'.", argument="offset")
    return Slice(
        limit=page_size("first", DEFAULT_PAGE_SIZE if first is None else first)
        if last is None
        else page_size("last", last),
        backward=last is not None,
        after=None if after is None else decode_cursor(order, after, "after"),
        before=None if before is None else decode_cursor(order, before, "before"),
        offset=offset or 0,
    )
