"""Execution of a batch of writes in one transaction.

Changes are numbered without gaps in the order of their commits, so that a reader that continues
after a number misses none. So one transaction at a time appends to the log: it locks the row of the
log, and then reads the newest number in another statement, which sees the last commit. A sequence
would not number changes in the order of commits, and a counter in the locked row would leave a dead
row at each commit.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from gateway.store.postgres.failures import LOST
from gateway.store.postgres.flushing import flush
from gateway.store.postgres.loading import load
from gateway.store.postgres.rows import LoadedRows, LoggedChange
from gateway.store.writes.methods import Write

CHANNEL = "invite_gateway_changes"
"""The channel of notifications of new changes."""
LOCK_SECONDS = 5.0
"""How long a transaction waits for the lock of the log, and for each statement before COMMIT."""
COMMIT_SECONDS = 10.0
"""How long COMMIT may take until its outcome counts as unknown."""

_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT id FROM change_log FOR UPDATE"
_NOTIFY = f"NOTIFY {CHANNEL}"

_RECEIPT = "SELECT 1 FROM idempotency_keys WHERE key = $1"
_LOGGED = "SELECT operation_id, version, at, document FROM changes WHERE position = $1"


class UnknownOutcomeError(Exception):
    """The connection was lost during COMMIT: the transaction may have been committed, or not."""

    def __init__(self, rows: LoadedRows, outcomes: list[Any]) -> None:
        super().__init__()
        self.rows = rows
        self.outcomes = outcomes


async def commit_together(
    connection: asyncpg.Connection, writes: Sequence[Write[Any]], *, notify: bool
) -> tuple[LoadedRows, list[Any]]:
    """Execute writes in one transaction; a failure affects only its own write.

    Return the rows, and the result of each write, or the exception it raised. With ``notify``,
    other gateways are notified of changes. Raises ``UnknownOutcomeError``; any other exception
    means that nothing was written.
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
    """Begin a transaction that writes, and wait for the lock of the change log."""
    await connection.execute(_BEGIN, timeout=LOCK_SECONDS)


async def commit(connection: asyncpg.Connection, statement: str) -> None:
    """Commit; if that takes too long, or the caller is cancelled, terminate the connection.

    The statement is not cancelled: a server that waits for a synchronous standby would then commit
    without it.
    """
    timer = asyncio.get_running_loop().call_later(COMMIT_SECONDS, connection.terminate)
    try:
        await connection.execute(statement)
    except asyncio.CancelledError:
        connection.terminate()
        raise
    finally:
        timer.cancel()


async def can_notify(connection: asyncpg.Connection) -> bool:
    """Return whether the database supports notifications; if not, a COMMIT with one would fail."""
    try:
        await connection.execute(_NOTIFY)
    except asyncpg.PostgresError:
        return False
    return True


async def was_committed(connection: asyncpg.Connection, rows: LoadedRows) -> bool:
    """Return whether a batch of unknown outcome was committed.

    If its transaction has not ended yet, the lock waits for that.
    """
    if not (rows.changes or rows.receipt):
        return False  # it wrote nothing, and can be executed again
    try:
        await begin(connection)
        if rows.receipt:
            return await connection.fetchval(_RECEIPT, rows.receipt) is not None
        return await is_logged(connection, rows.changes[0])
    finally:
        await roll_back(connection)


async def is_logged(connection: asyncpg.Connection, change: LoggedChange) -> bool:
    """Return whether the log has this change at its position."""
    logged = await connection.fetchrow(_LOGGED, change.position)
    return logged is not None and tuple(logged) == (
        change.operation_id,
        change.version,
        change.at,
        change.document,
    )


def _at(write: Write[Any], now: datetime) -> Callable[[LoadedRows], Any]:
    return lambda rows: write.apply(rows, write.at or now)


async def roll_back(connection: asyncpg.Connection) -> None:
    """Roll back; terminate the connection if it is lost."""
    try:
        await connection.execute("ROLLBACK")
    except LOST:
        connection.terminate()
