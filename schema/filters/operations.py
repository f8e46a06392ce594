"""Filters of operations."""

from typing import Annotated

import strawberry
from pydantic import Field
from strawberry import Maybe

from schema.filters.comparisons import (
    RULES,
    DateTimeFilter,
    Filter,
    IDFilter,
    IntFilter,
    OperationStatusFilter,
    StringFilter,
)
from schema.filters.participants import InvitationParticipantInfoListFilter
from schema.validation import refuse_invalid_values


@strawberry.pydantic.input(
    description=f"Compare the result. A result that is null has null in all fields. {RULES}"
)
class ResultInfoFilter(Filter):
    """Comparisons of a result."""

    code: Maybe[IntFilter] = Field(description="By the code.")
    subcode: Maybe[IntFilter] = Field(description="By the subcode.")
    message: Maybe[StringFilter] = Field(description="By the message.")
    diag_code: Maybe[StringFilter] = Field(
        description=(
            "By the diagnostic code in the message, such as `412#10073` in `DiagCode: 412#10073.@`;"
            " null when there is none."
        )
    )
    is_null: Maybe[bool] = Field(description="The result is null (true) or not null (false).")


@refuse_invalid_values
@strawberry.pydantic.input(
    description=(
        "Which operations to take. Fields given together are joined by and; an empty object "
        "matches everything. Null never equals a value, so `neq`, `notIn` and `not` match nulls. "
        "A null written inside a filter is an error: leave the field out, or use `isNull`."
    )
)
class InviteParticipantsOperationFilter(Filter):
    """Comparisons of an operation."""

    and_: Annotated[
        Maybe[list["InviteParticipantsOperationFilter"]],
        strawberry.field(
            name="and", description="All of these match; so it is when there are none."
        ),
    ]
    or_: Annotated[
        Maybe[list["InviteParticipantsOperationFilter"]],
        strawberry.field(
            name="or", description="One of these matches; none does in an empty list."
        ),
    ]
    not_: Annotated[
        Maybe["InviteParticipantsOperationFilter"],
        strawberry.field(name="not", description="This does not match."),
    ]
    id: Maybe[IDFilter] = Field(description="By id.")
    call_id: Maybe[IDFilter] = Field(description="By the id of the call.")
    client_context: Maybe[StringFilter] = Field(description="By the client's context.")
    status: Maybe[OperationStatusFilter] = Field(description="By status.")
    result_info: Maybe[ResultInfoFilter] = Field(description="By the result.")
    participants: Maybe[InvitationParticipantInfoListFilter] = Field(
        description="By the participants."
    )
    overdue: Maybe[bool] = Field(
        description=(
            "Whether the operation is overdue: it has not ended (`NotStarted`, `Running`), and was "
            "created longer ago than the gateway is set to wait, 60 seconds if it is not. It is "
            "judged when the filter is applied, so an answer may change while no operation does."
        )
    )
    version: Maybe[IntFilter] = Field(description="By version.")
    created_at: Maybe[DateTimeFilter] = Field(description="By the time of creation.")
    updated_at: Maybe[DateTimeFilter] = Field(description="By the time of the last change.")
    ended_at: Maybe[DateTimeFilter] = Field(
        description="By the time of the end, null while the operation has not ended."
    )
