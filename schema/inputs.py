"""The inputs of mutations."""

from collections.abc import Mapping
from typing import Annotated, Any

import strawberry
from pydantic import BaseModel, Field
from strawberry import Maybe
from strawberry.types.arguments import InputContext

from schema.constraints import (
    MAX_PARTICIPANTS,
    CallId,
    ClientContext,
    IdempotencyKey,
    Int32,
    OperationId,
    OperationProperties,
)
from schema.errors import MutationErrorCode, MutationFailure, ValidationError
from schema.resource.base import Model, absent
from schema.resource.operation import OperationStatus
from schema.resource.participant import InvitationParticipantInfoInput
from schema.resource.result_info import ResultInfoInput
from schema.validation import InputT, InvalidInput, read_input

Participants = Annotated[list[InvitationParticipantInfoInput], Field(max_length=MAX_PARTICIPANTS)]


def _model_or_failure(
    model: type[BaseModel], value: Mapping[str, Any], _context: InputContext
) -> BaseModel | MutationFailure:
    """Validate an input; return a failure in its place if it is invalid.

    So the failure is in the payload, and an invalid input of many does not fail the others.
    """
    try:
        return read_input(model, value)
    except InvalidInput as invalid:
        return MutationFailure(
            *(
                ValidationError(
                    code=MutationErrorCode.INVALID,
                    message=problem.message,
                    path=[str(step) for step in problem.path],
                )
                for problem in invalid.problems
            )
        )


def _mutation_input(model: type[InputT]) -> type[InputT]:
    model.__strawberry_definition__.from_input = _model_or_failure  # type: ignore[attr-defined]
    return model


class OperationContent(Model):
    """The fields of an operation that both creating and changing accept."""

    call_id: CallId | None = Field(
        default_factory=absent,
        description=(
            "The id of the call that the participants are invited into. 1 to 1,024 characters."
        ),
    )
    client_context: ClientContext | None = Field(
        default_factory=absent,
        description=(
            "A text of the client's choice to recognise the operation by. At most 256 characters."
        ),
    )
    result_info: ResultInfoInput | None = Field(
        default_factory=absent,
        description="The result of the operation. It is replaced as a whole.",
    )
    additional_properties: OperationProperties | None = Field(
        default_factory=absent,
        description=(
            "Undeclared properties of the operation, as one JSON object of at most 16 KiB. It is "
            "replaced as a whole."
        ),
    )


@_mutation_input
@strawberry.pydantic.input(
    description=(
        "An operation to create. If an upsert finds an operation with this id, an omitted field "
        "keeps its value, and null clears it."
    )
)
class CreateInviteParticipantsOperationInput(OperationContent):
    """The input of a creation."""

    id: OperationId | None = Field(
        default_factory=absent,
        description=(
            "The id of the operation, such as that of Microsoft Graph. 1 to 128 characters. If "
            "omitted or null, a UUIDv7 is generated."
        ),
    )
    status: OperationStatus | None = Field(
        default_factory=absent,
        description=(
            "The status. If omitted or null, a new operation is `NotStarted`, and an existing one "
            "keeps its status."
        ),
    )
    participants: Participants | None = Field(
        default_factory=absent,
        description=(
            "The participants, at most 200. If omitted or null, a new operation has none, and an "
            "existing one keeps its participants."
        ),
    )
    idempotency_key: IdempotencyKey | None = Field(
        default_factory=absent,
        description=(
            "A text of the client's choice, 1 to 1,024 characters, that makes the request safe to "
            "repeat for 24 hours: with the same key and input, the operation of the first request "
            "is returned."
        ),
    )


@_mutation_input
@strawberry.pydantic.input(
    description=(
        "A change to an operation. An omitted field keeps its value; null clears it if it is "
        "nullable."
    )
)
class UpdateInviteParticipantsOperationInput(OperationContent):
    """The input of a change."""

    id: strawberry.ID = Field(description="The id of the operation to change.")
    if_version: Int32 | None = Field(
        default_factory=absent,
        description=(
            "Change the operation only if it has this version; otherwise the result is a "
            "`ConflictError` with the current operation. If omitted or null, any version is "
            "changed."
        ),
    )
    status: Maybe[OperationStatus] = Field(description="The status. It cannot be null.")
    participants: Maybe[Participants] = Field(
        description=(
            "The participants, at most 200. The list is replaced as a whole; give an empty one, "
            "not null, to remove all."
        )
    )


@_mutation_input
@strawberry.pydantic.input(description="The operation to delete.")
class DeleteInviteParticipantsOperationInput(Model):
    """The input of a deletion."""

    id: strawberry.ID = Field(description="The id of the operation to delete.")
    if_version: Int32 | None = Field(
        default_factory=absent,
        description=(
            "Delete the operation only if it has this version; otherwise the result is a "
            "`ConflictError` with the current operation. If omitted or null, any version is "
            "deleted."
        ),
    )
