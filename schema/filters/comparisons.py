"""Conditions on single values.

Several conditions are combined with AND; an empty object matches everything. Null never equals a
value, so ``neq`` and ``notIn`` match nulls; an explicit null in a filter is an error.
"""

from functools import cached_property
from typing import Annotated, Any

import strawberry
from pydantic import Field
from strawberry import ID, Maybe

from schema.constraints import Int32, Moment
from schema.resource.base import Model
from schema.resource.operation import OperationStatus

RULES = "Several are combined with AND; an empty object matches everything."


class Filter(Model):
    """A part of a filter; absent fields match everything."""

    @cached_property
    def derived(self) -> dict[object, Any]:
        """Values computed from the filter, by the functions that compute them.

        They stay valid, since the filter cannot change. Make a new one instead of a changed copy.
        """
        return {}


@strawberry.pydantic.input(description=f"Conditions on an id, compared exactly. {RULES}")
class IDFilter(Filter):
    """Conditions on an id."""

    eq: Maybe[ID] = Field(description="Equals this id.")
    neq: Maybe[ID] = Field(description="Does not equal this id; matches null.")
    in_: Annotated[
        Maybe[list[ID]],
        strawberry.field(
            name="in", description="Equals one of these; an empty list matches nothing."
        ),
    ]
    not_in: Maybe[list[ID]] = Field(description="Equals none of these; matches null.")
    is_null: Maybe[bool] = Field(description="Is null (true) or not null (false).")


@strawberry.pydantic.input(
    description=f"Conditions on a string, compared by code point unless `ignoreCase`. {RULES}"
)
class StringFilter(Filter):
    """Conditions on a string."""

    eq: Maybe[str] = Field(description="Equals this string.")
    neq: Maybe[str] = Field(description="Does not equal this string; matches null.")
    in_: Annotated[
        Maybe[list[str]],
        strawberry.field(
            name="in", description="Equals one of these; an empty list matches nothing."
        ),
    ]
    not_in: Maybe[list[str]] = Field(description="Equals none of these; matches null.")
    contains: Maybe[str] = Field(description="Contains this string; does not match null.")
    starts_with: Maybe[str] = Field(description="Starts with this string; does not match null.")
    ends_with: Maybe[str] = Field(description="Ends with this string; does not match null.")
    is_null: Maybe[bool] = Field(description="Is null (true) or not null (false).")
    ignore_case: Maybe[bool] = Field(
        description=(
            "Whether the other operators of this object ignore case, by Unicode case folding. "
            "False by default."
        )
    )


@strawberry.pydantic.input(description=f"Conditions on an integer. {RULES}")
class IntFilter(Filter):
    """Conditions on an integer."""

    eq: Maybe[Int32] = Field(description="Equals this number.")
    neq: Maybe[Int32] = Field(description="Does not equal this number; matches null.")
    in_: Annotated[
        Maybe[list[Int32]],
        strawberry.field(
            name="in", description="Equals one of these; an empty list matches nothing."
        ),
    ]
    not_in: Maybe[list[Int32]] = Field(description="Equals none of these; matches null.")
    gt: Maybe[Int32] = Field(description="Is greater than this number.")
    gte: Maybe[Int32] = Field(description="Is greater than or equal to this number.")
    lt: Maybe[Int32] = Field(description="Is less than this number.")
    lte: Maybe[Int32] = Field(description="Is less than or equal to this number.")
    is_null: Maybe[bool] = Field(description="Is null (true) or not null (false).")


@strawberry.pydantic.input(description=f"Conditions on a time. {RULES}")
class DateTimeFilter(Filter):
    """Conditions on a time."""

    eq: Maybe[Moment] = Field(description="Equals this time, to the microsecond.")
    neq: Maybe[Moment] = Field(description="Does not equal this time; matches null.")
    gt: Maybe[Moment] = Field(description="Is after this time.")
    gte: Maybe[Moment] = Field(description="Is at or after this time.")
    lt: Maybe[Moment] = Field(description="Is before this time.")
    lte: Maybe[Moment] = Field(description="Is at or before this time.")
    is_null: Maybe[bool] = Field(description="Is null (true) or not null (false).")


@strawberry.pydantic.input(description=f"Conditions on a Boolean. {RULES}")
class BooleanFilter(Filter):
    """Conditions on a Boolean."""

    eq: Maybe[bool] = Field(description="Equals this value; null is neither true nor false.")
    is_null: Maybe[bool] = Field(description="Is null (true) or not null (false).")


@strawberry.pydantic.input(description=f"Conditions on a status. {RULES}")
class OperationStatusFilter(Filter):
    """Conditions on a status."""

    eq: Maybe[OperationStatus] = Field(description="Equals this status.")
    neq: Maybe[OperationStatus] = Field(description="Does not equal this status.")
    in_: Annotated[
        Maybe[list[OperationStatus]],
        strawberry.field(
            name="in", description="Equals one of these; an empty list matches nothing."
        ),
    ]
    not_in: Maybe[list[OperationStatus]] = Field(description="Equals none of these.")
