"""Groups of operations with equal values, and their sizes."""

from enum import Enum
from typing import Any

import strawberry

from schema.resource.operation import OperationStatus
from schema.scalars import DateTime


@strawberry.enum(
    name="InviteParticipantsOperationGroupKey",
    description="The keys that operations can be grouped by.",
)
class GroupKey(Enum):
    """The keys of ``inviteParticipantsOperationGroups``."""

    STATUS = strawberry.enum_value("STATUS", description="By `status`.")
    CALL_ID = strawberry.enum_value("CALL_ID", description="By `callId`.")
    RESULT_CODE = strawberry.enum_value("RESULT_CODE", description="By `resultInfo.code`.")
    RESULT_SUBCODE = strawberry.enum_value("RESULT_SUBCODE", description="By `resultInfo.subcode`.")
    RESULT_MESSAGE = strawberry.enum_value("RESULT_MESSAGE", description="By `resultInfo.message`.")
    RESULT_DIAG_CODE = strawberry.enum_value(
        "RESULT_DIAG_CODE",
        description=(
            "By the diagnostic code in `resultInfo.message`, such as `412#10073` in `DiagCode: "
            "412#10073.@`. It distinguishes causes whose subcode is 9999."
        ),
    )
    IDENTITY_KIND = strawberry.enum_value(
        "IDENTITY_KIND",
        description=(
            "By the kinds of the participants' identities. An operation with several kinds counts "
            "once in the group of each; one without identities is in the group of null."
        ),
    )
    CREATED_DAY = strawberry.enum_value(
        "CREATED_DAY", description="By the day of `createdAt`, in UTC."
    )
    CREATED_HOUR = strawberry.enum_value(
        "CREATED_HOUR", description="By the hour of `createdAt`, in UTC."
    )
    CREATED_MINUTE = strawberry.enum_value(
        "CREATED_MINUTE", description="By the minute of `createdAt`, in UTC."
    )


def _kind(name: str, description: str) -> Any:  # noqa: ANN401  Strawberry's
    return strawberry.enum_value(name, name=name, description=description)


@strawberry.enum(description="The kinds of identities, named as the fields of `IdentitySet`.")
class IdentityKind(Enum):
    """The fields of an identity set, and one for kinds that are not declared."""

    APPLICATION = _kind("application", "An application, such as a bot.")
    DEVICE = _kind("device", "A device.")
    USER = _kind("user", "A user.")
    APPLICATION_INSTANCE = _kind(
        "applicationInstance", ("An application instance, such as a call queue.")
    )
    ASSERTED_IDENTITY = _kind("assertedIdentity", "An asserted identity.")
    AZURE_COMMUNICATION_SERVICES_USER = _kind(
        "azureCommunicationServicesUser", "A user of Azure Communication Services."
    )
    ENCRYPTED = _kind("encrypted", "An encrypted identity.")
    GUEST = _kind("guest", "A guest.")
    ON_PREMISES = _kind("onPremises", "An on-premises identity.")
    PHONE = _kind("phone", "A phone.")
    OTHER = _kind(
        "other",
        "Any undeclared kind: an additional property of the set that is an object with an `id`.",
    )


@strawberry.type(
    description=(
        "Percentiles of the times from `createdAt` to `endedAt`, in seconds, of the operations in "
        "a group that have ended. Each is the time of one of these operations (nearest rank)."
    )
)
class DurationStatistics:
    """Percentiles of durations."""

    median: float = strawberry.field(
        description="The median: at least 50 % of the operations took no longer than this."
    )
    p95: float = strawberry.field(
        description="The 95th percentile: at least 95 % of the operations took no longer than this."
    )


@strawberry.type(
    description=(
        "A group of operations with equal values of the requested keys. The fields of keys that "
        "were not requested are null."
    )
)
class InviteParticipantsOperationGroup:
    """One group and its size."""

    status: OperationStatus | None = strawberry.field(
        default=None, description="The `status` of the operations, if grouped by `STATUS`."
    )
    call_id: strawberry.ID | None = strawberry.field(
        default=None, description="The `callId` of the operations, if grouped by `CALL_ID`."
    )
    result_code: int | None = strawberry.field(
        default=None,
        description="The `resultInfo.code` of the operations, if grouped by `RESULT_CODE`.",
    )
    result_subcode: int | None = strawberry.field(
        default=None,
        description="The `resultInfo.subcode` of the operations, if grouped by `RESULT_SUBCODE`.",
    )
    result_message: str | None = strawberry.field(
        default=None,
        description="The `resultInfo.message` of the operations, if grouped by `RESULT_MESSAGE`.",
    )
    result_diag_code: str | None = strawberry.field(
        default=None,
        description="The diagnostic code of the operations, if grouped by `RESULT_DIAG_CODE`.",
    )
    identity_kind: IdentityKind | None = strawberry.field(
        default=None,
        description=(
            "A kind of identity that all of the operations have, if grouped by `IDENTITY_KIND`."
        ),
    )
    created_from: DateTime | None = strawberry.field(
        default=None,
        description=(
            "The start of the group's day, hour or minute, in UTC, if grouped by `CREATED_DAY`, "
            "`CREATED_HOUR` or `CREATED_MINUTE`; if grouped by several of them, of the shortest."
        ),
    )
    count: int = strawberry.field(description="The number of operations in the group, at least 1.")
    earliest: DateTime = strawberry.field(description="The earliest `createdAt` in the group.")
    latest: DateTime = strawberry.field(description="The latest `createdAt` in the group.")
    duration: DurationStatistics | None = strawberry.field(
        default=None,
        description=(
            "How long the operations took; null if none of them has ended. Computed only if "
            "selected."
        ),
    )
