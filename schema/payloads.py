"""The payloads of mutations: the result, and expected failures as data."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import wraps
from typing import TypeVar

import strawberry

from schema.context import Info
from schema.errors import MutationError, MutationFailure
from schema.resource.operation import InviteParticipantsOperation, StoredOperation

PayloadT = TypeVar("PayloadT")

ERRORS = "Why nothing was changed; empty on success."


def errors_at(path: list[str], failure: MutationFailure) -> list[MutationError]:
    """Return the errors of a failure with their paths under that of the input."""
    return [replace(error, path=[*path, *error.path]) for error in failure.errors]


@strawberry.type(description="The result of creating an operation.")
class CreateInviteParticipantsOperationPayload:
    """One creation."""

    operation: StoredOperation | None = strawberry.field(
        graphql_type=InviteParticipantsOperation | None,
        default=None,
        description="The created operation; null on failure.",
    )
    errors: list[MutationError] = strawberry.field(default_factory=list, description=ERRORS)

    @classmethod
    def of(
        cls, path: list[str], outcome: StoredOperation | MutationFailure
    ) -> "CreateInviteParticipantsOperationPayload":
        """Return the payload of the input at ``path``."""
        if isinstance(outcome, MutationFailure):
            return cls(errors=errors_at(path, outcome))
        return cls(operation=outcome)


@strawberry.type(description="The result of creating several operations.")
class CreateInviteParticipantsOperationsPayload:
    """Several creations."""

    results: list[CreateInviteParticipantsOperationPayload] = strawberry.field(
        description="The result of each input, in the order of the inputs."
    )

    @strawberry.field(description="The number of created operations.")
    def created_count(self) -> int:
        return sum(result.operation is not None for result in self.results)


@strawberry.type(description="The result of creating or changing an operation.")
class UpsertInviteParticipantsOperationPayload:
    """One upsert."""

    operation: StoredOperation | None = strawberry.field(
        graphql_type=InviteParticipantsOperation | None,
        default=None,
        description="The current operation; null on failure.",
    )
    created: bool = strawberry.field(
        default=False, description="Whether the operation was created by this request."
    )
    errors: list[MutationError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="The result of changing an operation.")
class UpdateInviteParticipantsOperationPayload:
    """One update."""

    operation: StoredOperation | None = strawberry.field(
        graphql_type=InviteParticipantsOperation | None,
        default=None,
        description="The current operation; null on failure.",
    )
    errors: list[MutationError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="The result of deleting an operation.")
class DeleteInviteParticipantsOperationPayload:
    """One deletion."""

    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the deleted operation; null on failure."
    )
    errors: list[MutationError] = strawberry.field(default_factory=list, description=ERRORS)


def failures_as_data(
    payload: Callable[..., PayloadT],
) -> Callable[[Callable[..., Awaitable[PayloadT]]], Callable[..., Awaitable[PayloadT]]]:
    """Make a resolver return a ``payload`` with the errors of a ``MutationFailure``."""

    def decorate(
        resolve: Callable[..., Awaitable[PayloadT]],
    ) -> Callable[..., Awaitable[PayloadT]]:
        @wraps(resolve)
        async def resolve_or_show(self: object, info: Info, **arguments: object) -> PayloadT:
            try:
                if isinstance(arguments["input"], MutationFailure):
                    raise arguments["input"]
                return await resolve(self, info, **arguments)
            except MutationFailure as failure:
                return payload(errors=errors_at(["input"], failure))

        return resolve_or_show

    return decorate
