"""The queue of requests to forward to a bot, in SQL."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec

from gateway.store.forwards import (
    WINDOW,
    Forward,
    QueuedForward,
    Settled,
    first_of_their_calls,
)
from gateway.store.sqlite.worker import Worker
from schema.scalars import date_time


def enqueue(connection: sqlite3.Connection, forward: Forward, limit: int, now: datetime) -> bool:
    """Append to the queue; return False if there are ``limit`` requests already."""
    full = connection.execute(
        "SELECT 1 FROM forwards ORDER BY due_at LIMIT 1 OFFSET ?", (limit - 1,)
    )
    if full.fetchone() is not None:
        return False
    at = date_time(now)
    connection.execute(
        "INSERT INTO forwards (calls, headers, body, received_at, attempts, due_at)"
        " VALUES (?, ?, ?, ?, 0, ?)",
        (json.dumps(forward.calls), json.dumps(forward.headers), forward.body, at, at),
    )
    return True


class SQLiteForwardQueue:
    """The queue in a SQLite file."""

    def __init__(self, reader: Worker, writer: Worker) -> None:
        self._reader = reader
        self._writer = writer

    async def exchange(
        self, settled: Sequence[Settled], count: int, seconds: float
    ) -> list[QueuedForward]:
        """Settle requests, and take up to ``count`` that are due, each for ``seconds``."""
        now = datetime.now(UTC)
        return await self._writer.do(
            partial(_exchange, settled=settled, count=count, seconds=seconds, now=now)
        )

    async def is_due(self) -> bool:
        """Return whether a request is due, even if an earlier one of its call is not settled."""
        return await self._reader.do(partial(_is_due, now=datetime.now(UTC)))

    async def length(self) -> int:
        """Return the number of requests in the queue."""
        return await self._reader.do(_length)


def _exchange(
    connection: sqlite3.Connection,
    settled: Sequence[Settled],
    count: int,
    seconds: float,
    now: datetime,
) -> list[QueuedForward]:
    for one in settled:
        if one.retry_seconds is None:
            connection.execute("DELETE FROM forwards WHERE number = ?", (one.number,))
        else:
            _set_due(connection, one.number, now, one.retry_seconds)
    at = date_time(now).encode()
    records = connection.execute(
        "SELECT number, calls, due_at FROM forwards ORDER BY number LIMIT ?", (WINDOW,)
    ).fetchall()
    queue = ((number, msgspec.json.decode(calls), due <= at) for number, calls, due in records)
    return [
        _take(connection, number, seconds, now) for number in first_of_their_calls(queue, count)
    ]


def _take(
    connection: sqlite3.Connection, number: int, seconds: float, now: datetime
) -> QueuedForward:
    _set_due(connection, number, now, seconds)
    connection.execute("UPDATE forwards SET attempts = attempts + 1 WHERE number = ?", (number,))
    headers, body, attempts, received_at = connection.execute(
        "SELECT headers, body, attempts, received_at FROM forwards WHERE number = ?", (number,)
    ).fetchone()
    age = now - datetime.fromisoformat(received_at.decode())
    pairs = [(name, value) for name, value in json.loads(headers)]
    return QueuedForward(number, attempts, age.total_seconds(), pairs, body)


def _set_due(connection: sqlite3.Connection, number: int, now: datetime, seconds: float) -> None:
    due = date_time(now + timedelta(seconds=seconds))
    connection.execute("UPDATE forwards SET due_at = ? WHERE number = ?", (due, number))


def _is_due(connection: sqlite3.Connection, now: datetime) -> bool:
    found = connection.execute(
        "SELECT 1 FROM forwards WHERE due_at <= ? LIMIT 1", (date_time(now),)
    )
    return found.fetchone() is not None


def _length(connection: sqlite3.Connection) -> int:
    ((count,),) = connection.execute("SELECT count(*) FROM forwards").fetchall()
    return int(count)
