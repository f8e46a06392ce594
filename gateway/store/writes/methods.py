"""The write methods of a store, over one that executes a write in a transaction."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from gateway.store.documents import Document, Put
from gateway.store.forwards import Forward
from gateway.store.reports import Applied, Report, forms
from gateway.store.writes import operations
from gateway.store.writes.reports import Reports
from gateway.store.writes.rows import Rows
from schema.errors import MutationFailure
from schema.inputs import (
    CreateInviteParticipantsOperationInput,
    DeleteInviteParticipantsOperationInput,
    UpdateInviteParticipantsOperationInput,
)
from schema.ports import Upserted
from schema.resource.operation import StoredOperation

T = TypeVar("T")
Input = (
    CreateInviteParticipantsOperationInput
    | DeleteInviteParticipantsOperationInput
    | UpdateInviteParticipantsOperationInput
)


class Write(NamedTuple, Generic[T]):
    """A write, and what determines the rows that it may read: inputs, reports, and an id.

    ``apply`` is called with the rows and the time: ``at``, or now.
    """

    apply: Callable[[Rows, datetime], T]
    inputs: Sequence[Input] = ()
    reports: Sequence[Report] = ()
    operation_id: str | None = None
    at: datetime | None = None

    def operation_ids(self) -> Iterator[str]:
        """Yield the ids of the operations that it may read."""
        if self.operation_id:
            yield self.operation_id
        yield from (each.id for each in self.inputs if each.id)
        for report in self.reports:
            if report.operation_id:
                yield from forms(report.operation_id)

    def idempotency_keys(self) -> Iterator[str]:
        """Yield the idempotency keys that it may read."""
        for each in self.inputs:
            if key := getattr(each, "idempotency_key", None):
                yield key


class WriteMethods(ABC):
    """The methods of a store that write."""

    @abstractmethod
    async def _execute(self, write: Write[T]) -> T:
        """Execute a write in a transaction, and notify listeners of the change log."""

    async def create(
        self, new: CreateInviteParticipantsOperationInput, *, at: datetime | None = None
    ) -> StoredOperation:
        """Create an operation, or return that of an earlier request with its idempotency key.

        Its creation time is ``at``, or now.
        """
        return await self._execute(
            Write(lambda rows, now: operations.create(rows, new, now), [new], at=at)
        )

    async def create_many(
        self,
        inputs: Sequence[CreateInviteParticipantsOperationInput | MutationFailure],
        *,
        atomic: bool,
    ) -> list[StoredOperation | MutationFailure]:
        """Create operations in one transaction; a failure among the inputs is an invalid input."""
        valid = [each for each in inputs if not isinstance(each, MutationFailure)]
        write = Write(
            lambda rows, now: operations.create_many(rows, inputs, now, atomic=atomic), valid
        )
        try:
            return await self._execute(write)
        except operations.AbortedAll as aborted:
            return aborted.outcomes

    async def upsert(self, new: CreateInviteParticipantsOperationInput) -> Upserted:
        """Create an operation, or change the given fields of the existing one."""
        return await self._execute(
            Write(lambda rows, now: operations.upsert(rows, new, now), [new])
        )

    async def update(
        self, change: UpdateInviteParticipantsOperationInput, *, at: datetime | None = None
    ) -> StoredOperation:
        """Change the given fields; change nothing if their values are the same.

        The time of the change is ``at``, or now.
        """
        return await self._execute(
            Write(lambda rows, now: operations.update(rows, change, now), [change], at=at)
        )

    async def delete(self, target: DeleteInviteParticipantsOperationInput) -> StoredOperation:
        """Remove an operation and return its last state."""
        return await self._execute(
            Write(lambda rows, now: operations.delete(rows, target, now), [target])
        )

    async def put(self, document: Document) -> Put:
        """Store a whole document, in place of the existing one with its id if they differ."""
        return await self._execute(
            Write(
                lambda rows, now: operations.put(rows, document, now), operation_id=document["id"]
            )
        )

    async def apply(
        self,
        reports: Sequence[Report],
        *,
        recreates: bool = False,
        forward: Forward | None = None,
        max_forwards: int = 0,
    ) -> Applied:
        """Apply reports of Microsoft Graph in one transaction, and return their outcomes."""
        given = Reports(reports, recreates, forward, max_forwards)
        return await self._execute(Write(given.apply, reports=reports))
