"""Idempotency keys: a repeated request returns the result of the first one."""

from datetime import datetime, timedelta

from gateway.store import documents
from gateway.store.writes.rows import KeyUse, Rows
from schema.errors import IdempotencyError, MutationErrorCode, MutationFailure
from schema.inputs import CreateInviteParticipantsOperationInput
from schema.resource.operation import StoredOperation
from schema.scalars import date_time

KEY_LIFETIME = timedelta(hours=24)


def known(
    rows: Rows, given: CreateInviteParticipantsOperationInput, now: datetime
) -> StoredOperation | None:
    """Return the operation of an earlier request with the key, in its last state if deleted."""
    if given.idempotency_key is None:
        return None
    use = rows.key_use(given.idempotency_key, after=date_time(now - KEY_LIFETIME))
    if use is None:
        return None
    if use.fingerprint != documents.fingerprint(given):
        raise MutationFailure(
            IdempotencyError(
                code=MutationErrorCode.IDEMPOTENCY_MISMATCH,
                message="The idempotency key was used before, with another input. Send that input "
                "again, or another key.",
                path=["idempotencyKey"],
            )
        )
    current = rows.find(use.operation_id)
    return current.operation if current else use.operation


def remember(
    rows: Rows,
    given: CreateInviteParticipantsOperationInput,
    done: StoredOperation,
    now: datetime,
) -> None:
    """Store the idempotency key, if there is one, and delete some expired ones."""
    if given.idempotency_key is not None:
        use = KeyUse(documents.fingerprint(given), done.id, done)
        rows.remember(
            given.idempotency_key, use, at=date_time(now), expired=date_time(now - KEY_LIFETIME)
        )
