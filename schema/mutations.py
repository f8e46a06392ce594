"""The mutations."""

from typing import Annotated

import strawberry

from schema.access import needs
from schema.context import Info, Scope
from schema.errors import LimitExceeded
from schema.inputs import (
    CreateInviteParticipantsOperationInput,
    DeleteInviteParticipantsOperationInput,
    UpdateInviteParticipantsOperationInput,
)
from schema.payloads import (
    CreateInviteParticipantsOperationPayload,
    CreateInviteParticipantsOperationsPayload,
    DeleteInviteParticipantsOperationPayload,
    UpdateInviteParticipantsOperationPayload,
    UpsertInviteParticipantsOperationPayload,
    failures_as_data,
)

MAX_INPUTS = 1_000


@strawberry.type(
    description=(
        "The mutations. A successful mutation is durable when it returns; a failed one has changed "
        "nothing."
    )
)
class Mutation:
    """The root of mutations."""

    @strawberry.mutation(description="Create an operation.")
    @needs(Scope.WRITE)
    @failures_as_data(CreateInviteParticipantsOperationPayload)
    async def create_invite_participants_operation(
        self,
        info: Info,
        input: Annotated[
            CreateInviteParticipantsOperationInput,
            strawberry.argument(description="The operation to create."),
        ],
    ) -> CreateInviteParticipantsOperationPayload:
        return CreateInviteParticipantsOperationPayload(
            operation=await info.context.store.create(input)
        )

    @strawberry.mutation(
        description="Create several operations, at most 1,000, in one transaction."
    )
    @needs(Scope.WRITE)
    async def create_invite_participants_operations(
        self,
        info: Info,
        inputs: Annotated[
            list[CreateInviteParticipantsOperationInput],
            strawberry.argument(description="The operations to create, at most 1,000."),
        ],
        atomic: Annotated[
            bool,
            strawberry.argument(
                description=(
                    "Whether to create all operations or none; if false, each is created "
                    "independently of the others."
                )
            ),
        ] = True,
    ) -> CreateInviteParticipantsOperationsPayload:
        if len(inputs) > MAX_INPUTS:
            raise LimitExceeded(
                f"'inputs' has {len(inputs):,} operations, and the limit is {MAX_INPUTS:,}. Send "
                "several requests.",
                limit="inputs",
                value=MAX_INPUTS,
                requested=len(inputs),
            )
        outcomes = await info.context.store.create_many(inputs, atomic=atomic)
        return CreateInviteParticipantsOperationsPayload(
            results=[
                CreateInviteParticipantsOperationPayload.of(["inputs", str(index)], outcome)
                for index, outcome in enumerate(outcomes)
            ]
        )

    @strawberry.mutation(
        description="Create an operation or, if one with this id exists, change its given fields."
    )
    @needs(Scope.WRITE)
    @failures_as_data(UpsertInviteParticipantsOperationPayload)
    async def upsert_invite_participants_operation(
        self,
        info: Info,
        input: Annotated[
            CreateInviteParticipantsOperationInput,
            strawberry.argument(description="The operation to create or change."),
        ],
    ) -> UpsertInviteParticipantsOperationPayload:
        upserted = await info.context.store.upsert(input)
        return UpsertInviteParticipantsOperationPayload(
            operation=upserted.operation, created=upserted.created
        )

    @strawberry.mutation(
        description=(
            "Change an operation. If all given values are those that it already has, its version "
            "stays the same."
        )
    )
    @needs(Scope.WRITE)
    @failures_as_data(UpdateInviteParticipantsOperationPayload)
    async def update_invite_participants_operation(
        self,
        info: Info,
        input: Annotated[
            UpdateInviteParticipantsOperationInput,
            strawberry.argument(description="The change."),
        ],
    ) -> UpdateInviteParticipantsOperationPayload:
        return UpdateInviteParticipantsOperationPayload(
            operation=await info.context.store.update(input)
        )

    @strawberry.mutation(description="Delete an operation.")
    @needs(Scope.WRITE)
    @failures_as_data(DeleteInviteParticipantsOperationPayload)
    async def delete_invite_participants_operation(
        self,
        info: Info,
        input: Annotated[
            DeleteInviteParticipantsOperationInput,
            strawberry.argument(description="The operation to delete."),
        ],
    ) -> DeleteInviteParticipantsOperationPayload:
        await info.context.store.delete(input)
        return DeleteInviteParticipantsOperationPayload(deleted_id=input.id)
