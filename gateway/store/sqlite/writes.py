"""The writes, each run by the writer inside a transaction of its own."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import cast

from gateway.store import documents
from gateway.store.sqlite import changes, idempotency
from gateway.store.sqlite.rows import Row, find, find_row
from schema.changes import ChangeKind
from schema.errors import (
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
    connection: sqlite3.Connection, given: CreateInviteParticipantsOperationInput, now: datetime
) -> StoredOperation:
    """Add an operation, unless its idempotency key tells that it was added before."""
    if known := idempotency.known(connection, given, now):
        return known
    if given.id and (current := find(connection, given.id)):
        raise MutationFailure(
            AlreadyExistsError(
                code=MutationErrorCode.ALREADY_EXISTS,
                message=f"An operation with the id {excerpt(given.id)} exists already. Give "
                "another id, or update that one.",
                path=["id"],
                current=current,
            )
        )
    at = date_time(now)
    created = _insert(connection, documents.new(given, at), at)
    idempotency.remember(connection, given, created, now)
    return created


class AbortedAll(Exception):
    """An atomic request of which some inputs failed: all is to be undone."""

    def __init__(self, outcomes: list[StoredOperation | MutationFailure]) -> None:
        super().__init__()
        self.outcomes = outcomes


def create_many(
    connection: sqlite3.Connection,
    inputs: Sequence[CreateInviteParticipantsOperationInput | MutationFailure],
    now: datetime,
    *,
    atomic: bool,
) -> list[StoredOperation | MutationFailure]:
    """Add operations; raise ``AbortedAll`` if all were wanted and one failed."""
    outcomes: list[StoredOperation | MutationFailure] = []
    made: set[str] = set()
    for given in inputs:
        try:
            if isinstance(given, MutationFailure):
                raise given
            if atomic and given.id and given.id in made and not given.idempotency_key:
                raise _given_twice(given.id)
            outcomes.append(create(connection, given, now))
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


def upsert(
    connection: sqlite3.Connection, given: CreateInviteParticipantsOperationInput, now: datetime
) -> Upserted:
    """Add an operation, or change the one with its id by the fields given.

    One whose idempotency key tells that it was done before is not done again.
    """
    if known := idempotency.known(connection, given, now):
        return Upserted(known, created=False)
    current = find_row(connection, given.id) if given.id else None
    if current is None:
        return Upserted(create(connection, given, now), created=True)
    changed = _change(connection, current, documents.content(given), date_time(now))
    idempotency.remember(connection, given, changed, now)
    return Upserted(changed, created=False)


def update(
    connection: sqlite3.Connection, given: UpdateInviteParticipantsOperationInput, now: datetime
) -> StoredOperation:
    """Change the fields given of an operation."""
    current = _expected(connection, given.id, given.if_version)
    return _change(connection, current, documents.content(given), date_time(now))


def delete(
    connection: sqlite3.Connection, given: DeleteInviteParticipantsOperationInput, now: datetime
) -> StoredOperation:
    """Remove an operation and return its last state."""
    current = _expected(connection, given.id, given.if_version)
    connection.execute("DELETE FROM operations WHERE seq = ?", (current.seq,))
    changes.append(connection, ChangeKind.DELETED, current, date_time(now))
    return current.operation


def _insert(
    connection: sqlite3.Connection, document: documents.Document, now: DateTime
) -> StoredOperation:
    """Add a document as it is."""
    stored = documents.write(document)
    inserted = connection.execute(
        "INSERT INTO operations (document) VALUES (?)", (stored.document.decode(),)
    )
    row = Row(cast("int", inserted.lastrowid), stored)
    _identify(connection, row.seq, document)
    changes.append(connection, ChangeKind.CREATED, row, now)
    return stored


def _overwrite(
    connection: sqlite3.Connection, seq: int, changed: documents.Changed, now: DateTime
) -> StoredOperation:
    """Put the next version of a document in the place of the one there is."""
    stored = documents.write(changed.document)
    connection.execute(
        "UPDATE operations SET document = ? WHERE seq = ?", (stored.document.decode(), seq)
    )
    if "participants" in changed.before:
        connection.execute("DELETE FROM identities WHERE operation_seq = ?", (seq,))
        _identify(connection, seq, changed.document)
    changes.append(connection, ChangeKind.UPDATED, Row(seq, stored), now, changed.before)
    return stored


def _identify(connection: sqlite3.Connection, seq: int, document: documents.Document) -> None:
    """Note whom an operation invites, for an index to find it by."""
    connection.executemany(
        "INSERT OR IGNORE INTO identities (id, kind, operation_seq) VALUES (?, ?, ?)",
        [(id_, kind, seq) for id_, kind in documents.identities(document)],
    )


def _change(
    connection: sqlite3.Connection, row: Row, given: documents.Document, now: DateTime
) -> StoredOperation:
    changed = documents.changed(documents.read(row.operation), given, now)
    return row.operation if changed is None else _overwrite(connection, row.seq, changed, now)


def _expected(connection: sqlite3.Connection, operation_id: str, if_version: int | None) -> Row:
    """Return the operation with this id, if it is at the version expected."""
    row = find_row(connection, operation_id)
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


def put(
    connection: sqlite3.Connection, document: documents.Document, now: datetime
) -> documents.Put:
    """Put a whole document in the place of the one with its id, if there is one and it differs."""
    current, at = find_row(connection, document["id"]), date_time(now)
    if current is None:
        _insert(connection, document, at)
        return documents.Put.CREATED
    replaced = documents.replaced(documents.read(current.operation), document, at)
    if replaced is None:
        return documents.Put.UNCHANGED
    _overwrite(connection, current.seq, replaced, at)
    return documents.Put.UPDATED
