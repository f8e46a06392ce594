"""What resolvers need of the world outside: a store of operations and its change log."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from schema.changes import Change, ChangePage, Span, Stretch
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


class Matching(Protocol):
    """What tells of changes whether their operation matches a filter before or after."""

    weight: int
    """How much it takes to tell it, for each byte of documents."""

    def takes(self, change: Change) -> bool:
        """Tell it at once."""

    def steps(self, change: Change) -> Iterator[bool]:
        """Tell it in short steps: it is what the last one says."""


class ChangeLog(Protocol):
    """What happened to operations, in the order in which it came about.

    Every write of an operation appends to it in its own transaction. Old changes are let go.
    Reading raises ``CursorExpired`` or ``BadUserInput`` for a place it cannot go on from.
    """

    async def changes(
        self, where: InviteParticipantsOperationFilter | None, stretch: Stretch
    ) -> ChangePage:
        """Return changes whose operation matches before or after; look at not too many."""

    async def history(self, operation_id: str, stretch: Stretch) -> ChangePage:
        """Return changes of one operation, or of several one after another with that id."""

    async def held(self) -> Span:
        """Return what it holds: as long as that stays the same, so does all that can be read."""

    async def position(self) -> Position:
        """Return the place after the newest change."""

    def matching(self, where: InviteParticipantsOperationFilter) -> Matching:
        """Return what tells of a change whether its operation matches before or after.

        Raises ``LimitExceeded`` for a filter that is too large or too deep.
        """

    def watch(self) -> AbstractContextManager[asyncio.Event]:
        """Set an event, as long as the block lasts, each time when there may be new changes.

        It is a hint: what there is, reading tells. Who waits clears the event before reading.
        """
