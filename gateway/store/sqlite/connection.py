"""Connections to a SQLite file, each with a thread of its own.

Only the writer's can write or checkpoint, and does so under the lock: opening it may change the
journal's mode, closing it checkpoints if it is the last. A reader's file is open for reading alone.
"""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

import aiosqlite

from gateway.store.errors import BusyDatabaseError, UnusableDatabaseError
from gateway.store.lock import WriteLock

T = TypeVar("T")

READ_SECONDS = 5.0
"""How long a reader waits while another program has the whole file to itself."""

_WRITER = """
    PRAGMA foreign_keys = ON;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
"""
# 16 MB: with SQLite's own cache of 2 MB, filters on a store of 14 MB took half as long again.
_READER = """
    PRAGMA cache_size = -16000;
"""


class Connection(aiosqlite.Connection):
    """A connection that also runs whole functions in its thread, in one hop."""

    async def __aenter__(self) -> Self:
        """Open the connection."""
        try:
            await self
        except (sqlite3.Error, UnusableDatabaseError):
            self._thread.join()  # while there is a loop for its last word
            raise
        return self

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` on the SQLite connection and return or raise what it does."""
        outcome: T = await self._execute(work, self._conn)  # type: ignore[no-untyped-call]
        return outcome


def _casefold(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def _open(path: Path, mode: str, seconds: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=seconds,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.text_factory = bytes  # documents stay bytes from the file to the answer
    connection.create_function("casefold", 1, _casefold, deterministic=True)
    return connection


def _open_writer(path: Path, lock: WriteLock) -> sqlite3.Connection:
    with lock:
        connection = _open(path, "rw", lock.seconds)
        connection.executescript(_WRITER)
        return connection


def connect_writer(path: Path, lock: WriteLock) -> Connection:
    """Make the connection that writes: one a process, used by one task."""
    return Connection(partial(_open_writer, path, lock), iter_chunk_size=1)


def close_writer(connection: sqlite3.Connection, lock: WriteLock) -> None:
    """Close the connection that writes, to be run by itself."""
    with suppress(BusyDatabaseError), lock:  # where others are, closing does not checkpoint
        connection.close()


def _open_reader(path: Path) -> sqlite3.Connection:
    connection = _open(path, "ro", READ_SECONDS)
    connection.executescript(_READER)
    return connection


def connect_reader(path: Path) -> Connection:
    """Make a connection that can only read."""
    return Connection(partial(_open_reader, path), iter_chunk_size=1)


def open_glance(path: Path) -> sqlite3.Connection:
    """Open a connection for the loop's own thread: it can only read, and waits for nobody."""
    return _open(path, "ro", 0)
