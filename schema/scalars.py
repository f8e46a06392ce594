"""The scalars of the schema, represented by their JSON values.

A ``DateTime`` is a string in requests and in the store: in UTC, with six digits of fraction and a
``Z``, so that the order of the strings is the order of the times.
"""

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import NewType

import strawberry
from graphql import GraphQLError, Undefined, ValueNode, value_from_ast_untyped
from strawberry.types.scalar import ScalarDefinition

from schema.excerpts import excerpt

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII)

DateTime = NewType("DateTime", str)
JSON = NewType("JSON", object)


def date_time(moment: datetime) -> DateTime:
    """Return an aware ``moment`` in the format of the gateway."""
    return DateTime(moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z")


def parse_date_time(value: object) -> DateTime:
    """Parse an RFC 3339 time with an offset; raise ``GraphQLError`` if it is invalid."""
    if isinstance(value, str) and _RFC_3339.match(value):
        with suppress(ValueError, OverflowError):  # an invalid day, or one before the year 1
            return date_time(datetime.fromisoformat(value.upper()))
    raise GraphQLError(
        f"Expected a value of type 'DateTime', but {excerpt(value)} was given. Give a string in "
        "RFC 3339 with an offset, such as 2026-01-31T09:30:00Z."
    )


def parse_json_literal(node: ValueNode, variables: dict[str, object] | None = None) -> object:
    """Return the value of a JSON literal, which may contain variables."""
    return _defined(value_from_ast_untyped(node, variables))


def _defined(value: object) -> object:
    """Replace variables without a value: by null in a list, by no field in an object."""
    match value:
        case list():
            return [None if item is Undefined else _defined(item) for item in value]
        case dict():
            return {name: _defined(item) for name, item in value.items() if item is not Undefined}
    return value


SCALARS: dict[object, ScalarDefinition] = {
    DateTime: strawberry.scalar(
        name="DateTime",
        description=(
            "A time in UTC, as an RFC 3339 string with six fractional digits, such as "
            "`2026-01-31T09:30:00.000000Z`. An input may have any offset, but must have one; "
            "fractional digits beyond the sixth are dropped, and leap seconds are invalid."
        ),
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=str,
        parse_value=parse_date_time,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value: an object, a list, a string, a number, true, false or null.",
        serialize=lambda value: value,
        parse_value=lambda value: value,
        parse_literal=parse_json_literal,
    ),
}
