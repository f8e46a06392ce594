"""The queue of requests to forward to a bot, in SQL.

A request is added by the transaction that applies its reports and holds the lock of the change log.
So requests are numbered in the order of their commits.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec

from gateway.store.forwards import (
    WINDOW,
    Forward,
    QueuedForward,
    Settled,
    first_of_their_calls,
)
from gateway.store.postgres.connections import transaction
from gateway.store.postgres.reader import Reader
from schema.scalars import DateTime, date_time

COUNT = "SELECT count(*) FROM forwards"
_INSERT = """
INSERT INTO forwards (calls, headers, body, received_at, attempts, due_at)
SELECT calls, headers, body, at, 0, at
FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[]) WITH ORDINALITY
  AS each (calls, headers, body, at, place)
ORDER BY place
"""
_WINDOW = "SELECT number, calls, due_at FROM forwards ORDER BY number LIMIT $1"
_SETTLE = "DELETE FROM forwards WHERE number = ANY ($1::bigint[])"
_POSTPONE = "UPDATE forwards SET due_at = $2 WHERE number = $1"
_TAKE = """
UPDATE forwards SET due_at = $2, attempts = attempts + 1 WHERE number = ANY ($1::bigint[])
RETURNING number, headers, body, attempts, received_at
"""
_DUE = "SELECT 1 FROM forwards WHERE due_at <= $1 LIMIT 1"


async def insert(
    connection: asyncpg.Connection, forwards: Sequence[tuple[Forward, DateTime]]
) -> None:
    """Append requests to the queue, each with the time at which it was received."""
    await connection.execute(
        _INSERT,
        [json.dumps(forward.calls) for forward, _ in forwards],
        [json.dumps(forward.headers) for forward, _ in forwards],
        [forward.body for forward, _ in forwards],
        [at for _, at in forwards],
    )


class PostgresForwardQueue:
    """The queue in a PostgreSQL database."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def exchange(
        self, settled: Sequence[Settled], count: int, seconds: float
    ) -> list[QueuedForward]:
        """Settle requests, and take up to ``count`` that are due, each for ``seconds``."""

        async def exchange(connection: asyncpg.Connection) -> list[QueuedForward]:
            async with transaction(connection):
                # Rows are locked in order, so that one process at a time takes requests.
                await connection.fetch(f"{_WINDOW} FOR UPDATE", WINDOW)
                return await _exchange(connection, settled, count, seconds)

        return await self._reader.do(exchange)

    async def is_due(self) -> bool:
        """Return whether a request is due, even if an earlier one of its call is not settled."""
        now = date_time(datetime.now(UTC))

        async def find(connection: asyncpg.Connection) -> bool:
            return await connection.fetchval(_DUE, now) is not None

        return await self._reader.do(find)

    async def length(self) -> int:
        """Return the number of requests in the queue."""

        async def count(connection: asyncpg.Connection) -> int:
            return int(await connection.fetchval(COUNT))

        return await self._reader.do(count)


async def _exchange(
    connection: asyncpg.Connection, settled: Sequence[Settled], count: int, seconds: float
) -> list[QueuedForward]:
    now = datetime.now(UTC)
    await connection.execute(_SETTLE, [one.number for one in settled if one.retry_seconds is None])
    for one in settled:
        if one.retry_seconds is not None:
            due = date_time(now + timedelta(seconds=one.retry_seconds))
            await connection.execute(_POSTPONE, one.number, due)
    records = await connection.fetch(_WINDOW, WINDOW)
    at = date_time(now)
    queue = ((number, msgspec.json.decode(calls), due <= at) for number, calls, due in records)
    until = date_time(now + timedelta(seconds=seconds))
    taken = await connection.fetch(_TAKE, first_of_their_calls(queue, count), until)
    return sorted(
        QueuedForward(
            number=number,
            attempt=attempts,
            age_seconds=(now - datetime.fromisoformat(received_at)).total_seconds(),
            headers=[(name, value) for name, value in json.loads(headers)],
            body=body,
        )
        for number, headers, body, attempts, received_at in taken
    )
