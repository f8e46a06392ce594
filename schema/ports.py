"""What resolvers need of the world outside: a store of operations and its change log."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from schema.changes import Change, ChangePage, ChangeSlice, LogBounds
from schema.errors import MutationFailure
from schema.filters import InviteParticipantsOperationFilter
from schema.groups import GroupKey, InviteParticipantsOperationGroup
from schema.inputs import (
    CreateInviteParticipantsOperationInput,
    DeleteInviteParticipantsOperationInput,
    UpdateInviteParticipantsOperationInput,
)
from schema.ordering import Order
from schema.paging import Page, Position, Slice
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


class ChangeMatcher(Protocol):
    """A filter to test changes with: one matches if its operation does before or after."""

    weight: int
    """The cost of a test for each byte of documents."""

    def matches(self, change: Change) -> bool:
        """Return whether a change matches."""

    def match_steps(self, change: Change) -> Iterator[bool]:
        """Do what ``matches`` does in short steps; the last value is the result."""


class ChangeLog(Protocol):
    """All changes to operations, in the order in which they were made.

    Every write of an operation appends to it in its own transaction. Old changes are pruned.
    Reading raises ``CursorExpired`` or ``BadUserInput`` for a position it cannot read after.
    """

    async def changes(
        self, where: InviteParticipantsOperationFilter | None, part: ChangeSlice
    ) -> ChangePage:
        """Return changes whose operation matches before or after; a page scans a bounded part."""

    async def history(self, operation_id: str, part: ChangeSlice) -> ChangePage:
        """Return changes of the operations that have or had an id, one operation after another."""

    async def bounds(self) -> LogBounds:
        """Return its bounds: as long as they stay the same, so does everything that is stored."""

    async def position(self) -> Position:
        """Return the position after the newest change."""

    def matcher(self, where: InviteParticipantsOperationFilter) -> ChangeMatcher:
        """Compile a filter for changes.

        Raises ``LimitExceeded`` for a filter that is too large or too deep.
        """

    def watch(self) -> AbstractContextManager[asyncio.Event]:
        """Return an event that is set, inside the block, whenever there may be new changes.

        Clear the event, read, and wait for it only if there was nothing new.
        """
