"""Writing the changes of a batch of writes to the tables, in few statements."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import asyncpg

from gateway.store.postgres import forwards
from gateway.store.postgres.columns import index_key
from gateway.store.postgres.rows import LoadedRows

MAX_EXPIRED = 100
"""How many expired idempotency keys a batch deletes."""

_DELETE = "DELETE FROM operations WHERE seq = ANY ($1::bigint[])"

_WRITE = """
WITH written AS (
  INSERT INTO operations (
    seq, id, call_id, client_context, status, result_code, result_subcode, result_message,
    result_diag_code, participant_count, identity_kinds, version, created_at, updated_at,
    ended_at, duration, client_context_folded, result_message_folded, participants, document)
  SELECT * FROM unnest(
    $1::bigint[], $2::text[], $3::text[], $4::text[], $5::int[], $6::bigint[], $7::bigint[],
    $8::text[], $9::text[], $10::int[], $11::int[], $12::int[], $13::text[], $14::text[],
    $15::text[], $16::bigint[], $17::text[], $18::text[], $19::jsonb[], $20::bytea[])
  {on_conflict}
), removed_identities AS (
  DELETE FROM identities
  USING unnest($21::text[], $22::text[], $23::bigint[]) AS each (id, kind, seq)
  WHERE identities.id = each.id AND identities.kind = each.kind
    AND identities.operation_seq = each.seq
), new_identities AS (
  INSERT INTO identities (id, kind, operation_seq)
  SELECT * FROM unnest($24::text[], $25::text[], $26::bigint[])
), used_keys AS (
  INSERT INTO idempotency_keys (key, fingerprint, operation_id, document, created_at)
  SELECT * FROM unnest($27::text[], $28::bytea[], $29::text[], $30::bytea[], $31::text[])
  ON CONFLICT (key) DO UPDATE SET
    fingerprint = excluded.fingerprint, operation_id = excluded.operation_id,
    document = excluded.document, created_at = excluded.created_at
)
INSERT INTO changes (position, operation_seq, operation_id, kind, at, version, before, document)
SELECT * FROM unnest(
  $32::bigint[], $33::bigint[], $34::text[], $35::int[], $36::text[], $37::int[], $38::bytea[],
  $39::bytea[])
"""

_INSERT = _WRITE.format(on_conflict="")
"""Writes a batch whose operations are all new."""
_INSERT_OR_REPLACE = _WRITE.format(
    on_conflict="""
  ON CONFLICT (seq) DO UPDATE SET
    call_id = excluded.call_id, client_context = excluded.client_context,
    status = excluded.status, result_code = excluded.result_code,
    result_subcode = excluded.result_subcode, result_message = excluded.result_message,
    result_diag_code = excluded.result_diag_code,
    participant_count = excluded.participant_count, identity_kinds = excluded.identity_kinds,
    version = excluded.version, created_at = excluded.created_at,
    updated_at = excluded.updated_at, ended_at = excluded.ended_at, duration = excluded.duration,
    client_context_folded = excluded.client_context_folded,
    result_message_folded = excluded.result_message_folded,
    participants = excluded.participants, document = excluded.document
"""
)
"""Writes any batch; PostgreSQL needs more time to insert an operation if it may be replaced."""

_DELETE_EXPIRED = """
DELETE FROM idempotency_keys WHERE key IN (
  SELECT key FROM idempotency_keys WHERE created_at <= $1 ORDER BY created_at LIMIT $2
)
"""

Records = Iterable[Sequence[Any]]


class Sets(NamedTuple):
    """Rows to write together, each with its columns in the order of ``_WRITE``."""

    operations: Records = ()
    removed_identities: Records = ()
    identities: Records = ()
    keys: Records = ()
    changes: Records = ()


async def flush(connection: asyncpg.Connection, rows: LoadedRows, seconds: float) -> None:
    """Write the changes of a batch; each statement may take ``seconds``."""
    if rows.forwards:
        await forwards.insert(connection, rows.forwards)
    if not (rows.changes or rows.used_keys):
        return
    if removed := rows.removed():  # first, since a new operation may have the id of a deleted one
        await connection.execute(_DELETE, removed)
    if rows.used_keys:
        await connection.execute(_DELETE_EXPIRED, rows.expired, MAX_EXPIRED)
    removed_identities, identities = rows.identities()
    used = [
        (index_key(key), use.fingerprint, use.operation_id, use.operation.document, at)
        for key, (use, at) in rows.used_keys.items()
    ]
    await write_sets(
        connection,
        Sets(rows.written(), removed_identities, identities, used, rows.changes),
        replacing=rows.is_replacing,
        seconds=seconds,
    )


async def write_sets(
    connection: asyncpg.Connection,
    sets: Sets,
    *,
    replacing: bool,
    seconds: float | None = None,
) -> None:
    """Write sets of rows in one statement.

    ``replacing`` is whether some of the operations are stored already.
    """
    widths = zip(sets, (20, 3, 3, 5, 8), strict=True)
    arrays = [array for records, width in widths for array in _transposed(records, width)]
    statement = _INSERT_OR_REPLACE if replacing else _INSERT
    await connection.execute(statement, *arrays, timeout=seconds)


def _transposed(records: Records, width: int) -> Iterable[Sequence[Any]]:
    """Transpose rows to columns; one of nulls alone is empty, which ``unnest`` fills up."""
    columns = [*zip(*records, strict=True)] or [()] * width
    return [() if column.count(None) == len(column) else column for column in columns]
