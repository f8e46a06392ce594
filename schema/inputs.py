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
        description="The id of the call people are invited into. 1 to 1,024 characters.",
    )
    client_context: ClientContext | None = Field(
        default_factory=absent,
        description="A text to recognise the operation by. At most 256 characters.",
    )
    result_info: ResultInfoInput | None = Field(
        default_factory=absent, description="How the operation ended. Replaced as a whole."
    )
    additional_properties: OperationProperties | None = Field(
        default_factory=absent,
        description=(
            "Undeclared properties of the operation as one JSON object of at most 16 KiB. Replaced "
            "as a whole."
        ),
    )


@_mutation_input
@strawberry.pydantic.input(
    description=(
        "An operation to create. Where an upsert meets an operation with this id, a field left out "
        "stays as it is, and null clears it."
    )
)
class CreateInviteParticipantsOperationInput(OperationContent):
    """The input of a creation."""

    id: OperationId | None = Field(
        default_factory=absent,
        description=(
            "The id to give it, such as Microsoft Graph's own. 1 to 128 characters. Left out or "
            "null, a UUIDv7 is made."
        ),
    )
    status: OperationStatus | None = Field(
        default_factory=absent,
        description=(
            "The status. Left out or null: `NotStarted` for a new operation, and in an upsert the "
            "status there is."
        ),
    )
    participants: Participants | None = Field(
        default_factory=absent,
        description=(
            "The participants, at most 200. Left out or null: none for a new operation, and in an "
            "upsert those there are."
        ),
    )
    idempotency_key: IdempotencyKey | None = Field(
        default_factory=absent,
        description=(
            "A text of your own, 1 to 1,024 characters, that makes the request safe to repeat for "
            "24 hours: the same key with the same input gives the operation made the first time."
        ),
    )


@_mutation_input
@strawberry.pydantic.input(
    description=(
        "A change of an operation. A field left out stays as it is; null clears it where it is "
        "nullable."
    )
)
class UpdateInviteParticipantsOperationInput(OperationContent):
    """The input of a change."""

    id: strawberry.ID = Field(description="The id of the operation to change.")
    if_version: Int32 | None = Field(
        default_factory=absent,
        description=(
            "Change it only at this version; at another one the answer is a `ConflictError` with "
            "the operation as it is. Left out or null, it is changed whatever its version."
        ),
    )
    status: Maybe[OperationStatus] = Field(description="The status. It cannot be null.")
    participants: Maybe[Participants] = Field(
        description="The participants, replaced as a whole, at most 200. Empty for none, not null."
    )


@_mutation_input
@strawberry.pydantic.input(description="The operation to delete.")
class DeleteInviteParticipantsOperationInput(Model):
    """The input of a deletion."""

    id: strawberry.ID = Field(description="The id of the operation to delete.")
    if_version: Int32 | None = Field(
        default_factory=absent,
        description=(
            "Delete it only at this version; at another one the answer is a `ConflictError` with "
            "the operation as it is. Left out or null, it is deleted whatever its version."
        ),
    )
