"""A lock so that one process at a time writes to a database or checkpoints it.

SQLite's own locks are not enough up to version 3.51.2: two connections that write or checkpoint at
the same instant may damage a WAL (https://sqlite.org/wal.html#walresetbug). Inside a process one
connection does both. Between processes there is a lock on a file beside the database, which the
last process removes. The operating system releases the lock of a process that dies.
"""

import fcntl
import os
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Self

from gateway.store.errors import BusyDatabaseError, UnusableDatabaseError


class WriteLock:
    """A context manager that holds the lock; to be used by one thread.

    Acquiring it raises ``BusyDatabaseError`` after ``seconds`` of waiting for others, and
    ``UnusableDatabaseError`` if its file cannot be opened or locked.
    """

    def __init__(self, database: Path, seconds: float) -> None:
        database = database.resolve()  # one lock, whichever link leads to the database
        self._path = database.with_name(f"{database.name}.lock")
        self.seconds = seconds
        self._file: int | None = None

    def __enter__(self) -> Self:
        """Acquire the lock."""
        try:
            while not self._try_acquire(file := self._opened()):
                os.close(file)
                self._file = None
        except OSError as error:
            raise UnusableDatabaseError(
                f"The lock {self._path} cannot be taken: {error.strerror}."
            ) from error
        return self

    def __exit__(self, *_error: object) -> None:
        """Release the lock."""
        fcntl.flock(self._opened(), fcntl.LOCK_UN)

    def discard(self) -> None:
        """Remove the file, unless another process holds the lock, or owns the file."""
        if self._file is None:
            return
        with suppress(OSError):
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_there(self._file):
                self._path.unlink()
        os.close(self._file)
        self._file = None

    def _opened(self) -> int:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        return self._file

    def _try_acquire(self, file: int) -> bool:
        """Lock the file; return False if it was removed in the meantime."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._wait(file)
        return _is_there(file)

    def _wait(self, file: int) -> None:
        """Wait in a thread, since waiting for a lock of the system has no time limit."""
        locked: Future[None] = Future()
        Thread(target=_lock, args=(file, locked), daemon=True).start()
        try:
            locked.result(self.seconds)
        except TimeoutError:
            self._file = None
            locked.add_done_callback(lambda _: os.close(file))  # if it gets the lock after all
            raise BusyDatabaseError(
                f"Others have been writing to the database for {self.seconds:g} seconds and hold "
                f"{self._path}. Try again when they are done."
            ) from None


def _lock(file: int, locked: "Future[None]") -> None:
    fcntl.flock(file, fcntl.LOCK_EX)
    locked.set_result(None)


def _is_there(file: int) -> bool:
    return os.fstat(file).st_nlink > 0


@contextmanager
def write_lock(database: Path, seconds: float) -> Iterator[WriteLock]:
    """Return the lock of a database; remove its file after the block."""
    lock = WriteLock(database, seconds)
    try:
        yield lock
    finally:
        lock.discard()
