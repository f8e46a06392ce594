"""Errors of a database in use: what clients receive, and what is logged.

A client learns what is wrong in general, and whether to send the request again. The log has the
file, SQLite's own code and what to do, repeated once a minute while the failure lasts.
"""

import errno
import logging
import sqlite3
from pathlib import Path
from shutil import disk_usage
from time import monotonic
from typing import NamedTuple

from gateway.store.errors import (
    BusyDatabaseError,
    MovedDatabaseError,
    ReplacedDatabaseError,
    UnusableDatabaseError,
)
from gateway.store.page_bytes import too_long
from gateway.store.sqlite.connection import code_of
from gateway.store.sqlite.database_file import DatabaseFile
from schema.errors import Broken, Overloaded, TimedOut

logger = logging.getLogger(__name__)

LOG_INTERVAL_SECONDS = 60.0
"""How often a failure that lasts is logged."""
RECOVERED_SECONDS = 1.0
"""How long no write may fail until the failure is over."""
FREE_BYTES = 4_000_000
"""How much must be free on the disk: about the size to which SQLite lets a WAL grow."""


class Failure(NamedTuple):
    """What is wrong, for clients, and what to do about it, for operators."""

    what: str
    advice: str
    passes: bool = True
    """Whether the same file may become usable again."""


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


class ReadFailures:
    """Translates and logs the errors of reads."""

    doing = "read"
    outcome = "Send the request again later."

    def __init__(self, file: DatabaseFile) -> None:
        self._file = file
        self._logged_at: dict[str, float] = {}

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
        self._log(failure, error)
        message = f"The database cannot be {self.doing}: {failure.what}."
        if failure.passes:
            return Overloaded(f"{message} {self.outcome}")
        return Broken(f"{message} The operators of the gateway have to repair it.")

    def late(self, seconds: float) -> TimedOut:
        """Return the error of a read that took too long."""
        return TimedOut(
            f"The operation took longer than the limit of {seconds:g} s, and was stopped. "
            "Ask for less at once: use a narrower filter, fewer fields, or a cursor instead of an "
            "offset.",
            seconds=seconds,
        )

    def worked(self) -> None:
        """Record a successful batch."""

    def _reason(self, error: Exception) -> Exception:
        """Return why the file could not be opened, if the error is that there is no connection."""
        refused = self._file.refused
        return refused if refused and failure_of(error) in {_SHUT, _REPLACED} else error

    def _log(self, failure: Failure, error: Exception) -> None:
        now = monotonic()
        if now - self._logged_at.get(failure.what, -LOG_INTERVAL_SECONDS) < LOG_INTERVAL_SECONDS:
            return
        self._logged_at[failure.what] = now
        cause = getattr(error, "sqlite_errorname", None)
        logger.error(
            "The database %s cannot be %s: %s (%s). %s",
            self._file.path,
            self.doing,
            failure.what,
            f"{cause}: {error}" if cause else str(error).removesuffix("."),
            failure.advice,
        )


class WriteFailures(ReadFailures):
    """Translates and logs the errors of writes, and knows whether writes fail at present."""

    doing = "written"
    outcome = "Nothing was changed. Send the request again later."

    def __init__(self, file: DatabaseFile) -> None:
        super().__init__(file)
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

    def late(self, seconds: float) -> TimedOut:
        """Return the error of a write that was not started in time."""
        return TimedOut(
            f"The change could not be started within the limit of {seconds:g} s for an "
            "operation. Nothing was changed. Send the request again.",
            seconds=seconds,
        )

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
            self._logged_at.clear()
            logger.warning("The database %s can be written again.", self._file.path)


def _has_space(folder: Path) -> bool:
    try:
        return disk_usage(folder).free >= FREE_BYTES
    except OSError:
        return False
