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
    description=f"Conditions on the result. If it is null, so are all of its fields. {RULES}"
)
class ResultInfoFilter(Filter):
    """Conditions on a result."""

    code: Maybe[IntFilter] = Field(description="By `code`.")
    subcode: Maybe[IntFilter] = Field(description="By `subcode`.")
    message: Maybe[StringFilter] = Field(description="By `message`.")
    diag_code: Maybe[StringFilter] = Field(
        description=(
            "By the diagnostic code in `message`, such as `412#10073` in `DiagCode: 412#10073.@`; "
            "null if there is none."
        )
    )
    is_null: Maybe[bool] = Field(description="The result is null (true) or not null (false).")


@refuse_invalid_values
@strawberry.pydantic.input(
    description=(
        "Conditions on operations. Several are combined with AND; an empty object matches "
        "everything. Null never equals a value, so `neq`, `notIn` and `not` match null. An "
        "explicit null in a filter is an error: omit the field, or use `isNull`."
    )
)
class InviteParticipantsOperationFilter(Filter):
    """Conditions on an operation."""

    and_: Annotated[
        Maybe[list["InviteParticipantsOperationFilter"]],
        strawberry.field(
            name="and", description="All of these match; an empty list matches everything."
        ),
    ]
    or_: Annotated[
        Maybe[list["InviteParticipantsOperationFilter"]],
        strawberry.field(
            name="or", description="At least one of these matches; an empty list matches nothing."
        ),
    ]
    not_: Annotated[
        Maybe["InviteParticipantsOperationFilter"],
        strawberry.field(name="not", description="This condition does not match."),
    ]
    id: Maybe[IDFilter] = Field(description="By `id`.")
    call_id: Maybe[IDFilter] = Field(description="By `callId`.")
    client_context: Maybe[StringFilter] = Field(description="By `clientContext`.")
    status: Maybe[OperationStatusFilter] = Field(description="By `status`.")
    result_info: Maybe[ResultInfoFilter] = Field(description="By `resultInfo`.")
    participants: Maybe[InvitationParticipantInfoListFilter] = Field(
        description="By `participants`."
    )
    overdue: Maybe[bool] = Field(
        description=(
            "Whether the operation is overdue: it has not ended (`NotStarted` or `Running`), and "
            "was created longer ago than a configured time, 60 seconds by default. This depends on "
            "the current time, so the result of a query can change although no operation does."
        )
    )
    version: Maybe[IntFilter] = Field(description="By `version`.")
    created_at: Maybe[DateTimeFilter] = Field(description="By `createdAt`.")
    updated_at: Maybe[DateTimeFilter] = Field(description="By `updatedAt`.")
    ended_at: Maybe[DateTimeFilter] = Field(
        description="By `endedAt`, which is null until the operation has ended."
    )
