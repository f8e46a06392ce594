"""Errors of a database in use: what a client receives, and what is logged once.

A client learns what is wrong in general, and whether sending the request again can help. The log
has the file, SQLite's own code and the way out: when it begins, and again when it goes on for long.
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

SAID_AGAIN_AFTER = 60.0
"""In seconds: how long the log is silent about what it has said."""
STEADY_SECONDS = 1.0
"""How long nobody may have failed for writing to count as mended."""
ROOM_BYTES = 4_000_000
"""How much must be free on the disk, which is about what SQLite keeps in a WAL."""


class Failure(NamedTuple):
    """What is wrong, for clients, and the way out, for those who run the gateway."""

    what: str
    way_out: str
    passes: bool = True
    """Whether it can be over the next time, without anybody having put another file in file."""


_FULL = Failure(
    "its disk is full", f"Free some space on its disk: {ROOM_BYTES // 1_000_000} MB at least."
)
_LOCKED = Failure("another program has it locked", "See which other program has it open.")
_DAMAGED = Failure(
    "it is damaged", "Move a backup to its file, which is taken up then.", passes=False
)
_AWAY = Failure("its file is missing", "Put it back, or a backup of it in its file.")
_REPLACED = Failure(
    "its file was replaced",
    "A backup is taken up by itself, once all of it is there; what is none, replace by one.",
)
_UNFIT = Failure(
    "this version of the gateway cannot use it",
    "Move one that is to its file, which is taken up then.",
    passes=False,
)
_SHUT = Failure("it is being opened again", "That passes.")

_FAILURES_BY_CODE = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_PROTOCOL: _LOCKED,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: _FULL,
    sqlite3.SQLITE_IOERR: Failure("its disk failed", "See what the system's log says of its disk."),
    sqlite3.SQLITE_NOMEM: Failure("there is no memory left", "Give the gateway more memory."),
    sqlite3.SQLITE_READONLY: Failure(
        "it is read-only", "Make the file and its folder writable for the gateway's user."
    ),
    sqlite3.SQLITE_CANTOPEN: Failure(
        "it cannot be opened", "See that the file and its folder are there and may be opened."
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
"""SQLite's own codes for those of the system."""


def failure_of(error: Exception) -> Failure | None:
    """Return what befell the database; None when an error is of another kind."""
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


def with_way_out(error: UnusableDatabaseError) -> str:
    """Return what an error says, and the way out where it has none of its own."""
    return f"{error} {_failure_of_unusable(error).way_out}" if error.__cause__ else str(error)


class ReadFailures:
    """What befalls those who read."""

    doing = "read"
    outcome = "Send the request again later."

    def __init__(self, file: DatabaseFile) -> None:
        self._file = file
        self._said: dict[str, float] = {}

    def translate(self, error: Exception, seconds: float) -> Exception:
        """Return what a client is told of an error, and have the log say what it needs to."""
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
        told = f"The database cannot be {self.doing}: {failure.what}."
        if failure.passes:
            return Overloaded(f"{told} {self.outcome}")
        return Broken(f"{told} The operators of the gateway have to repair it.")

    def late(self, seconds: float) -> TimedOut:
        """Return what a client is told whose operation takes too long."""
        return TimedOut(
            f"The operation took longer than the limit of {seconds:g} s, and was stopped. "
            "Ask for less at once: use a narrower filter, fewer fields, or a cursor instead of an "
            "offset.",
            seconds=seconds,
        )

    def worked(self) -> None:
        """Record that the database worked."""

    def _reason(self, error: Exception) -> Exception:
        """Return why there is no connection, if that is the error: the file could not be opened."""
        refused = self._file.refused
        return refused if refused and failure_of(error) in {_SHUT, _REPLACED} else error

    def _log(self, failure: Failure, error: Exception) -> None:
        now = monotonic()
        if now - self._said.get(failure.what, -SAID_AGAIN_AFTER) < SAID_AGAIN_AFTER:
            return
        self._said[failure.what] = now
        cause = getattr(error, "sqlite_errorname", None)
        logger.error(
            "The database %s cannot be %s: %s (%s). %s",
            self._file.path,
            self.doing,
            failure.what,
            f"{cause}: {error}" if cause else str(error).removesuffix("."),
            failure.way_out,
        )


class WriteFailures(ReadFailures):
    """What befalls those who write, and whether the next who does is likely to get through."""

    doing = "written"
    outcome = "Nothing was changed. Send the request again later."

    def __init__(self, file: DatabaseFile) -> None:
        super().__init__(file)
        self.failing = False
        self.locked = False
        """Whether that is others' doing, and nothing is wrong with the connection."""
        self.worked_at = monotonic()
        """When somebody last got through, in the seconds of ``time.monotonic``."""
        self._failed_at = -STEADY_SECONDS

    def translate(self, error: Exception, seconds: float) -> Exception:
        """Return what a client is told of an error, and remember it."""
        if failure := failure_of(error):
            self.failing, self._failed_at = True, monotonic()
            self.locked = failure is _LOCKED
        return super().translate(error, seconds)

    def late(self, seconds: float) -> TimedOut:
        """Return what a client is told whose write was not begun in time."""
        return TimedOut(
            f"The change could not be started within the limit of {seconds:g} s for an "
            "operation. Nothing was changed. Send the request again.",
            seconds=seconds,
        )

    def worked(self) -> None:
        """Take note that somebody got through; on a full disk, what is small may, time and again.

        So it counts as mended only when there is room, and nobody failed for a little while.
        """
        self.worked_at = monotonic()
        if (
            self.failing
            and self.worked_at - self._failed_at >= STEADY_SECONDS
            and _has_room(self._file.path.parent)
        ):
            self.failing = False
            self._said.clear()
            logger.warning("The database %s can be written again.", self._file.path)


def _has_room(folder: Path) -> bool:
    try:
        return disk_usage(folder).free >= ROOM_BYTES
    except OSError:
        return False
