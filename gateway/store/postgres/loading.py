"""Loading the rows that a batch of writes may read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg

from gateway.store.postgres import forwards
from gateway.store.postgres.columns import index_key
from gateway.store.postgres.rows import LoadedRows, ReportContext
from gateway.store.reports import Report, forms
from gateway.store.writes.methods import Write
from gateway.store.writes.rows import KeyUse, Row
from schema.constraints import is_valid_id
from schema.paging import Position
from schema.resource.operation import StoredOperation

_LOAD = """
WITH used AS (
  SELECT key, fingerprint, operation_id, document, created_at FROM idempotency_keys
  WHERE key = ANY ($2::text[])
)
SELECT 0, coalesce((SELECT max(position) FROM changes), pruned),
  NULL, NULL::bytea, NULL, NULL::bytea, NULL, clock_timestamp(), id
FROM change_log
UNION ALL
SELECT 1, seq, NULL, NULL, NULL, document, NULL, NULL, NULL FROM operations
WHERE id = ANY ($1::text[] || ARRAY(SELECT operation_id FROM used))
UNION ALL
SELECT 2, NULL, key, fingerprint, operation_id, document, created_at, NULL, NULL FROM used
"""

_LOAD_REPORTED = """
SELECT 1, seq, NULL, document FROM operations
WHERE left(call_id, 500) = ANY (ARRAY(SELECT left(each, 500) FROM unnest($1::text[]) AS each))
  AND call_id = ANY ($1) AND client_context = ANY ($2::text[])
UNION ALL
SELECT 2, NULL, operation_id, NULL FROM changes
WHERE kind = 2 AND operation_id = ANY ($3::text[])
"""


async def load(
    connection: asyncpg.Connection, writes: Sequence[Write[Any]], seconds: float
) -> tuple[LoadedRows, datetime]:
    """Load the rows that the writes may read, and the time of the database's clock."""
    ids = {id_ for write in writes for id_ in write.operation_ids() if is_valid_id(id_)}
    keys = {index_key(key): key for write in writes for key in write.idempotency_keys()}
    records = await connection.fetch(_LOAD, list(ids), list(keys), timeout=seconds)
    operations: list[Row] = []
    uses: dict[str, Any] = {}
    for table, number, key, fingerprint, operation_id, document, at, time, log in records:
        if table == 0:
            end, now = Position(log, number), time
        elif table == 1:
            operations.append(Row(number, StoredOperation(document)))
        else:
            uses[keys[key]] = KeyUse(fingerprint, operation_id, StoredOperation(document)), at
    reports = [report for write in writes for report in write.reports]
    context = await _load_reported(connection, reports, operations) if reports else ReportContext()
    return LoadedRows(end, operations, uses, context), now


async def _load_reported(
    connection: asyncpg.Connection, reports: Sequence[Report], operations: list[Row]
) -> ReportContext:
    """Load what reports may concern, and add the operations that they identify without an id."""
    unnamed = [report for report in reports if report.operation_id is None]
    calls = [form for each in unnamed if each.call_id for form in forms(each.call_id)]
    contexts = [
        form for each in unnamed if each.client_context for form in forms(each.client_context)
    ]
    ids = [form for each in reports if each.operation_id for form in forms(each.operation_id)]
    deleted: set[str] = set()
    for table, seq, id_, document in await connection.fetch(_LOAD_REPORTED, calls, contexts, ids):
        if table == 1:
            operations.append(Row(seq, StoredOperation(document)))
        else:
            deleted.add(id_)
    return ReportContext(frozenset(deleted), await connection.fetchval(forwards.COUNT))
