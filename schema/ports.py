"""The ports of resolvers: a store of operations and its change log."""

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
    """An operation that was created or changed by an upsert."""

    operation: StoredOperation
    created: bool


class OperationStore(Protocol):
    """A store of operations.

    A write is durable when it returns, and has changed nothing if it raises. Writes raise
    ``MutationFailure`` for failures that a client can act on.
    """

    async def get(self, operation_id: str) -> StoredOperation | None:
        """Return an operation by its id, or None."""

    async def get_many(self, operation_ids: Sequence[str]) -> list[StoredOperation | None]:
        """Return operations by their ids, in the same order; None for a missing one."""

    async def page(
        self,
        where: InviteParticipantsOperationFilter | None,
        order: Order,
        part: Slice,
        fields: tuple[str, ...] | None = None,
    ) -> Page:
        """Return a slice of the operations that match, in order.

        If ``fields`` is given, documents may lack all others, and have null where a field has no
        value.
        """

    async def count(self, where: InviteParticipantsOperationFilter | None) -> int:
        """Return how many operations match."""

    async def groups(
        self,
        by: Sequence[GroupKey],
        where: InviteParticipantsOperationFilter | None,
        first: int,
        *,
        with_duration: bool = False,
    ) -> list[InviteParticipantsOperationGroup]:
        """Return the largest groups of the operations that match, the largest first.

        Their durations are computed only if asked for.
        """

    async def create(self, new: CreateInviteParticipantsOperationInput) -> StoredOperation:
        """Create an operation, or return that of an earlier request with its idempotency key."""

    async def create_many(
        self,
        inputs: Sequence[CreateInviteParticipantsOperationInput | MutationFailure],
        *,
        atomic: bool,
    ) -> list[StoredOperation | MutationFailure]:
        """Create operations in one transaction; a failure among the inputs is an invalid input.

        If ``atomic``, all are created or none; otherwise each by itself.
        """

    async def upsert(self, new: CreateInviteParticipantsOperationInput) -> Upserted:
        """Create an operation, or change the given fields of the existing one."""

    async def update(self, change: UpdateInviteParticipantsOperationInput) -> StoredOperation:
        """Change the given fields; change nothing if their values are the same."""

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
