"""Transactions on a SQLite file, by one process at a time."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from gateway.store.errors import BusyDatabaseError
from gateway.store.sqlite.database_file import DatabaseFile
from gateway.store.sqlite.worker import Queued, Work
from gateway.store.sqlite.write_lock import WriteLock


def commit_together(
    queued: Sequence[Queued], connection: sqlite3.Connection, *, lock: WriteLock, file: DatabaseFile
) -> list[Any]:
    """Write in one transaction, each write in a savepoint: a failure affects only its own write.

    Raises ``BusyDatabaseError`` when others do not let go of the database.
    """
    with lock:  # until after the checkpoint that a commit may end with
        file.check()
        _begin(connection)
        try:
            outcomes = [_in_savepoint(one.work, connection) for one in queued]
        except BaseException:
            _roll_back(connection)
            raise
        _commit(connection)
        file.check()
    return outcomes


def _begin(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        raise BusyDatabaseError("Another program is writing to the database.") from error


def _in_savepoint(work: Work, connection: sqlite3.Connection) -> object:
    connection.execute("SAVEPOINT work")
    try:
        outcome = work(connection)
    except Exception as error:
        if not connection.in_transaction:  # SQLite gave up the whole transaction
            raise
        connection.execute("ROLLBACK TO work")
        outcome = error
    connection.execute("RELEASE work")
    return outcome


def _commit(connection: sqlite3.Connection) -> None:
    """Commit, or see to it that what could not be committed is not found after a crash either.

    When the disk fails to keep what was written to the WAL, that stands there all the same, whole:
    whoever opens the database after a crash takes it for committed. The next transaction begins in
    its file, and spoils it; so there is one at once, that changes nothing of anybody's.
    """
    try:
        connection.execute("COMMIT")
    except BaseException:
        _roll_back(connection)
        with suppress(sqlite3.Error):
            connection.execute("BEGIN IMMEDIATE")
            try:
                prove(connection)
                connection.execute("COMMIT")
            finally:
                _roll_back(connection)
        raise


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def prove(connection: sqlite3.Connection) -> None:
    """Write, as a proof that this can be done: a number in the file that stands for nothing else.

    It takes no room, and no change of the same to the same, which SQLite would leave out.
    """
    ((number,),) = connection.execute("PRAGMA user_version").fetchall()
    connection.execute(f"PRAGMA user_version = {(number + 1) % 2**31}")
