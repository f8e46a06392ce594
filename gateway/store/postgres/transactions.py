"""Writing a batch in one transaction.

Changes are numbered in the order in which they are committed, without gaps: who reads on from a
number misses none. So one transaction at a time appends to the log. It locks the one row that all
lock, and only then, in a statement of its own, which sees what others have committed, asks for the
newest number. A sequence would give numbers out of order, and a counter in the locked row would
leave a dead row behind at each commit.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from gateway.store.decisions.rows import KeyUse, Row
from gateway.store.migrate import new_log_id
from gateway.store.postgres import forwards
from gateway.store.postgres.columns import index_key
from gateway.store.postgres.failures import LOST
from gateway.store.postgres.rows import Beside, LoadedRows, Write
from gateway.store.reports import Report, forms
from schema.constraints import is_valid_id
from schema.paging import Position
from schema.resource.operation import StoredOperation

logger = logging.getLogger(__name__)

CHANNEL = "invite_gateway_changes"
"""Where it is told that there are new changes."""
LOCK_SECONDS = 5.0
"""How long a write waits for those of other gateways, and for each statement before its commit."""
COMMIT_SECONDS = 10.0
"""How long a commit may take before it is looked up what became of it."""
FORGOTTEN_AT_ONCE = 100

_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT id FROM change_log FOR UPDATE"
_NOTIFY = f"NOTIFY {CHANNEL}"

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

_REMOVE = "DELETE FROM operations WHERE seq = ANY ($1::bigint[])"

_FLUSH = """
WITH written AS (
  INSERT INTO operations (
    seq, id, call_id, client_context, status, result_code, result_subcode, result_message,
    result_diag_code, participant_count, identity_kinds, version, created_at, updated_at,
    ended_at, duration, client_context_folded, result_message_folded, participants, document)
  SELECT * FROM unnest(
    $1::bigint[], $2::text[], $3::text[], $4::text[], $5::int[], $6::bigint[], $7::bigint[],
    $8::text[], $9::text[], $10::int[], $11::int[], $12::int[], $13::text[], $14::text[],
    $15::text[], $16::bigint[], $17::text[], $18::text[], $19::jsonb[], $20::bytea[])
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
), gone AS (
  DELETE FROM identities
  USING unnest($21::text[], $22::text[], $23::bigint[]) AS each (id, kind, seq)
  WHERE identities.id = each.id AND identities.kind = each.kind
    AND identities.operation_seq = each.seq
), invited AS (
  INSERT INTO identities (id, kind, operation_seq)
  SELECT * FROM unnest($24::text[], $25::text[], $26::bigint[])
), used AS (
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

_FORGET = """
DELETE FROM idempotency_keys WHERE key IN (
  SELECT key FROM idempotency_keys WHERE created_at <= $1 ORDER BY created_at LIMIT $2
)
"""

_LOG = """
SELECT origin, coalesce((SELECT max(position) FROM changes), pruned) FROM change_log
"""

# The cluster, the database in it, and how often the cluster was recovered or promoted.
_ORIGIN = """
SELECT concat_ws('/', system_identifier, oid, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))
FROM pg_control_system(), pg_database WHERE datname = current_database()
"""

_RECEIPT = "SELECT 1 FROM idempotency_keys WHERE key = $1"
_LOGGED = "SELECT operation_id, version, at, document FROM changes WHERE position = $1"


Records = Iterable[Sequence[Any]]


class Sets(NamedTuple):
    """Rows to be written together, each with its columns in the order of ``_FLUSH``."""

    operations: Records = ()
    gone_identities: Records = ()
    identities: Records = ()
    keys: Records = ()
    changes: Records = ()


class UnknownOutcomeError(Exception):
    """The connection was lost as a transaction was being committed: it may have been, or not."""

    def __init__(self, rows: LoadedRows, outcomes: list[Any]) -> None:
        super().__init__()
        self.rows = rows
        self.outcomes = outcomes


async def commit_together(
    connection: asyncpg.Connection, writes: Sequence[Write], *, notify: bool
) -> tuple[LoadedRows, list[Any]]:
    """Write in one transaction; a failure affects only its own write.

    If there are changes, ``notify`` other gateways of them. Return the rows, and what each write
    returned, or the exception it raised. Raises ``UnknownOutcomeError``; after any other exception
    nothing was written.
    """
    try:
        await connection.execute(_BEGIN, timeout=LOCK_SECONDS)
        rows, now = await _load(connection, writes)
        outcomes = [rows.attempt(_at(write, now)) for write in writes]
        rows.add_receipt(now)
        await _flush(connection, rows)
    except BaseException:
        await _roll_back(connection)
        raise
    try:
        await _commit(connection, f"{_NOTIFY}; COMMIT" if notify and rows.changes else "COMMIT")
    except LOST as error:
        connection.terminate()
        raise UnknownOutcomeError(rows, outcomes) from error
    return rows, outcomes


async def _commit(connection: asyncpg.Connection, statement: str) -> None:
    """Commit, or leave the connection where that takes too long.

    It is not cancelled: a server that waits for its standby would then commit without it.
    """
    committing = asyncio.ensure_future(connection.execute(statement))
    done, _ = await asyncio.wait([committing], timeout=COMMIT_SECONDS)
    if not done:
        connection.terminate()
    await committing


async def can_notify(connection: asyncpg.Connection) -> bool:
    """Return whether an engine has notifications: a commit with one would fail where it has not."""
    try:
        await connection.execute(_NOTIFY)
    except asyncpg.PostgresError:
        return False
    return True


async def continue_log(connection: asyncpg.Connection, seen: int) -> None:
    """Give the log another id where changes may be lost whose positions others will get.

    That is so when the log has not come to a position that was ``seen``, or, for who has seen none,
    when it is in another database, or one with another history, than it was in last: a backup was
    restored, or a standby was promoted.
    """
    origin = await _origin(connection)
    try:
        await connection.execute(_BEGIN, timeout=LOCK_SECONDS)
        known, newest = await connection.fetchrow(_LOG)
        is_elsewhere = None not in {origin, known} and origin != known
        if newest < seen or (is_elsewhere and not seen):
            await connection.execute("UPDATE change_log SET id = $1", new_log_id())
            logger.warning(
                "The change log goes on as another one: a backup was restored, or a standby took "
                "over. Who followed changes reads the list again."
            )
        if origin != known:
            await connection.execute("UPDATE change_log SET origin = $1", origin)
        await _commit(connection, "COMMIT")
    except BaseException:
        await _roll_back(connection)
        raise


async def _origin(connection: asyncpg.Connection) -> str | None:
    """Return what tells a database and its history apart, where the engine does."""
    try:
        origin: str = await connection.fetchval(_ORIGIN)
    except asyncpg.PostgresError:
        return None
    return origin


async def was_committed(connection: asyncpg.Connection, rows: LoadedRows) -> bool:
    """Return whether a batch of unknown outcome was written.

    If its transaction has not come to an end yet, the lock waits for that.
    """
    if not (rows.changes or rows.receipt):
        return False  # it is decided anew, as nothing has changed
    try:
        await connection.execute(_BEGIN, timeout=LOCK_SECONDS)
        if rows.receipt:
            return await connection.fetchval(_RECEIPT, rows.receipt) is not None
        change = rows.changes[0]
        logged = await connection.fetchrow(_LOGGED, change.position)
    finally:
        await _roll_back(connection)
    return logged is not None and tuple(logged) == (
        change.operation_id,
        change.version,
        change.at,
        change.document,
    )


def _at(write: Write, now: datetime) -> Callable[[LoadedRows], Any]:
    return lambda rows: write.decide(rows, write.at or now)


async def _load(
    connection: asyncpg.Connection, writes: Sequence[Write]
) -> tuple[LoadedRows, datetime]:
    """Load the rows that the writes may look at, and the time by the database's clock."""
    ids = {id_ for write in writes for id_ in write.ids if is_valid_id(id_)}
    keys = {index_key(key): key for write in writes for key in write.keys}
    records = await connection.fetch(_LOAD, list(ids), list(keys), timeout=LOCK_SECONDS)
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
    beside = await _load_reported(connection, reports, operations) if reports else Beside()
    return LoadedRows(end, operations, uses, beside), now


async def _load_reported(
    connection: asyncpg.Connection, reports: Sequence[Report], operations: list[Row]
) -> Beside:
    """Load what reports may be of, operations that they do not name by an id among them."""
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
    return Beside(frozenset(deleted), await connection.fetchval(forwards.COUNT))


async def _flush(connection: asyncpg.Connection, rows: LoadedRows) -> None:
    """Carry out what the writes make of the rows."""
    if rows.forwards:
        await forwards.insert(connection, rows.forwards)
    if not (rows.changes or rows.used_keys):
        return
    if removed := rows.removed():  # in a statement of its own: another may have the id by now
        await connection.execute(_REMOVE, removed)
    if rows.used_keys:
        await connection.execute(_FORGET, rows.expired, FORGOTTEN_AT_ONCE)
    gone, invited = rows.identities()
    used = [
        (index_key(key), use.fingerprint, use.operation_id, use.operation.document, at)
        for key, (use, at) in rows.used_keys.items()
    ]
    await write_sets(
        connection,
        Sets(rows.written(), gone, invited, used, rows.changes),
        seconds=LOCK_SECONDS,
    )


async def write_sets(
    connection: asyncpg.Connection, sets: Sets, *, seconds: float | None = None
) -> None:
    """Write sets of rows in one statement."""
    widths = zip(sets, (20, 3, 3, 5, 8), strict=True)
    arrays = [array for records, width in widths for array in _transposed(records, width)]
    await connection.execute(_FLUSH, *arrays, timeout=seconds)


def _transposed(records: Records, width: int) -> Iterable[Sequence[Any]]:
    """Turn rows into columns."""
    return [*zip(*records, strict=True)] or [()] * width


async def _roll_back(connection: asyncpg.Connection) -> None:
    """Roll back, or close a connection that is lost."""
    try:
        await connection.execute("ROLLBACK")
    except LOST:
        connection.terminate()
