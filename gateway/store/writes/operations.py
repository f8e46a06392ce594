"""The effects of creating, changing and deleting operations."""

from collections.abc import Sequence
from datetime import datetime

from gateway.store import documents
from gateway.store.writes import idempotency
from gateway.store.writes.rows import Row, Rows
from schema.errors import (
    AbortedError,
    AlreadyExistsError,
    ConflictError,
    MutationErrorCode,
    MutationFailure,
    NotFoundError,
    ValidationError,
)
from schema.excerpts import excerpt
from schema.inputs import (
    CreateInviteParticipantsOperationInput,
    DeleteInviteParticipantsOperationInput,
    UpdateInviteParticipantsOperationInput,
)
from schema.ports import Upserted
from schema.resource.operation import StoredOperation
from schema.scalars import DateTime, date_time


def create(
    rows: Rows, given: CreateInviteParticipantsOperationInput, now: datetime
) -> StoredOperation:
    """Create an operation, or return that of an earlier request with its idempotency key."""
    if known := idempotency.known(rows, given, now):
        return known
    if given.id and (current := rows.find(given.id)):
        raise MutationFailure(
            AlreadyExistsError(
                code=MutationErrorCode.ALREADY_EXISTS,
                message=f"An operation with the id {excerpt(given.id)} exists already. Give "
                "another id, or update that one.",
                path=["id"],
                current=current.operation,
            )
        )
    at = date_time(now)
    created = rows.insert(documents.new(given, at), at)
    idempotency.remember(rows, given, created, now)
    return created


class AbortedAll(Exception):
    """An atomic request with failed inputs, which is rolled back.

    ``outcomes`` has a failure for each input.
    """

    def __init__(self, outcomes: Sequence[StoredOperation | MutationFailure]) -> None:
        super().__init__()
        self.outcomes: list[StoredOperation | MutationFailure] = [
            outcome if isinstance(outcome, MutationFailure) else _ABORTED for outcome in outcomes
        ]


_ABORTED = MutationFailure(
    AbortedError(
        code=MutationErrorCode.ABORTED,
        message="Not created, because another input of this request failed. Correct that one, or "
        "send the request with 'atomic' false.",
        path=[],
    )
)


def create_many(
    rows: Rows,
    inputs: Sequence[CreateInviteParticipantsOperationInput | MutationFailure],
    now: datetime,
    *,
    atomic: bool,
) -> list[StoredOperation | MutationFailure]:
    """Create operations; raise ``AbortedAll`` if ``atomic`` and one failed."""
    outcomes: list[StoredOperation | MutationFailure] = []
    made: set[str] = set()
    for given in inputs:
        try:
            if isinstance(given, MutationFailure):
                raise given
            if atomic and given.id and given.id in made and not given.idempotency_key:
                raise _given_twice(given.id)
            outcomes.append(create(rows, given, now))
            made |= {given.id} if given.id else set()
        except MutationFailure as failure:
            outcomes.append(failure)
    if atomic and any(isinstance(outcome, MutationFailure) for outcome in outcomes):
        raise AbortedAll(outcomes)
    return outcomes


def _given_twice(operation_id: str) -> MutationFailure:
    return MutationFailure(
        ValidationError(
            code=MutationErrorCode.INVALID,
            message=f"The id {excerpt(operation_id)} is given twice in this request. Give each "
            "operation an id of its own.",
            path=["id"],
        )
    )


def upsert(rows: Rows, given: CreateInviteParticipantsOperationInput, now: datetime) -> Upserted:
    """Create an operation, or change the given fields of the existing one.

    A repeated request, by its idempotency key, has no effect.
    """
    if known := idempotency.known(rows, given, now):
        return Upserted(known, created=False)
    current = rows.find(given.id) if given.id else None
    if current is None:
        return Upserted(create(rows, given, now), created=True)
    changed = _change(rows, current, documents.changes(given), date_time(now))
    idempotency.remember(rows, given, changed, now)
    return Upserted(changed, created=False)


def update(
    rows: Rows, given: UpdateInviteParticipantsOperationInput, now: datetime
) -> StoredOperation:
    """Change the given fields of an operation."""
    current = _expected(rows, given.id, given.if_version)
    return _change(rows, current, documents.changes(given), date_time(now))


def delete(
    rows: Rows, given: DeleteInviteParticipantsOperationInput, now: datetime
) -> StoredOperation:
    """Remove an operation and return its last state."""
    current = _expected(rows, given.id, given.if_version)
    rows.remove(current, date_time(now))
    return current.operation


def _change(rows: Rows, row: Row, given: documents.Document, now: DateTime) -> StoredOperation:
    changed = documents.changed(documents.read(row.operation), given, now)
    return row.operation if changed is None else rows.overwrite(row, changed, now)


def _expected(rows: Rows, operation_id: str, if_version: int | None) -> Row:
    """Return the operation with this id, if it has the expected version."""
    row = rows.find(operation_id)
    if row is None:
        raise MutationFailure(
            NotFoundError(
                code=MutationErrorCode.NOT_FOUND,
                message=f"No operation has the id {excerpt(operation_id)}. It may have been "
                "deleted.",
                path=["id"],
            )
        )
    current = row.operation
    if if_version is not None and if_version != current.version:
        raise MutationFailure(
            ConflictError(
                code=MutationErrorCode.CONFLICT,
                message=f"The operation is at version {current.version}, not {if_version}. Read "
                "'current', and try again with its version.",
                path=["ifVersion"],
                current=current,
            )
        )
    return row


def put(rows: Rows, document: documents.Document, now: datetime) -> documents.Put:
    """Store a whole document, in place of the existing one with its id if they differ."""
    current, at = rows.find(document["id"]), date_time(now)
    if current is None:
        rows.insert(document, at)
        return documents.Put.CREATED
    replaced = documents.replaced(documents.read(current.operation), document, at)
    if replaced is None:
        return documents.Put.UNCHANGED
    rows.overwrite(current, replaced, at)
    return documents.Put.UPDATED
