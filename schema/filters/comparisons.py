"""Comparisons of one value.

Operators in one object are joined by and; an empty object matches everything. Null never equals a
value, so ``neq`` and ``notIn`` match nulls; an explicit null in a filter is an error.
"""

from typing import Annotated

import strawberry
from pydantic import Field
from strawberry import ID, Maybe

from schema.constraints import Int32, Moment
from schema.resource.base import Model
from schema.resource.operation import OperationStatus

RULES = "Operators given together are joined by and; none given match everything."


class Filter(Model):
    """A part of a filter; absent fields match everything."""


@strawberry.pydantic.input(description=f"Compare an id, exactly. {RULES}")
class IDFilter(Filter):
    """Comparisons of an id."""

    eq: Maybe[ID] = Field(description="Is this id.")
    neq: Maybe[ID] = Field(description="Is not this id; null is not.")
    in_: Annotated[
        Maybe[list[ID]],
        strawberry.field(name="in", description="Is one of these; of none when the list is empty."),
    ]
    not_in: Maybe[list[ID]] = Field(description="Is none of these; null is not.")
    is_null: Maybe[bool] = Field(description="Is null (true) or not null (false).")


@strawberry.pydantic.input(
    description=f"Compare a text, by its code points unless `ignoreCase` is true. {RULES}"
)
class StringFilter(Filter):
    """Comparisons of a text."""

    eq: Maybe[str] = Field(description="Is this text.")
    neq: Maybe[str] = Field(description="Is not this text; null is not.")
    in_: Annotated[
        Maybe[list[str]],
        strawberry.field(name="in", description="Is one of these; of none when the list is empty."),
    ]
    not_in: Maybe[list[str]] = Field(description="Is none of these; null is not.")
    contains: Maybe[str] = Field(description="Holds this text anywhere. Null holds nothing.")
    starts_with: Maybe[str] = Field(description="Begins with this text.")
    ends_with: Maybe[str] = Field(description="Ends with this text.")
    is_null: Maybe[bool] = Field(description="Is null (true) or not null (false).")
    ignore_case: Maybe[bool] = Field(
        description=(
            "Whether the other operators of this object take upper and lower case as the same, by "
            "Unicode's case folding. False when not given."
        )
    )


@strawberry.pydantic.input(description=f"Compare a whole number. {RULES}")
class IntFilter(Filter):
    """Comparisons of a whole number."""

    eq: Maybe[Int32] = Field(description="Is this number.")
    neq: Maybe[Int32] = Field(description="Is not this number; null is not.")
    in_: Annotated[
        Maybe[list[Int32]],
        strawberry.field(name="in", description="Is one of these; of none when the list is empty."),
    ]
    not_in: Maybe[list[Int32]] = Field(description="Is none of these; null is not.")
    gt: Maybe[Int32] = Field(description="Is greater than this number.")
    gte: Maybe[Int32] = Field(description="Is this number or greater.")
    lt: Maybe[Int32] = Field(description="Is less than this number.")
    lte: Maybe[Int32] = Field(description="Is this number or less.")
    is_null: Maybe[bool] = Field(description="Is null (true) or not null (false).")


@strawberry.pydantic.input(description=f"Compare a time. {RULES}")
class DateTimeFilter(Filter):
    """Comparisons of a time."""

    eq: Maybe[Moment] = Field(description="Is this time, to the microsecond.")
    neq: Maybe[Moment] = Field(description="Is not this time; null is not.")
    gt: Maybe[Moment] = Field(description="Is after this time.")
    gte: Maybe[Moment] = Field(description="Is this time or after it.")
    lt: Maybe[Moment] = Field(description="Is before this time.")
    lte: Maybe[Moment] = Field(description="Is this time or before it.")
    is_null: Maybe[bool] = Field(description="Is null (true) or not null (false).")


@strawberry.pydantic.input(description=f"Compare a truth value. {RULES}")
class BooleanFilter(Filter):
    """Comparisons of a truth value."""

    eq: Maybe[bool] = Field(description="Is this value. Null is neither true nor false.")
    is_null: Maybe[bool] = Field(description="Is null (true) or not null (false).")


@strawberry.pydantic.input(description=f"Compare a status. {RULES}")
class OperationStatusFilter(Filter):
    """Comparisons of a status."""

    eq: Maybe[OperationStatus] = Field(description="Is this status.")
    neq: Maybe[OperationStatus] = Field(description="Is another status.")
    in_: Annotated[
        Maybe[list[OperationStatus]],
        strawberry.field(name="in", description="Is one of these; of none when the list is empty."),
    ]
    not_in: Maybe[list[OperationStatus]] = Field(description="Is none of these.")
