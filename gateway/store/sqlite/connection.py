"""Connections to a SQLite file, each with its own thread.

Only the writer's connection can write or checkpoint, and only with the lock held: opening it may
change the journal mode, and closing it checkpoints if it is the last. Other connections are
read-only.
"""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from math import inf
from pathlib import Path
from typing import Self, TypeVar

import aiosqlite

from gateway.store.errors import UnusableDatabaseError
from gateway.store.page_bytes import LONGEST_READ
from gateway.store.sqlite.write_lock import WriteLock

T = TypeVar("T")

READ_SECONDS = 5.0
"""How long a reader waits for another program that locks the whole file."""

# Temporary storage in memory: pages that a savepoint may restore would be written to a file.
_WRITER = """
    PRAGMA foreign_keys = ON;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -8000;
    PRAGMA temp_store = MEMORY;
"""
# 16 MB: with 2 MB, filters on a store of 14 MB took 1.5 times as long.
_READER = """
    PRAGMA cache_size = -16000;
"""


class SQLite(sqlite3.Connection):
    """A connection with the deadline of the statement that runs on it."""

    deadline = inf


def code_of(error: Exception) -> int | None:
    """Return the SQLite code of an error, such as ``SQLITE_IOERR_FSYNC``; None without one."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return code


class Connection(aiosqlite.Connection):
    """A connection that also runs functions in its thread.

    It can be closed, and opened again on the file that is then at the path.
    """

    def __init__(
        self, connect: Callable[[], SQLite], close: Callable[[SQLite], None] = SQLite.close
    ) -> None:
        super().__init__(connect, iter_chunk_size=1)
        self._close = close

    async def __aenter__(self) -> Self:
        """Open the connection."""
        try:
            await self
        except (sqlite3.Error, UnusableDatabaseError):
            self._thread.join()  # before the loop closes, which it calls at its end
            raise
        return self

    async def run(self, work: Callable[[SQLite], T]) -> T:
        """Run ``work`` on the SQLite connection; return its result or raise its exception."""
        outcome: T = await self._execute(lambda: work(self._sqlite))  # type: ignore[no-untyped-call]
        return outcome

    async def shut(self) -> None:
        """Close it; ``reopen`` opens it again."""
        await self.run(self._close)

    async def reopen(self) -> None:
        """Open it again, or leave it closed and raise the error."""
        await self.run(self._reopen)

    def stop_late(self, now: float) -> None:
        """Interrupt the running statement if its deadline is before ``now``."""
        if self._connection and self._sqlite.deadline <= now:
            self._sqlite.interrupt()

    @property
    def _sqlite(self) -> SQLite:
        return self._conn  # type: ignore[return-value]  # what ``connect`` made

    def _reopen(self, shut: SQLite) -> None:
        self._close(shut)
        self._connection = self._connector()


def _casefold(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def _open(path: Path, mode: str, seconds: float) -> SQLite:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=seconds,
        isolation_level=None,
        check_same_thread=False,
        factory=SQLite,
    )
    connection.text_factory = bytes  # documents stay bytes from the file to the response
    connection.create_function("casefold", 1, _casefold, deterministic=True)
    return connection


def open_writer(path: Path, lock: WriteLock) -> SQLite:
    """Open a connection that can write."""
    with lock:
        connection = _open(path, "rw", lock.seconds)
        connection.executescript(_WRITER)
        connection.execute("SELECT 1 FROM sqlite_schema").fetchone()  # this opens the WAL
        return connection


def close_writer(connection: SQLite, lock: WriteLock) -> None:
    """Close a connection that can write."""
    with suppress(UnusableDatabaseError), lock:  # with other connections it does not checkpoint
        connection.close()
    connection.close()


def connect_writer(path: Path, lock: WriteLock) -> Connection:
    """Return the connection that writes: one in each process, used by one task."""
    return Connection(partial(open_writer, path, lock), partial(close_writer, lock=lock))


def _open_reader(path: Path) -> SQLite:
    connection = _open(path, "ro", READ_SECONDS)
    connection.executescript(_READER)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_READ)  # a page is one value
    return connection


def connect_reader(path: Path) -> Connection:
    """Return a read-only connection."""
    return Connection(partial(_open_reader, path))


def open_loop_connection(path: Path) -> SQLite:
    """Open a read-only connection for the event loop's thread, which waits for no lock."""
    return _open(path, "ro", 0)
