"""Groups of operations with equal values, and their sizes."""

from enum import Enum

import strawberry

from schema.resource.operation import OperationStatus
from schema.scalars import DateTime


@strawberry.enum(
    name="InviteParticipantsOperationGroupKey", description="What operations are grouped by."
)
class GroupKey(Enum):
    """The keys of ``inviteParticipantsOperationGroups``."""

    STATUS = strawberry.enum_value("STATUS", description="By `status`.")
    CALL_ID = strawberry.enum_value("CALL_ID", description="By `callId`.")
    RESULT_CODE = strawberry.enum_value("RESULT_CODE", description="By `resultInfo.code`.")
    RESULT_SUBCODE = strawberry.enum_value("RESULT_SUBCODE", description="By `resultInfo.subcode`.")
    CREATED_DAY = strawberry.enum_value(
        "CREATED_DAY", description="By the day of `createdAt`, in UTC."
    )
    CREATED_HOUR = strawberry.enum_value(
        "CREATED_HOUR", description="By the hour of `createdAt`, in UTC."
    )


@strawberry.type(
    description=(
        "Operations with the same values of the keys asked for. A key that was not asked for is "
        "null; so is one whose value is null."
    )
)
class InviteParticipantsOperationGroup:
    """One group and its size."""

    status: OperationStatus | None = strawberry.field(
        default=None, description="The status of all in the group, when grouped by `STATUS`."
    )
    call_id: strawberry.ID | None = strawberry.field(
        default=None, description="The call of all in the group, when grouped by `CALL_ID`."
    )
    result_code: int | None = strawberry.field(
        default=None,
        description="The `resultInfo.code` of all in the group, when grouped by `RESULT_CODE`.",
    )
    result_subcode: int | None = strawberry.field(
        default=None,
        description=(
            "The `resultInfo.subcode` of all in the group, when grouped by `RESULT_SUBCODE`."
        ),
    )
    created_from: DateTime | None = strawberry.field(
        default=None,
        description=(
            "When the group's day or hour begins, in UTC, when grouped by `CREATED_DAY` or "
            "`CREATED_HOUR` (by both: the hour)."
        ),
    )
    count: int = strawberry.field(description="How many operations are in the group, 1 or more.")
    earliest: DateTime = strawberry.field(description="The first `createdAt` in the group.")
    latest: DateTime = strawberry.field(description="The last `createdAt` in the group.")
