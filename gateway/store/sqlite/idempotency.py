"""Idempotency keys: what was done with one is known for a while, and not done again."""

import sqlite3
from datetime import datetime, timedelta

from gateway.store import documents
from gateway.store.sqlite.rows import find
from schema.errors import IdempotencyError, MutationErrorCode, MutationFailure
from schema.inputs import CreateInviteParticipantsOperationInput
from schema.resource.operation import StoredOperation
from schema.scalars import date_time

KEY_LIFETIME = timedelta(hours=24)
PRUNED_AT_ONCE = 100


def known(
    connection: sqlite3.Connection, given: CreateInviteParticipantsOperationInput, now: datetime
) -> StoredOperation | None:
    """Return the operation an idempotency key stands for: as it is or, if deleted, as it was."""
    if given.idempotency_key is None:
        return None
    row = connection.execute(
        "SELECT fingerprint, operation_id, document FROM idempotency_keys"
        " WHERE key = ? AND created_at > ?",
        (given.idempotency_key, date_time(now - KEY_LIFETIME)),
    ).fetchone()
    if row is None:
        return None
    fingerprint, operation_id, document = row
    if fingerprint != documents.fingerprint(given):
        raise MutationFailure(
            IdempotencyError(
                code=MutationErrorCode.IDEMPOTENCY_MISMATCH,
                message="The idempotency key was used before, with another input. Send that input "
                "again, or another key.",
                path=["idempotencyKey"],
            )
        )
    return find(connection, operation_id.decode()) or StoredOperation(document)


def remember(
    connection: sqlite3.Connection,
    given: CreateInviteParticipantsOperationInput,
    done: StoredOperation,
    now: datetime,
) -> None:
    """Keep the idempotency key, if there is one, and let go of some that are too old."""
    if given.idempotency_key is None:
        return
    connection.execute(
        "DELETE FROM idempotency_keys WHERE key IN"
        " (SELECT key FROM idempotency_keys WHERE created_at <= ? LIMIT ?)",
        (date_time(now - KEY_LIFETIME), PRUNED_AT_ONCE),
    )
    connection.execute(
        "INSERT OR REPLACE INTO idempotency_keys"
        " (key, fingerprint, operation_id, document, created_at) VALUES (?, ?, ?, ?, ?)",
        (
            given.idempotency_key,
            documents.fingerprint(given),
            done.id,
            done.document.decode(),
            date_time(now),
        ),
    )
