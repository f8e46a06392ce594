"""Writing a batch in one transaction.

Changes are numbered in the order in which they are committed, without gaps: who reads on from a
number misses none. So one transaction at a time appends to the log. It locks the one row that all
lock, and only then, in a statement of its own, which sees what others have committed, asks for the
newest number. A sequence would give numbers out of order, and a counter in the locked row would
leave a dead row behind at each commit.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from gateway.store.postgres.failures import LOST
from gateway.store.postgres.flushing import flush
from gateway.store.postgres.loading import load
from gateway.store.postgres.rows import LoadedRows, LoggedChange, Write

CHANNEL = "invite_gateway_changes"
"""Where it is told that there are new changes."""
LOCK_SECONDS = 5.0
"""How long a write waits for those of other gateways, and for each statement before its commit."""
COMMIT_SECONDS = 10.0
"""How long a commit may take before it is looked up what became of it."""

_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT id FROM change_log FOR UPDATE"
_NOTIFY = f"NOTIFY {CHANNEL}"

_RECEIPT = "SELECT 1 FROM idempotency_keys WHERE key = $1"
_LOGGED = "SELECT operation_id, version, at, document FROM changes WHERE position = $1"


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
        await begin(connection)
        rows, now = await load(connection, writes, LOCK_SECONDS)
        outcomes = [rows.attempt(_at(write, now)) for write in writes]
        rows.add_receipt(now)
        await flush(connection, rows, LOCK_SECONDS)
    except BaseException:
        await roll_back(connection)
        raise
    try:
        await commit(connection, f"{_NOTIFY}; COMMIT" if notify and rows.changes else "COMMIT")
    except LOST as error:
        connection.terminate()
        raise UnknownOutcomeError(rows, outcomes) from error
    return rows, outcomes


async def begin(connection: asyncpg.Connection) -> None:
    """Begin a transaction that writes, when those of others have come to their end."""
    await connection.execute(_BEGIN, timeout=LOCK_SECONDS)


async def commit(connection: asyncpg.Connection, statement: str) -> None:
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


async def was_committed(connection: asyncpg.Connection, rows: LoadedRows) -> bool:
    """Return whether a batch of unknown outcome was written.

    If its transaction has not come to an end yet, the lock waits for that.
    """
    if not (rows.changes or rows.receipt):
        return False  # it is decided anew, as nothing has changed
    try:
        await begin(connection)
        if rows.receipt:
            return await connection.fetchval(_RECEIPT, rows.receipt) is not None
        return await is_logged(connection, rows.changes[0])
    finally:
        await roll_back(connection)


async def is_logged(connection: asyncpg.Connection, change: LoggedChange) -> bool:
    """Return whether the log has a change at its position."""
    logged = await connection.fetchrow(_LOGGED, change.position)
    return logged is not None and tuple(logged) == (
        change.operation_id,
        change.version,
        change.at,
        change.document,
    )


def _at(write: Write, now: datetime) -> Callable[[LoadedRows], Any]:
    return lambda rows: write.decide(rows, write.at or now)


async def roll_back(connection: asyncpg.Connection) -> None:
    """Roll back, or close a connection that is lost."""
    try:
        await connection.execute("ROLLBACK")
    except LOST:
        connection.terminate()
