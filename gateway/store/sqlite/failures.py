"""Failures of a SQLite file in use, by SQLite's codes and the state of the file."""

import errno
import sqlite3
from pathlib import Path
from shutil import disk_usage
from time import monotonic

from gateway.store.errors import (
    BusyDatabaseError,
    MovedDatabaseError,
    ReplacedDatabaseError,
    UnusableDatabaseError,
)
from gateway.store.failures import READ, WRITE, Access, Failure, FailureReporter
from gateway.store.page_bytes import too_long
from gateway.store.sqlite.connection import code_of
from gateway.store.sqlite.database_file import DatabaseFile

RECOVERED_SECONDS = 1.0
"""How long no write may fail until the failure is over."""
FREE_BYTES = 4_000_000
"""How much must be free on the disk: about the size to which SQLite lets a WAL grow."""

_FULL = Failure(
    "its disk is full", f"Free some space on its disk: {FREE_BYTES // 1_000_000} MB at least."
)
_LOCKED = Failure("another program has it locked", "Check which other program has it open.")
_DAMAGED = Failure(
    "it is damaged", "Replace its file by a backup, which is then opened.", passes=False
)
_AWAY = Failure("its file is missing", "Restore the file, or replace it by a backup.")
_REPLACED = Failure(
    "its file was replaced",
    "If it is a backup, it is opened when it is complete. If not, replace it by one.",
)
_UNFIT = Failure(
    "this version of the gateway cannot use it",
    "Replace its file by one that it can use, which is then opened.",
    passes=False,
)
_SHUT = Failure("it is being opened again", "Wait until it is open.")

_FAILURES_BY_CODE = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_PROTOCOL: _LOCKED,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: _FULL,
    sqlite3.SQLITE_IOERR: Failure("its disk failed", "Check the disk in the log of the system."),
    sqlite3.SQLITE_NOMEM: Failure("there is no memory left", "Give the gateway more memory."),
    sqlite3.SQLITE_READONLY: Failure(
        "it is read-only", "Make the file and its folder writable for the gateway's user."
    ),
    sqlite3.SQLITE_CANTOPEN: Failure(
        "it cannot be opened", "Check that the file and its folder exist and can be opened."
    ),
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}


_CODES = {
    errno.EACCES: sqlite3.SQLITE_READONLY,
    errno.EPERM: sqlite3.SQLITE_READONLY,
    errno.EROFS: sqlite3.SQLITE_READONLY,
    errno.ENOSPC: sqlite3.SQLITE_FULL,
    errno.EDQUOT: sqlite3.SQLITE_FULL,
}
"""SQLite's codes for errors of the operating system."""


def failure_of(error: Exception) -> Failure | None:
    """Return the failure that an error means; None if it is not one of the database."""
    match error:
        case UnusableDatabaseError():
            return _failure_of_unusable(error)
        case OSError():
            return _FAILURES_BY_CODE[_CODES.get(error.errno or 0, sqlite3.SQLITE_CANTOPEN)]
        case sqlite3.ProgrammingError() if "closed database" in str(error):
            return _SHUT
    code = code_of(error)
    return (
        None if code is None else _FAILURES_BY_CODE.get(code) or _FAILURES_BY_CODE.get(code & 0xFF)
    )


def _failure_of_unusable(error: UnusableDatabaseError) -> Failure:
    match error:
        case BusyDatabaseError():
            return _LOCKED
        case ReplacedDatabaseError():
            return _REPLACED
        case MovedDatabaseError():
            return _AWAY
        case UnusableDatabaseError(__cause__=Exception() as cause):
            return failure_of(cause) or _FAILURES_BY_CODE[sqlite3.SQLITE_CANTOPEN]
    return _UNFIT


def with_advice(error: UnusableDatabaseError) -> str:
    """Return the message of an error, with what to do if it does not say so itself."""
    return f"{error} {_failure_of_unusable(error).advice}" if error.__cause__ else str(error)


class ReadFailures(FailureReporter):
    """Translates and logs the errors of reads."""

    def __init__(self, file: DatabaseFile, access: Access = READ) -> None:
        super().__init__(str(file.path), access)
        self._file = file

    def translate(self, error: Exception, seconds: float) -> Exception:
        """Return the error that a client receives, and log the failure."""
        match code_of(error):
            case sqlite3.SQLITE_INTERRUPT:
                return self.late(seconds)
            case sqlite3.SQLITE_TOOBIG:
                return too_long()
        error = self._reason(error)
        failure = failure_of(error)
        if failure is None:
            return error
        name = getattr(error, "sqlite_errorname", None)
        return self.report(failure, f"{name}: {error}" if name else str(error).removesuffix("."))

    def worked(self) -> None:
        """Record a successful batch."""

    def _reason(self, error: Exception) -> Exception:
        """Return why the file could not be opened, if the error is that there is no connection."""
        refused = self._file.refused
        return refused if refused and failure_of(error) in {_SHUT, _REPLACED} else error


class WriteFailures(ReadFailures):
    """Translates and logs the errors of writes, and knows whether writes fail at present."""

    def __init__(self, file: DatabaseFile) -> None:
        super().__init__(file, WRITE)
        self.failing = False
        self.locked = False
        """Whether the reason is a lock of another program, and the connection is usable."""
        self.worked_at = monotonic()
        """The time of the last successful write, in the seconds of ``time.monotonic``."""
        self._failed_at = -RECOVERED_SECONDS

    def translate(self, error: Exception, seconds: float) -> Exception:
        """Return the error that a client receives; log the failure, and record it."""
        if failure := failure_of(error):
            self.failing, self._failed_at = True, monotonic()
            self.locked = failure is _LOCKED
        return super().translate(error, seconds)

    def worked(self) -> None:
        """Record a successful write.

        On a full disk, small writes may succeed now and then. So the failure is over only when
        there is free space, and no write has failed for a while.
        """
        self.worked_at = monotonic()
        if (
            self.failing
            and self.worked_at - self._failed_at >= RECOVERED_SECONDS
            and _has_space(self._file.path.parent)
        ):
            self.failing = False
            self.report_recovery()


def _has_space(folder: Path) -> bool:
    try:
        return disk_usage(folder).free >= FREE_BYTES
    except OSError:
        return False
