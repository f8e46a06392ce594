"""Backup: a consistent copy of a database, taken while others read and write."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from errno import EIO
from pathlib import Path

from gateway.store.errors import UnusableDatabaseError
from gateway.store.migrate import DatabaseState
from gateway.store.sqlite.connection import SQLite, close_writer, code_of, open_writer
from gateway.store.sqlite.migrate import NO_LOG, check
from gateway.store.sqlite.write_lock import write_lock

WAIT_SECONDS = 30.0
"""How long to wait for the write lock."""
PAGES_AT_ONCE = 1_000

_WRITE_ERRORS = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC}
"""Errors of the copy, since the database is only read."""

Progress = Callable[[int, int], None]
"""Called with the number of copied pages, and that of all pages."""


def back_up(path: Path, target: Path, progress: Progress) -> None:
    """Copy the database at ``path`` to ``target``, a new file.

    Raises ``UnusableDatabaseError``, or ``OSError`` when the copy cannot be written.
    """
    if (state := check(path)) is DatabaseState.EMPTY:
        raise UnusableDatabaseError(f"There is no database at {path} to back up.")
    if state is DatabaseState.FOREIGN:
        raise UnusableDatabaseError(f"The database {path} belongs to something else.")
    try:
        with write_lock(path, WAIT_SECONDS) as lock:
            source = open_writer(path, lock)
            try:
                _copy(source, target, progress)
            finally:
                close_writer(source, lock)
    except sqlite3.Error as error:
        if code_of(error) in _WRITE_ERRORS:
            raise OSError(EIO, str(error)) from error
        raise UnusableDatabaseError(f"The database {path} cannot be copied: {error}.") from error


def _copy(source: SQLite, target: Path, progress: Progress) -> None:
    target.open("xb").close()
    source.execute("BEGIN")
    source.execute("SELECT 1 FROM sqlite_schema").fetchone()  # which starts the snapshot
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        source.backup(
            copy,
            pages=PAGES_AT_ONCE,
            progress=lambda _status, left, total: progress(total - left, total),
        )
        copy.execute("PRAGMA journal_mode = DELETE")  # so that it is one file
        tables = "SELECT 1 FROM sqlite_schema WHERE name = 'change_log'"
        if copy.execute(tables).fetchone():
            copy.execute("UPDATE change_log SET id = ?", (NO_LOG,))
