"""What resolvers need of the world outside: a store of operations, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from schema.errors import MutationFailure
from schema.filters import InviteParticipantsOperationFilter
from schema.groups import GroupKey, InviteParticipantsOperationGroup
from schema.inputs import (
    CreateInviteParticipantsOperationInput,
    DeleteInviteParticipantsOperationInput,
    UpdateInviteParticipantsOperationInput,
)
from schema.ordering import Order
from schema.paging import Page, Slice
from schema.resource.operation import StoredOperation


@dataclass(frozen=True)
class Upserted:
    """An operation made or changed by an upsert."""

    operation: StoredOperation
    created: bool


class OperationStore(Protocol):
    """Where operations are kept.

    A write that returns is durable; one that raises has changed nothing. Writes raise
    ``MutationFailure`` for what a client can act on.
    """

    async def get(self, operation_id: str) -> StoredOperation | None:
        """Return the operation with this id, or None."""

    async def get_many(self, operation_ids: Sequence[str]) -> list[StoredOperation | None]:
        """Return the operations with these ids, in their order, None where there is none."""

    async def page(
        self, where: InviteParticipantsOperationFilter | None, order: Order, part: Slice
    ) -> Page:
        """Return the part asked for of the operations that match, in order."""

    async def count(self, where: InviteParticipantsOperationFilter | None) -> int:
        """Return how many operations match."""

    async def groups(
        self, by: Sequence[GroupKey], where: InviteParticipantsOperationFilter | None, first: int
    ) -> list[InviteParticipantsOperationGroup]:
        """Return the largest groups of the operations that match, the largest first."""

    async def create(self, new: CreateInviteParticipantsOperationInput) -> StoredOperation:
        """Add an operation; with an idempotency key seen before, return the one made then."""

    async def create_many(
        self,
        inputs: Sequence[CreateInviteParticipantsOperationInput | MutationFailure],
        *,
        atomic: bool,
    ) -> list[StoredOperation | MutationFailure]:
        """Add operations in one go; a failure among the inputs is one already met.

        Atomic, all are added or none; otherwise each by itself.
        """

    async def upsert(self, new: CreateInviteParticipantsOperationInput) -> Upserted:
        """Add an operation, or change the one with its id by the fields given."""

    async def update(self, change: UpdateInviteParticipantsOperationInput) -> StoredOperation:
        """Change the fields given; if they hold the same already, change nothing."""

    async def delete(self, target: DeleteInviteParticipantsOperationInput) -> StoredOperation:
        """Remove an operation and return its last state."""
