"""Group commit: several writes in one transaction, by one process at a time."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from gateway.store.errors import BusyDatabaseError
from gateway.store.sqlite.database_file import DatabaseFile
from gateway.store.sqlite.worker import Queued, Work
from gateway.store.sqlite.write_lock import WriteLock


class PartialWriteError(Exception):
    """A write failed after it had changed something."""


def commit_together(
    queued: Sequence[Queued], connection: sqlite3.Connection, *, lock: WriteLock, file: DatabaseFile
) -> list[Any]:
    """Write in one transaction; a failure affects only its own write.

    Writes that fail usually do so before they change anything. If one fails later, all run again,
    each in a savepoint: savepoints for all writes would take a sixth of the time of a write.
    Raises ``BusyDatabaseError`` if others do not release the database in time.
    """
    works = [one.work for one in queued]
    with lock:  # until after the checkpoint that a commit may end with
        file.check()
        try:
            outcomes = _in_transaction(works, connection, _attempt)
        except PartialWriteError:
            outcomes = _in_transaction(works, connection, _attempt_in_savepoint)
        file.check()
    return outcomes


def _in_transaction(
    works: Sequence[Work],
    connection: sqlite3.Connection,
    attempt: Callable[[Work, sqlite3.Connection], object],
) -> list[object]:
    """Write in one transaction; return the result of each write or the exception it raised."""
    _begin(connection)
    try:
        outcomes = [attempt(work, connection) for work in works]
    except BaseException:
        _roll_back(connection)
        raise
    _commit(connection)
    return outcomes


def _attempt(work: Work, connection: sqlite3.Connection) -> object:
    """Write; raise ``PartialWriteError`` if the write failed after it had changed something."""
    changed_before = connection.total_changes
    try:
        return work(connection)
    except Exception as error:
        if not connection.in_transaction:  # SQLite gave up the whole transaction
            raise
        if connection.total_changes != changed_before:
            raise PartialWriteError from error
        return error


def _attempt_in_savepoint(work: Work, connection: sqlite3.Connection) -> object:
    """Write; undo what the write changed if it failed."""
    connection.execute("SAVEPOINT work")
    try:
        outcome = work(connection)
    except Exception as error:
        if not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO work")
        outcome = error
    connection.execute("RELEASE work")
    return outcome


def _begin(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        raise BusyDatabaseError("Another program is writing to the database.") from error


def _commit(connection: sqlite3.Connection) -> None:
    """Commit; after a failure, make sure that the transaction is not recovered after a crash.

    If the disk fails to sync the WAL, the transaction may be in the file nevertheless, and a
    process that opens the database after a crash would take it for committed. The next transaction
    overwrites it in the WAL; so one that changes nothing else is committed at once.
    """
    try:
        connection.execute("COMMIT")
    except BaseException:
        _roll_back(connection)
        with suppress(sqlite3.Error):
            connection.execute("BEGIN IMMEDIATE")
            try:
                probe_write(connection)
                connection.execute("COMMIT")
            finally:
                _roll_back(connection)
        raise


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def probe_write(connection: sqlite3.Connection) -> None:
    """Check that the database can be written, by incrementing a number that has no other use.

    That takes no space; and SQLite would not write a number that stays the same.
    """
    ((number,),) = connection.execute("PRAGMA user_version").fetchall()
    connection.execute(f"PRAGMA user_version = {(number + 1) % 2**31}")
